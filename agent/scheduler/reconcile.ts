import { asProblem, isFailure, type ProductError } from '../../core/errors.ts'
import { type LedgerPage, record } from '../../core/ledger.ts'
import type { Ref, Stored } from '../../core/store/store.ts'
import { compact } from './compact.ts'
import type { SchedulerEdge } from './edge.ts'
import { type JobView, viewOf } from './job-view.ts'
import { keep, ledgerProblem, readLedger } from './ledger-book.ts'
import { observe } from './observe.ts'
import { claimRequests, sweepRequests } from './requests.ts'
import { damagedRuns } from './runs.ts'
import { aheadProblem, lastClaimedSlot, NOT_DUE, refusedProblem, settleDue } from './settle-due.ts'
import { bury } from './tombstone.ts'
import { updateStatus } from './update-status.ts'

/** What a look at a job came to. */
export interface Reconciled {
  /** when something may be due next */
  wakeAt: Date | undefined
}

/**
 * Brings one job to where it should be now: notes what changed, claims what is due or asked for, keeps its record small and
 * its status true. Level-based: it may be called at any time, any number of times, and reads everything each time.
 */
export async function reconcile(edge: SchedulerEdge, job: string, mayStart: boolean): Promise<Reconciled> {
  const stored = await findJob(edge, job)
  if (!stored) {
    await sweepRequests(edge, job)
    await bury(edge, job)
    return { wakeAt: undefined }
  }
  const view = viewOf(stored)
  const damaged = damagedRuns(edge, job, view.uid).map(({ problem }) => asProblem(problem))
  const seen = ledgerProblem(edge, job) ?? (await notice(edge, view))
  if ('code' in seen) {
    // Without its record nobody knows what is due. What was asked for by hand needs no record.
    await claimRequests(edge, view)
    await updateStatus(edge, view, undefined, [asProblem(seen), ...damaged])
    return { wakeAt: undefined }
  }
  edge.mirror.goneRuns(job, 'forget')
  await claimRequests(edge, view)
  // It may have a line more by now.
  const noted = readLedger(edge, job) ?? seen
  const due = view.plan && mayStart ? await settleDue(edge, view, noted) : { page: noted, decision: NOT_DUE }
  const page = await compact(edge, view, due.page)
  await updateStatus(edge, view, page, [...damaged, ...aheadProblem(edge, view, due), ...refusedProblem(edge, view, page)])
  return { wakeAt: due.decision.wakeAt }
}

/** Notes what changed about a job. Gives why not, when the store will not have its record: asking again soon would not help. */
async function notice(edge: SchedulerEdge, view: JobView): Promise<LedgerPage | ProductError> {
  try {
    return await keep(edge, view, (before) => {
      const settled = record(before, [], lastClaimedSlot(edge, view))
      const after = observe(settled, view, edge.clock.now())
      return after === settled ? before : after
    })
  } catch (error) {
    if (!isFailure(error, 'STORE_NAME_TAKEN', 'STORE_FORBIDDEN', 'STORE_TOO_LARGE')) throw error
    edge.log.warn({ job: view.name, problem: asProblem(error) }, 'the ledger of a job cannot be kept')
    return error
  }
}

/** A request may be seen before the job that it is for. */
async function findJob(edge: SchedulerEdge, job: string): Promise<Stored | undefined> {
  const known = edge.mirror.of('job').get(job)
  if (known || edge.mirror.ofJob('request', job).length === 0) return known
  const ref: Ref = { kind: 'job', namespace: edge.namespace, name: job }
  return edge.mirror.refresh(ref)
}
