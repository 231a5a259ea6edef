import { asProblem, isFailure, type Problem } from '../../core/errors.ts'
import type { LedgerPage } from '../../core/ledger.ts'
import { LABEL_JOB, statusName } from '../../core/names.ts'
import { encodeDocument } from '../../core/run.ts'
import { decodeStatus, type JobStatus } from '../../core/status.ts'
import type { Ref } from '../../core/store/store.ts'
import { deriveStatus } from './derive-status.ts'
import type { SchedulerEdge } from './edge.ts'
import type { JobView } from './job-view.ts'
import { runsOf } from './runs.ts'

/**
 * Writes a job's status if it is not what the records say. A lost or foreign one is made again, and so is one of a newer
 * version: it is a cache, and what a newer agent said is no longer so.
 */
export async function updateStatus(
  edge: SchedulerEdge,
  view: JobView,
  page: LedgerPage | undefined,
  troubles: readonly Problem[],
): Promise<void> {
  const ref: Ref = { kind: 'status', namespace: edge.namespace, name: statusName(view.name) }
  const stored = edge.mirror.of('status').get(ref.name)
  // One that cannot be changed any more is none.
  const isOurs = stored?.owner?.uid === view.uid && !stored.isSealed
  const before = stored && isOurs ? decodeStatus(stored.text) : undefined
  const runs = runsOf(edge, view.name, view.uid)
  const status = deriveStatus({ view, page, runs, troubles }, edge.clock.now(), before)
  if (before && sameButTime(before, status)) return
  const document = { text: encodeDocument(status), labels: { [LABEL_JOB]: view.name }, owner: { name: view.name, uid: view.uid } }
  try {
    if (stored && !isOurs) await edge.store.remove(ref, stored.version)
    edge.mirror.put(
      stored && isOurs ? await edge.store.update(ref, document, stored.version) : await edge.store.create(ref, document),
    )
  } catch (error) {
    // A cache: what it would say is no reason to stop.
    if (isFailure(error, 'STORE_NAME_TAKEN', 'STORE_FORBIDDEN', 'STORE_TOO_LARGE'))
      return edge.log.warn({ job: view.name, problem: asProblem(error) }, 'the status of a job cannot be kept')
    // Whoever changed it, the next look decides again.
    if (!isFailure(error, 'STORE_CONFLICT', 'STORE_EXISTS', 'STORE_GONE')) throw error
    await edge.mirror.refresh(ref)
  }
}

const sameButTime = (a: JobStatus, b: JobStatus) =>
  JSON.stringify({ ...a, updatedAt: '' }) === JSON.stringify({ ...b, updatedAt: '' })
