import { asProblem, fail, type Problem } from '../../core/errors.ts'
import { type LedgerPage, record } from '../../core/ledger.ts'
import { runName } from '../../core/names.ts'
import { durationMs } from '../../core/quantity.ts'
import { isActive } from '../../core/run.ts'
import { decide, type Decision } from '../../core/schedule/decide.ts'
import { claim } from './claim.ts'
import { ON_TIME_MS, type SchedulerEdge } from './edge.ts'
import type { JobView } from './job-view.ts'
import { keep } from './ledger-book.ts'
import { damagedRuns, runRef, runsOf } from './runs.ts'
import { rangeEntry, slotEntry } from './slots-entry.ts'

/** By its name a claimed slot is known even when its record cannot be read. */
export function lastClaimedSlot(edge: SchedulerEdge, view: JobView): Date | undefined {
  const read = runsOf(edge, view.name, view.uid).flatMap(({ run }) => (run.trigger === 'schedule' ? [Date.parse(run.slot)] : []))
  const unread = damagedRuns(edge, view.name, view.uid).flatMap(({ slot }) => (slot ? [slot.getTime()] : []))
  const last = [...read, ...unread].reduce((latest, slot) => Math.max(latest, slot), 0)
  return last > 0 ? new Date(last) : undefined
}

/** What is decided about a job that may not start anything. */
export const NOT_DUE: Decision = { kind: 'idle', reason: 'not-due' }

/** A decision, and the page once it was noted. */
export interface Due {
  page: LedgerPage
  decision: Decision
}

/** Settles the slots that are due now: what is skipped or was missed is written down, and the latest is claimed. */
export async function settleDue(edge: SchedulerEdge, view: JobView, page: LedgerPage): Promise<Due> {
  const now = edge.clock.now()
  const first = decideFor(edge, view, page, now)
  if (first.kind === 'idle') return { page, decision: first }
  // Another agent may have claimed it, and its record not have come here yet.
  if (first.kind === 'skip') await edge.mirror.refresh(runRef(edge, runName(view.name, first.slot)))
  let decision: Decision = first
  const noted = await keep(edge, view, (before) => {
    decision = decideFor(edge, view, before, now)
    return note(before, decision, now)
  })
  const taken = decision as Decision
  if (taken.kind === 'skip') edge.log.warn({ job: view.name, slot: taken.slot, outcome: taken.outcome }, 'slot skipped')
  return taken.kind === 'run'
    ? { page: await claimSlot(edge, view, taken.slot, noted), decision: taken }
    : { page: noted, decision: taken }
}

function decideFor(edge: SchedulerEdge, view: JobView, page: LedgerPage, now: Date): Decision {
  if (!view.plan) return NOT_DUE
  return decide(
    {
      schedule: view.plan.schedule,
      settledUpTo: settledUpTo(edge, view, page),
      startingDeadlineMs: durationMs(view.plan.spec.startingDeadline),
      catchUp: view.plan.spec.catchUp,
      paused: view.paused,
      running: runsOf(edge, view.name, view.uid).some(({ run }) => isActive(run)),
      onTimeMs: ON_TIME_MS,
    },
    now,
  )
}

/** A claimed slot needs no line: its run is its record. */
const settledUpTo = (edge: SchedulerEdge, view: JobView, page: LedgerPage): Date =>
  new Date(Math.max(Date.parse(page.state.settledUpTo), lastClaimedSlot(edge, view)?.getTime() ?? 0))

/** The older slots are settled before the latest is claimed: a crash in between leaves a slot that is due, not one that is lost. */
function note(page: LedgerPage, decision: Decision, now: Date): LedgerPage {
  if (decision.kind === 'idle') return page
  const { slot, missed } = decision
  const entries = missed ? [rangeEntry(missed, 'missed-down', now)] : []
  if (decision.kind === 'skip')
    return record(page, [...entries, slotEntry(slot, decision.outcome, now, lateness(slot, now))], slot)
  return missed ? record(page, entries, missed.to) : page
}

const lateness = (slot: Date, now: Date) => ({ lateMs: now.getTime() - slot.getTime() })

async function claimSlot(edge: SchedulerEdge, view: JobView, slot: Date, page: LedgerPage): Promise<LedgerPage> {
  const claimed = await claim(edge, view, { slot })
  if (claimed === 'mine') edge.log.info({ job: view.name, slot }, 'slot claimed')
  if (claimed !== 'refused') return page
  edge.log.warn({ job: view.name, slot }, 'the store refused the record of a run')
  const now = edge.clock.now()
  const isOpen = (before: LedgerPage) => slot > new Date(before.state.settledUpTo)
  return keep(edge, view, (before) =>
    isOpen(before) ? record(before, [slotEntry(slot, 'claim-refused', now, lateness(slot, now))], slot) : before,
  )
}

/** That the newest slot, or what was asked for last, has no run because the store refused its record, if it is so. */
export function refusedProblem(edge: SchedulerEdge, view: JobView, page: LedgerPage): Problem[] {
  const last = page.entries.findLast((entry) => 'outcome' in entry)
  if (last?.type === 'run' && last.outcome === 'claim-refused') {
    const isOver = runsOf(edge, view.name, view.uid).some(({ run }) => run.slot > last.slot)
    return isOver ? [] : [asProblem(fail('CLAIM_REFUSED', { run: last.run }))]
  }
  if (last?.type !== 'slots' || last.outcome !== 'claim-refused') return []
  const claimed = lastClaimedSlot(edge, view)
  const isOver = claimed !== undefined && claimed >= new Date(last.to)
  return isOver ? [] : [asProblem(fail('CLAIM_REFUSED', { run: runName(view.name, new Date(last.to)) }))]
}

/** Why nothing is due for long, if it is so. */
export function aheadProblem(edge: SchedulerEdge, view: JobView, { page, decision }: Due): Problem[] {
  const isAhead = decision.kind === 'idle' && decision.reason === 'settled-ahead'
  return isAhead ? [asProblem(fail('SETTLED_AHEAD', { until: settledUpTo(edge, view, page).toISOString() }))] : []
}
