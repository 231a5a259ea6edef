import { asProblem } from '../../core/errors.ts'
import { record } from '../../core/ledger.ts'
import type { Ref, Stored } from '../../core/store/store.ts'
import { compact } from './compact.ts'
import type { SchedulerEdge } from './edge.ts'
import { viewOf } from './job-view.ts'
import { keep, ledgerProblem } from './ledger-book.ts'
import { observe } from './observe.ts'
import { claimRequests, sweepRequests } from './requests.ts'
import { damagedRuns } from './runs.ts'
import { aheadProblem, lastClaimedSlot, NOT_DUE, settleDue } from './settle-due.ts'
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
  const unreadable = ledgerProblem(edge, job)
  if (unreadable) {
    // Without its record nobody knows what is due. What was asked for by hand needs no record.
    await claimRequests(edge, view)
    await updateStatus(edge, view, undefined, [asProblem(unreadable), ...damaged])
    return { wakeAt: undefined }
  }
  let page = await keep(edge, view, (before) => {
    const settled = record(before, [], lastClaimedSlot(edge, view))
    const after = observe(settled, view, edge.clock.now())
    return after === settled ? before : after
  })
  edge.mirror.goneRuns(job, 'forget')
  await claimRequests(edge, view)
  const due = view.plan && mayStart ? await settleDue(edge, view, page) : { page, decision: NOT_DUE }
  page = await compact(edge, view, due.page)
  await updateStatus(edge, view, page, [...damaged, ...aheadProblem(edge, view, due)])
  return { wakeAt: due.decision.wakeAt }
}

/** A request may be seen before the job that it is for. */
async function findJob(edge: SchedulerEdge, job: string): Promise<Stored | undefined> {
  const known = edge.mirror.of('job').get(job)
  if (known || edge.mirror.ofJob('request', job).length === 0) return known
  const ref: Ref = { kind: 'job', namespace: edge.namespace, name: job }
  return edge.mirror.refresh(ref)
}
