import { asProblem, isFailure } from '../../core/errors.ts'
import { type LedgerEntry, type LedgerPage, record } from '../../core/ledger.ts'
import { durationMs } from '../../core/quantity.ts'
import { decodeRequest, isActive, type Outcome } from '../../core/run.ts'
import { decide, type Decision } from '../../core/schedule/decide.ts'
import type { Stored } from '../../core/store/store.ts'
import { claim } from './claim.ts'
import { compact } from './compact.ts'
import { ON_TIME_MS, type SchedulerEdge } from './edge.ts'
import { type JobView, viewJob } from './job-view.ts'
import { keep } from './ledger-book.ts'
import { observe } from './observe.ts'
import { runsOf } from './runs.ts'
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
  const stored = edge.mirror.of('job').get(job)
  if (!stored) {
    await sweepRequests(edge, job)
    await bury(edge, job)
    return { wakeAt: undefined }
  }
  const view = viewOf(stored)
  const lastSlot = lastClaimedSlot(edge, view)
  let page = await keep(edge, view, (before) => {
    const settled = record(before, [], lastSlot)
    const after = observe(settled, view, edge.clock.now())
    return after === settled ? before : after
  })
  await claimRequests(edge, view)
  let wakeAt: Date | undefined
  if (view.plan && mayStart) {
    const decision = decideFor(edge, view, page)
    wakeAt = decision.wakeAt
    page = await act(edge, view, decision, page)
  }
  page = await compact(edge, view, page)
  await updateStatus(edge, view, page)
  return { wakeAt }
}

const views = new WeakMap<Stored, JobView>()

/** Parses each version of a job once. */
export function viewOf(stored: Stored): JobView {
  const view = views.get(stored) ?? viewJob(stored)
  views.set(stored, view)
  return view
}

function lastClaimedSlot(edge: SchedulerEdge, view: JobView): Date | undefined {
  const last = runsOf(edge, view.name, view.uid).findLast(({ run }) => run.trigger === 'schedule')
  return last && new Date(last.run.slot)
}

function decideFor(edge: SchedulerEdge, view: JobView, page: LedgerPage): Decision {
  const runs = runsOf(edge, view.name, view.uid)
  const settled = Math.max(Date.parse(page.state.settledUpTo), lastClaimedSlot(edge, view)?.getTime() ?? 0)
  if (!view.plan) return { kind: 'idle', reason: 'not-due' }
  return decide(
    {
      schedule: view.plan.schedule,
      settledUpTo: new Date(settled),
      startingDeadlineMs: durationMs(view.plan.spec.startingDeadline),
      catchUp: view.plan.spec.catchUp,
      paused: view.paused,
      running: runs.some(({ run }) => isActive(run)),
      onTimeMs: ON_TIME_MS,
    },
    edge.clock.now(),
  )
}

async function act(edge: SchedulerEdge, view: JobView, decision: Decision, page: LedgerPage): Promise<LedgerPage> {
  if (decision.kind === 'idle') return page
  const { slot, missed } = decision
  const at = edge.clock.now().toISOString()
  const entries: LedgerEntry[] = []
  if (missed) {
    const { from, to, count, isCountCapped } = missed
    const capped = isCountCapped ? { isCountCapped } : {}
    entries.push({ type: 'slots', from: from.toISOString(), to: to.toISOString(), count, ...capped, outcome: 'missed-down', at })
  }
  const why = { lateMs: edge.clock.now().getTime() - slot.getTime() }
  if (decision.kind === 'skip') {
    edge.log.warn({ job: view.name, slot, outcome: decision.outcome }, 'slot skipped')
    return keep(edge, view, (before) => record(before, [...entries, slotEntry(slot, decision.outcome, at, why)], slot))
  }
  // The older slots are settled first: a crash between the two leaves a slot that is due, not one that is lost.
  const noted = missed ? await keep(edge, view, (before) => record(before, entries, missed.to)) : page
  const claimed = await claim(edge, view, { slot })
  if (claimed === 'mine') edge.log.info({ job: view.name, slot }, 'slot claimed')
  return claimed === 'refused'
    ? keep(edge, view, (before) => record(before, [slotEntry(slot, 'claim-refused', at, why)], slot))
    : noted
}

function slotEntry(slot: Date, outcome: Outcome, at: string, why: Record<string, number>): LedgerEntry {
  return { type: 'slots', from: slot.toISOString(), to: slot.toISOString(), count: 1, outcome, at, why }
}

const requestsOf = (edge: SchedulerEdge, job: string) => edge.mirror.ofJob('request', job)

/** A request is handled once its run exists: twice handled is one run, since the run's name holds the request's id. */
async function claimRequests(edge: SchedulerEdge, view: JobView): Promise<void> {
  for (const stored of requestsOf(edge, view.name)) {
    const requestId = stored.name.split('.').at(-1) ?? ''
    try {
      const { requestedAt } = decodeRequest(stored.text)
      const claimed = await claim(edge, view, { requestId, askedAt: new Date(requestedAt) })
      edge.log.info({ job: view.name, requestId, claimed }, 'run requested')
    } catch (error) {
      if (isFailure(error, 'STORE_UNAVAILABLE')) throw error
      edge.log.warn({ job: view.name, requestId, problem: asProblem(error) }, 'request refused')
    }
    await removeRequest(edge, stored)
  }
}

/** Requests for a job that is not there. */
async function sweepRequests(edge: SchedulerEdge, job: string): Promise<void> {
  for (const stored of requestsOf(edge, job)) await removeRequest(edge, stored)
}

async function removeRequest(edge: SchedulerEdge, stored: Stored): Promise<void> {
  await edge.store.remove(stored)
  edge.mirror.drop(stored)
}
