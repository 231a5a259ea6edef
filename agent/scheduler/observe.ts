import { type LedgerEntry, type LedgerPage, record } from '../../core/ledger.ts'
import { parseSchedule, type Schedule } from '../../core/schedule/cron.ts'
import type { JobView } from './job-view.ts'
import { slotsBetween } from './slots-entry.ts'

/**
 * Notes in the ledger what changed about a job since it was last seen: edits, pauses, resumes. Each of them settles the slots
 * up to now, because none of them may fire a slot of the past; catching up is for downtime alone. Pure.
 */
export function observe(page: LedgerPage, view: JobView, now: Date): LedgerPage {
  return [noteInvalid, noteEdit, notePause, noteResume].reduce((noted, note) => note(noted, view, now), page)
}

function noteInvalid(page: LedgerPage, view: JobView, now: Date): LedgerPage {
  if (view.plan || page.state.isInvalid) return page
  const noted = settle(page, unseen(page), now, {
    type: 'invalid',
    at: now.toISOString(),
    note: (view.invalid?.message ?? '').slice(0, 300),
  })
  return { ...noted, state: { ...noted.state, isInvalid: true, specHash: view.specHash } }
}

function noteEdit(page: LedgerPage, view: JobView, now: Date): LedgerPage {
  const { plan, specHash } = view
  if (!plan) return page
  const { isInvalid, ...state } = page.state
  const isSameTime = state.timeZone === plan.spec.timeZone && JSON.stringify(state.schedule) === JSON.stringify(plan.lines)
  if (isSameTime && !isInvalid && state.specHash === specHash) return page
  const edited: LedgerEntry = { type: 'edited', at: now.toISOString(), note: isSameTime ? 'spec' : 'schedule' }
  // An edit of anything else leaves a slot that is due to its run.
  const noted = isSameTime && !isInvalid ? record(page, [edited]) : settle(page, unseen(page), now, edited)
  const { isInvalid: _, ...kept } = noted.state
  return { ...noted, state: { ...kept, specHash, schedule: plan.lines, timeZone: plan.spec.timeZone } }
}

function notePause(page: LedgerPage, view: JobView, now: Date): LedgerPage {
  if (view.paused === undefined || page.state.paused) return page
  const at = now.toISOString()
  const noted = settle(page, 'not-observed', now, { type: 'paused', at, note: view.paused.slice(0, 200) })
  return { ...noted, state: { ...noted.state, paused: { at, reason: view.paused.slice(0, 200) } } }
}

function noteResume(page: LedgerPage, view: JobView, now: Date): LedgerPage {
  if (view.paused !== undefined || !page.state.paused) return page
  const noted = settle(page, 'disabled', now, { type: 'resumed', at: now.toISOString() })
  const { paused: _, ...state } = noted.state
  return { ...noted, state }
}

/** What becomes of slots that were due before a change was seen: during a pause the pause is the reason. */
const unseen = (page: LedgerPage) => (page.state.paused ? 'disabled' : 'not-observed')

/** Settles what was due up to now under the schedule that held until now, and notes why. */
function settle(page: LedgerPage, outcome: 'not-observed' | 'disabled', now: Date, event: LedgerEntry): LedgerPage {
  const schedule = scheduleBefore(page)
  const slots = schedule ? slotsBetween(schedule, new Date(page.state.settledUpTo), now, outcome, now) : []
  return record(page, [...slots, event], now)
}

function scheduleBefore(page: LedgerPage): Schedule | undefined {
  try {
    return page.state.schedule.length > 0 ? parseSchedule(page.state.schedule, page.state.timeZone) : undefined
  } catch {
    // Written by a version that knew more kinds of schedule: the event stands, its slots can't be counted.
    return undefined
  }
}
