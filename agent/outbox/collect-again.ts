import { record } from '../../core/ledger.ts'
import { durationMs } from '../../core/quantity.ts'
import type { Run } from '../../core/run.ts'
import type { SchedulerEdge } from '../scheduler/edge.ts'
import { viewOf } from '../scheduler/job-view.ts'
import { keep } from '../scheduler/ledger-book.ts'
import { changeRun, type KeptRun } from '../scheduler/runs.ts'

/** A bundle that is lost this often is lost for a reason that collecting it once more does not mend. */
const MAX_ATTEMPTS = 3

/**
 * Of a run whose bundle went with the machine that held it: notes the loss in the job's ledger, and puts the run back to
 * where it was claimed, if its slot may still be started now. The names of the bundles are the same, so that a target which
 * had the first one has one object in the end. Gives whether the run begins again; when not, it has to be ended.
 */
export async function collectAgain(edge: SchedulerEdge, kept: KeptRun): Promise<boolean> {
  const { name, run } = kept
  const stored = edge.mirror.of('job').get(run.job)
  if (!stored || stored.uid !== run.jobUid) return false
  const view = viewOf(stored)
  const now = edge.clock.now()
  const note = `${name}, attempt ${run.attempt}`
  await keep(edge, view, (page) => {
    // The try before may have got this far.
    if (page.entries.some((entry) => entry.type === 'delivery-lost' && entry.note === note)) return page
    return record(page, [{ type: 'delivery-lost', at: now.toISOString(), note }])
  })
  edge.log.warn({ run: name, attempt: run.attempt }, 'a bundle is lost before it was delivered')
  if (!view.plan || view.paused !== undefined || run.attempt >= MAX_ATTEMPTS) return false
  if (now.getTime() - Date.parse(run.slot) > durationMs(view.plan.spec.startingDeadline)) return false
  await changeRun(edge, kept, (before) => again(before))
  return true
}

/** The claim, without what the attempt had come to. */
function again({ schema, job, jobUid, specHash, trigger, slot, holder, claimedAt, attempt }: Run): Run {
  const claim = { schema, job, jobUid, specHash, trigger, slot, holder, claimedAt }
  return { ...claim, attempt: attempt + 1, phase: 'claimed', warnings: 0, redactions: 0, deliveries: [] }
}
