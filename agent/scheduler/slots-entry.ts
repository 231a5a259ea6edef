import type { LedgerEntry } from '../../core/ledger.ts'
import type { Outcome } from '../../core/run.ts'
import type { Schedule } from '../../core/schedule/cron.ts'

/** Most slots that are counted one by one. */
const MAX_COUNT = 10_000

/** The slots in (after, upTo] as one ledger entry; none when there are none. */
export function slotsBetween(schedule: Schedule, after: Date, upTo: Date, outcome: Outcome, now: Date): LedgerEntry[] {
  const slots = schedule.between(after, upTo, MAX_COUNT)
  const [from, last, to] = [slots[0], slots.at(-1), schedule.latest(upTo)]
  if (!from || !last || !to) return []
  return [rangeEntry({ from, to, count: slots.length, isCountCapped: last < to }, outcome, now)]
}

/** A range of slots that ended alike, decided at `now`. */
export function rangeEntry(
  range: { from: Date; to: Date; count: number; isCountCapped: boolean },
  outcome: Outcome,
  now: Date,
  why?: Record<string, number>,
): LedgerEntry {
  return {
    type: 'slots',
    from: range.from.toISOString(),
    to: range.to.toISOString(),
    count: range.count,
    ...(range.isCountCapped ? { isCountCapped: true } : {}),
    outcome,
    at: now.toISOString(),
    ...(why ? { why } : {}),
  }
}

/** One slot. */
export const slotEntry = (slot: Date, outcome: Outcome, now: Date, why?: Record<string, number>): LedgerEntry =>
  rangeEntry({ from: slot, to: slot, count: 1, isCountCapped: false }, outcome, now, why)
