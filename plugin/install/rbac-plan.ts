import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobSpec } from '../../core/job.ts'
import type { KubeObject } from '../../core/kube/apply-kinds.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { COLLECTOR_ACCOUNT, STORE_ACCOUNT } from '../../core/names.ts'
import { reviewerOf } from './access-review.ts'
import type { CollectorPermissions, WantedRight } from './collected-rights.ts'
import { find } from './installed.ts'
import { secretsOf } from './jobs-of.ts'
import { grants, type Right, type Rule, rulesOf } from './rules.ts'
import { CREDENTIALS_ROLE, credentialsRole, roleFor, rulesIn } from './tenant.ts'

export interface PlannedJob {
  namespace: string
  name: string
  spec: JobSpec
}

export interface RbacPlan {
  /** Roles and bindings to apply; empty when nothing is missing */
  objects: KubeObject[]
  /** rights that are there already */
  granted: number
  missing: number
  /** nobody could be asked: what is there already was taken for missing */
  isUnsure: boolean
}

/** What is missing of the rights that a job's collectors want and of those to its upload credentials, as objects to apply. */
export async function planRights(client: KubeClient, job: PlannedJob, wanted: readonly WantedRight[]): Promise<RbacPlan> {
  const collector = { namespace: job.namespace, name: COLLECTOR_ACCOUNT }
  const reviewer = reviewerOf(client, collector)
  const answers = await inTurn(wanted, (one) => reviewer.allows(one.right, one.namespace))
  const missing = wanted.filter((_, index) => answers[index] !== true)
  const objects: KubeObject[] = []
  for (const where of new Set(missing.map(({ namespace }) => namespace))) {
    const name = where === undefined ? `${COLLECTOR_ACCOUNT}-${job.namespace}-${job.name}` : `${COLLECTOR_ACCOUNT}-${job.name}`
    const here = missing.filter(({ namespace }) => namespace === where).map(({ right }) => right)
    // What this Role grants by now is struck off as granted; without it here, applying would take it away.
    const kept = await rulesOfRole(client, name, where)
    objects.push(...roleFor(name, where, collector, [...kept, ...rulesOf(here.filter((right) => !grants(kept, right)))]))
  }
  const credentials = await planCredentials(client, job.namespace, secretsOf(job.spec))
  return {
    objects: [...objects, ...credentials.objects],
    granted: wanted.length - missing.length + credentials.granted,
    missing: missing.length + credentials.missing.length,
    isUnsure: answers.includes(undefined) || credentials.isUnsure,
  }
}

const credentialRight = (name: string): Right => ({ verb: 'get', group: '', resource: 'secrets', name })

/** Which of a namespace's Secrets its store identity may not read, and the Role that lets it, beside those that it may by now. */
export async function planCredentials(client: KubeClient, namespace: string, secrets: readonly string[]) {
  const reviewer = reviewerOf(client, { namespace, name: STORE_ACCOUNT })
  const answers = await inTurn(secrets, (name) => reviewer.allows(credentialRight(name), namespace))
  const missing = secrets.filter((_, index) => answers[index] !== true)
  const granted = secrets.length - missing.length
  const isUnsure = answers.includes(undefined)
  if (missing.length === 0) return { missing, granted, isUnsure, objects: [] }
  const kept = (await rulesOfRole(client, CREDENTIALS_ROLE, namespace)).flatMap(({ resourceNames }) => resourceNames ?? [])
  return { missing, granted, isUnsure, objects: credentialsRole(namespace, [...new Set([...kept, ...missing])]) }
}

async function rulesOfRole(client: KubeClient, name: string, where: string | undefined): Promise<Rule[]> {
  try {
    const role = await find(client, where === undefined ? 'ClusterRole' : 'Role', name, where)
    return role ? rulesIn(role) : []
  } catch (error) {
    if (isStatus(error, 403)) return []
    throw error
  }
}

/** Some at a time: each question is one request. The first goes alone, since it finds the way in which one may ask. */
async function inTurn<Item, Answer>(items: readonly Item[], ask: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const AT_ONCE = 8
  const answers: Answer[] = []
  for (let at = 0; at < items.length; at = answers.length)
    answers.push(...(await Promise.all(items.slice(at, at === 0 ? 1 : at + AT_ONCE).map(ask))))
  return answers
}

/** What the built-in collectors declare, as the build wrote it beside them. */
export function builtInPermissions(lib: string): CollectorPermissions[] {
  const folder = join(lib, 'collectors')
  return readdirSync(folder).flatMap((name) => {
    const manifest = JSON.parse(readFileSync(join(folder, name, 'manifest.json'), 'utf8')) as CollectorPermissions & {
      kind: string
    }
    return manifest.kind === 'Collector' ? [manifest] : []
  })
}
