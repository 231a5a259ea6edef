/** The fixed names of the product: labels, annotations, kinds of objects, and how objects are named after their job. */

export const PREFIX = 'support-bundle-schedule.io/'
export const API_VERSION = 'support-bundle-schedule.io/v1'

/** The label by which an administrator opts a namespace in: `"true"`. */
export const LABEL_ENABLED = `${PREFIX}enabled`
/** Where the agent runs; it holds no jobs. */
export const AGENT_NAMESPACE = 'support-bundle-schedule'
/** The agent's Deployment, Service, Lease and own ServiceAccount. */
export const AGENT_NAME = 'support-bundle-schedule-agent'
/** Where host collectors run as pods on nodes, if it is there. */
export const HOST_NAMESPACE = 'support-bundle-schedule-host'

/** The two identities of a namespace: who keeps its jobs and records, and who collects. */
export const STORE_ACCOUNT = 'support-bundle-schedule'
export const COLLECTOR_ACCOUNT = 'support-bundle-schedule-collector'
/** The Secret of a namespace whose key makes redaction tokens, and the key of its data. */
export const TOKEN_KEY_SECRET = 'support-bundle-schedule-token-key'
export const TOKEN_KEY_NAME = 'token.key'
/** Of Leases that say that a replica of the agent is there. */
export const LABEL_REPLICA = `${PREFIX}replica`

export const LABEL_KIND = `${PREFIX}kind`
export const LABEL_PHASE = `${PREFIX}phase`
export const LABEL_JOB = `${PREFIX}job`
/** Of objects that a run makes for its own time: its name, what tells it from all others, and when whoever finds one may remove it. */
export const LABEL_RUN = `${PREFIX}run`
export const LABEL_RUN_UID = `${PREFIX}run-uid`
export const ANNOTATION_EXPIRES = `${PREFIX}expires-at`
export const ANNOTATION_PAUSED = `${PREFIX}paused`

export const KINDS = ['job', 'status', 'ledger', 'run', 'request', 'template'] as const
export type Kind = (typeof KINDS)[number]

/** The key of a ConfigMap's data that holds the document. */
export const DATA_KEY: Record<Kind, string> = {
  job: 'job.yaml',
  status: 'status.json',
  ledger: 'ledger.json',
  run: 'run.json',
  request: 'request.json',
  template: 'job.yaml',
}

/** A job's name is a DNS label, short enough that its runs' names are valid too. */
export const JOB_NAME = /^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$/

export const statusName = (job: string) => `${job}.status`
export const requestName = (job: string, id: string) => `${job}.request.${id}`
export const manualRunName = (job: string, id: string) => `${job}.m${id}`

/** A scheduled run is named after its slot, and nothing else: creating the name is the lock. */
export const runName = (job: string, slot: Date) => `${job}.${Math.floor(slot.getTime() / 60_000)}`

/** Told from whatever else lies in a folder of runs. */
export const isRunName = (name: string) => /^[a-z0-9][-a-z0-9]*\.[a-z0-9][-a-z0-9]*$/.test(name)

/** The slot that a run's name tells; undefined for a manual run. */
export function slotOf(run: string): Date | undefined {
  const minute = /\.([0-9]{1,9})$/.exec(run)?.[1]
  return minute === undefined ? undefined : new Date(Number(minute) * 60_000)
}

/** One page of the ledger a month, by UTC: `nightly.ledger.202611`. */
export const ledgerName = (job: string, month: string) => `${job}.ledger.${month}`
export const monthOf = (at: Date) => at.toISOString().slice(0, 7).replace('-', '')

/** The job that an object of any kind belongs to. Job names hold no dot, so it ends the job's part. */
export const jobOf = (name: string) => name.split('.', 1)[0] ?? name

const JOB = '[a-z0-9](?:[-a-z0-9]{0,50}[a-z0-9])?'
/** What objects of each kind are called: an object with our label and another name is not one of ours. */
export const NAME_OF: Record<Kind, RegExp> = {
  job: JOB_NAME,
  status: new RegExp(`^${JOB}\\.status$`),
  ledger: new RegExp(`^${JOB}\\.ledger\\.[0-9]{6}$`),
  run: new RegExp(`^${JOB}\\.(?:[0-9]{1,12}|m[a-z0-9]{1,32})$`),
  request: new RegExp(`^${JOB}\\.request\\.[a-z0-9]{1,32}$`),
  template: new RegExp(`^template\\.${JOB}$`),
}
