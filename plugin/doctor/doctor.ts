import { asProblem } from '../../core/errors.ts'
import { installation, leadership, ownRights } from './agent.ts'
import type { Check, Finding, Patient } from './finding.ts'
import { jobs, plugIns } from './jobs.ts'
import { server } from './server.ts'
import { targets } from './targets.ts'
import { credentials, policy, tenants } from './tenants.ts'

/** In the order in which findings are shown: what comes first is often the reason of what follows. */
const CHECKS: readonly Check[] = [installation, ownRights, leadership, tenants, policy, credentials, targets, jobs, plugIns]

/** All that is wrong. A check that cannot be done is a finding too. Throws what keeps the API server from answering at all. */
export async function examine(patient: Patient): Promise<Finding[]> {
  // First and alone: without it there is nothing to look at, and it finds the server's clock.
  const first = await server.find(patient)
  const others = await Promise.all(CHECKS.map((check) => check.find(patient).catch((error: unknown) => notDone(check, error))))
  return [...first, ...others.flat(), ...notExamined(patient)]
}

function notExamined({ hidden }: Patient): Finding[] {
  if (hidden.size === 0) return []
  return [
    {
      code: 'NOT_EXAMINED',
      severity: 'note',
      what: 'not everything could be examined: this user may not look',
      why: [...hidden].toSorted().join('; '),
      fix: 'repeat it as an administrator',
    },
  ]
}

function notDone({ name }: Check, error: unknown): Finding[] {
  const { message, remedy } = asProblem(error)
  return [{ code: 'CHECK_FAILED', severity: 'warning', what: `${name}: not examined`, why: message, fix: remedy ?? 'try again' }]
}
