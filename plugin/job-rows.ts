import type { Stored } from '../core/store/store.ts'
import { decodeStatus, type JobStatus } from '../core/status.ts'

/** A job as `list` and `status` show it; the words are part of the interface. */
export interface JobRow {
  namespace: string
  name: string
  id: string
  description: string
  schedule: string
  timeZone: string
  enabled: boolean
  created: string
  nextRun: string | undefined
  status: JobStatus['state']
  lastRun: JobStatus['lastRun']
  runCount: number
  targets: string[]
  /** the profile that adds to the specs */
  auto: string | undefined
  lastError: string | undefined
  conditions: JobStatus['conditions']
}

/**
 * Joins a job with its status. The status is the agent's, and may be missing or of an older spec: then the job itself is
 * read, which needs more code, so that is loaded only then.
 */
export async function jobRow(job: Stored, statusText: string | undefined, now: Date): Promise<JobRow> {
  const status = statusText === undefined ? undefined : decodeStatus(statusText)
  const isOfJob = status?.id === job.uid
  const nextRun = status?.nextSlots.find((slot) => Date.parse(slot) > now.getTime())
  const isStale = nextRun === undefined && status?.state !== 'disabled' && status?.state !== 'invalid'
  const isSeen = isOfJob && status.observedVersion === job.version && !isStale
  const reader = isSeen ? undefined : await import('./read-job.ts')
  const known = isSeen || (isOfJob && reader?.isOfThisSpec(status, job)) ? status : undefined
  const read = known && !isStale ? undefined : reader?.readUnseen(job, known, now)
  return {
    namespace: job.namespace,
    name: job.name,
    id: job.uid,
    created: job.createdAt.toISOString(),
    description: read?.description ?? known?.description ?? '',
    schedule: read?.schedule ?? known?.schedule ?? '',
    timeZone: read?.timeZone ?? known?.timeZone ?? '',
    enabled: (read?.state ?? known?.state) !== 'disabled',
    nextRun: read ? read.nextRun : nextRun,
    status: read?.state ?? known?.state ?? 'pending',
    lastRun: isOfJob ? status.lastRun : undefined,
    runCount: isOfJob ? status.runCount : 0,
    targets: read?.targets ?? known?.targets ?? [],
    auto: read ? read.auto : known?.auto,
    lastError: read?.lastError ?? known?.lastError,
    conditions: known?.conditions ?? [],
  }
}
