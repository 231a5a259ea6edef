import { type Problem, PROGRAM } from '../../core/errors.ts'
import { collectedNothing, isSettled, type Run, shorten } from '../../core/run.ts'
import type { Condition } from '../../core/status.ts'
import type { JobView } from './job-view.ts'
import type { KeptRun } from './runs.ts'

/** Longest text of a condition, in bytes: issues of a job may be as long as the job. */
const LONGEST = 2_000

/** A condition before it is known since when it holds. */
export type Fact = Omit<Condition, 'at'>

/** What holds of a job, from its spec, its runs, and what troubles the agent with it. Pure. */
export function conditionsOf(view: JobView, runs: readonly KeptRun[], troubles: readonly Problem[]): Fact[] {
  const { invalid } = view
  const facts: Fact[] = [
    invalid
      ? {
          type: 'Valid',
          status: 'False',
          reason: 'Invalid',
          message: invalid.message,
          ...(invalid.remedy ? { remedy: invalid.remedy } : {}),
        }
      : { type: 'Valid', status: 'True', reason: 'Accepted', message: 'the job can run' },
  ]
  const [first, ...others] = [...troubles, ...unknownKeys(view)]
  if (first) {
    const { code, message, remedy } = first
    const all = [message, ...others.map((other) => other.message)].join('; ')
    facts.push({ type: 'Degraded', status: 'True', reason: camelCase(code), message: all, ...(remedy ? { remedy } : {}) })
  }
  const collected = runs.findLast(({ run }) => isSettled(run) || run.phase === 'delivering')?.run
  if (collected) facts.push(collectedFact(collected))
  const delivered = runs.findLast(({ run }) => run.deliveries.length > 0)?.run
  if (delivered) facts.push(deliveredFact(delivered))
  return facts.map((fact) => ({ ...fact, message: shorten(fact.message, LONGEST) }))
}

function unknownKeys({ unknown }: JobView): Problem[] {
  if (unknown.length === 0) return []
  const message = `ignored: ${unknown.map((issue) => issue.path).join(', ')}`
  return [{ code: 'UNKNOWN_KEY', message, remedy: 'upgrade, or remove the keys' }]
}

const camelCase = (code: string) => code.toLowerCase().replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())

function collectedFact(run: Run): Fact {
  const nothing = collectedNothing(run)
  if (run.bundle && !nothing) {
    const { fileName, isPartial } = run.bundle
    const reason = isPartial ? 'Partial' : 'Complete'
    const fact = { type: 'Collected', status: 'True', reason, message: `bundle ${fileName}` } as const
    if (!run.refused) return fact
    // What it may not read is no fault: some of it nobody wants it to read. Who misses something finds the way here.
    const message = `${fact.message}; ${run.refused} requests were refused, which support-bundle-schedule/report.json in it names`
    return { ...fact, message, remedy: `see which rights it lacks: ${PROGRAM} rbac plan ${run.job}` }
  }
  const error = nothing ?? run.error
  const remedy = error?.remedy ? { remedy: error.remedy } : {}
  return {
    type: 'Collected',
    status: 'False',
    reason: run.outcome === 'interrupted' ? 'Interrupted' : 'Failed',
    message: error?.message ?? 'no bundle was made',
    ...remedy,
  }
}

function deliveredFact(run: Run): Fact {
  const open = run.deliveries.find((delivery) => delivery.state !== 'delivered')
  if (!open) return { type: 'Delivered', status: 'True', reason: 'Delivered', message: `all of ${run.deliveries.length}` }
  const reason = open.state === 'failed' ? 'GivenUp' : open.tries > 0 ? 'Retrying' : 'Pending'
  const remedy = open.error?.remedy ? { remedy: open.error.remedy } : {}
  return {
    type: 'Delivered',
    status: 'False',
    reason,
    message: `${open.uploader}: ${open.error?.message ?? 'not tried yet'}`,
    ...remedy,
  }
}
