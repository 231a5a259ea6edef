import type { Drift } from './drift.ts'

/**
 * `status.json`: every column of `list`, made by the agent after each reconcile. A cache: it can be deleted at any time,
 * and is derived again from the Job, its Runs and its Ledger. Read without a schema library, because `list` reads hundreds.
 */
export interface JobStatus {
  schema: 1
  /** the job's uid, for which this was made */
  id: string
  /** the version of the job in its store: while that is so, nothing else of the job need be looked at */
  observedVersion?: string
  /** sha256 of the job.yaml that was read */
  observedSpecHash: string
  state: 'pending' | 'running' | 'completed' | 'failed' | 'disabled' | 'invalid'
  /** as observed: by annotation, or by `enabled: false` */
  isPaused: boolean
  description: string
  schedule: string
  timeZone: string
  targets: string[]
  /** the profile that adds to the job's specs */
  auto?: string
  /** ISO instants of the next few slots, so that a reader needs no schedule of its own */
  nextSlots: string[]
  runCount: number
  lastRun?: {
    name: string
    state: string
    startedAt?: string
    endedAt?: string
    delivery?: string
    location?: string
    drift?: Drift
  }
  lastError?: string
  conditions: Condition[]
  updatedAt: string
}

/** As in Kubernetes: `status` says whether the type holds; reason is one CamelCase word, remedy what to do. */
export interface Condition {
  type: 'Valid' | 'Degraded' | 'Collected' | 'Delivered'
  status: 'True' | 'False'
  reason: string
  message: string
  remedy?: string
  /** since when `status` is what it is */
  at: string
}

const isText = (value: unknown) => typeof value === 'string'

/** Reads status.json; undefined when it is not one that this version can show. */
export function decodeStatus(text: string): JobStatus | undefined {
  try {
    const value = JSON.parse(text) as Partial<JobStatus> | null
    const isKnown =
      value?.schema === 1 &&
      [value.id, value.observedSpecHash, value.state, value.schedule, value.timeZone, value.updatedAt].every(isText) &&
      [value.nextSlots, value.targets].every((list) => Array.isArray(list) && list.every(isText)) &&
      Array.isArray(value.conditions) &&
      value.conditions.every((one: Partial<Condition> | null) => isText(one?.type) && isText(one?.message))
    return isKnown ? (value as JobStatus) : undefined
  } catch {
    return undefined
  }
}
