import type { Schedule } from './cron.ts'

/** All that a decision depends on, but the time. */
export interface Facts {
  schedule: Schedule
  /** The latest of: creation, resume, last change of the schedule, last slot run or skipped. Slots up to it are done with. */
  settledUpTo: Date
  /** how late a slot may still start */
  startingDeadlineMs: number
  /** what becomes of a slot that was due while nobody looked */
  catchUp: 'none' | 'latest'
  /** why the job is paused; an empty reason is one too */
  paused?: string | undefined
  /** a run of the job is in progress, of whatever trigger */
  running: boolean
  /** up to this lateness a slot is on time: longer than one wake-up */
  onTimeMs: number
}

/** Older slots that ended without a run, as one range: `from` and `to` are slots, both in it. */
export interface Range {
  from: Date
  to: Date
  count: number
  /** there are more than `count` */
  isCountCapped: boolean
}

export type SkipOutcome = 'skipped-late' | 'skipped-overlap' | 'missed-down'

/**
 * What to do now. `slot` is to be settled by this decision and `missed` with it, as `missed-down`; settledUpTo becomes
 * `slot`. `wakeAt` is when something may be due next, undefined for "not before the facts change".
 */
export type Decision =
  | { kind: 'idle'; reason: 'paused' | 'not-due' | 'settled-ahead'; wakeAt?: Date }
  | { kind: 'skip'; slot: Date; outcome: SkipOutcome; missed?: Range; wakeAt?: Date }
  | { kind: 'run'; slot: Date; missed?: Range; wakeAt?: Date }

/** Missed slots are counted up to here: a job of each minute passes it after a week of downtime. */
const MAX_COUNT = 10_000

/**
 * Decides what a job is to do at an instant. Pure: the same facts at the same time give the same decision, so it may
 * be asked again after a crash, by another replica, or by `simulate` and `why`.
 */
export function decide(facts: Facts, now: Date): Decision {
  // Nothing is settled while paused: whoever resumes the job sets settledUpTo, and accounts for the pause.
  if (facts.paused !== undefined) return { kind: 'idle', reason: 'paused' }
  if (facts.settledUpTo > now) return waitUntilSettled(facts, now)

  const slot = facts.schedule.latest(now)
  const wake = wakeAfter(facts.schedule, now)
  if (!slot || slot <= facts.settledUpTo) return { kind: 'idle', reason: 'not-due', ...wake }

  // Only the latest slot is acted on, however many were missed: a bundle shows the cluster as it is now.
  const rest = { slot, ...olderThan(slot, facts), ...wake }
  const outcome = reasonToSkip(slot, facts, now)
  return outcome ? { kind: 'skip', outcome, ...rest } : { kind: 'run', ...rest }
}

function reasonToSkip(slot: Date, facts: Facts, now: Date): SkipOutcome | undefined {
  const lateMs = now.getTime() - slot.getTime()
  // Without catch-up, a slot that no wake-up saw in time was due during downtime. Asked before the deadline, since it
  // is the better answer to "why did it not run?".
  if (facts.catchUp === 'none' && lateMs > facts.onTimeMs) return 'missed-down'
  if (lateMs > facts.startingDeadlineMs) return 'skipped-late'
  // Settled at once, not held back: a run that starts whenever the last one ends would no longer be the slot's.
  if (facts.running) return 'skipped-overlap'
  return undefined
}

/**
 * Slots ahead of the clock were settled already: by a replica whose clock is a little ahead, or by a clock that was
 * wrong. They are not run again, so nothing can be due before settledUpTo. Within the tolerance of one wake-up that is
 * ordinary; beyond it, the job stands still for a reason that nobody sees, and so it has a name of its own. The job goes
 * on by itself at `wakeAt`; to go on sooner, the caller records a clock event and counts settledUpTo from that.
 */
function waitUntilSettled({ schedule, settledUpTo, onTimeMs }: Facts, now: Date): Decision {
  const aheadMs = settledUpTo.getTime() - now.getTime()
  return { kind: 'idle', reason: aheadMs > onTimeMs ? 'settled-ahead' : 'not-due', ...wakeAfter(schedule, settledUpTo) }
}

/** The slots between settledUpTo and `slot`. They are only counted: which slot to act on does not come from a loop. */
function olderThan(slot: Date, { schedule, settledUpTo }: Facts): { missed?: Range } {
  const to = schedule.latest(new Date(slot.getTime() - 1))
  if (!to || to <= settledUpTo) return {}
  const counted = schedule.between(settledUpTo, to, MAX_COUNT)
  const [from, last] = [counted[0] ?? to, counted.at(-1) ?? to]
  return { missed: { from, to, count: counted.length, isCountCapped: last < to } }
}

function wakeAfter(schedule: Schedule, at: Date): { wakeAt?: Date } {
  const wakeAt = schedule.next(at)
  return wakeAt ? { wakeAt } : {}
}
