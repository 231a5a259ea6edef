import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../core/schedule/cron.ts'
import { decide } from '../../../core/schedule/decide.ts'
import type { Facts } from '../../../core/schedule/decide.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, scan, slotsOf } from './oracle.ts'
import type { Pattern } from './oracle.ts'

/**
 * A virtual year of one job, of an agent that wakes late, crashes between decision and record, is down for days, is
 * paused, and has runs of any length. Every slot of the year must end in exactly one outcome, and none runs twice.
 */
const START = Date.UTC(2026, 0, 1, 0, 30)
const END = Date.UTC(2027, 0, 1)
const ON_TIME_MS = MINUTE_MS

const everyDay = { isDay: () => true }
const SCHEDULES: (Pattern & { zone: string })[] = [
  { text: '30 2,14 * * *', minutes: [30], hours: [2, 14], isInterval: false, zone: 'Europe/Berlin', ...everyDay },
  { text: '0 */6 * * *', minutes: [0], hours: [0, 6, 12, 18], isInterval: true, zone: 'America/New_York', ...everyDay },
  { text: '30 23 * * *', minutes: [30], hours: [23], isInterval: false, zone: 'America/Nuuk', ...everyDay },
  {
    text: '*/20 2 * * 1',
    minutes: [0, 20, 40],
    hours: [2],
    isInterval: true,
    zone: 'UTC',
    isDay: (day) => day.getUTCDay() === 1,
  },
]
const YEARS = SCHEDULES.map((pattern) => {
  const slots = slotsOf(pattern, scan(pattern.zone, START - 2 * DAY_MS, END + 2 * DAY_MS))
  return { slots: slots.filter((slot) => slot > START), schedule: parseSchedule(pattern.text, pattern.zone) }
})

interface Policy {
  catchUp: Facts['catchUp']
  startingDeadlineMs: number
}
interface Outcome {
  outcome: string
  at: number
}

/** Small, seeded, and the same everywhere: a year takes thousands of numbers, too many to shrink one by one. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function liveThrough({ slots, schedule }: (typeof YEARS)[number], policy: Policy, seed: number): Map<number, Outcome[]> {
  const outcomes = new Map<number, Outcome[]>()
  const settle = (slot: number, outcome: string, at: number) =>
    outcomes.set(slot, [...(outcomes.get(slot) ?? []), { outcome, at }])
  const roll = dice(seed)
  let settledUpTo = START
  let busyUntil = START
  const facts = (now: number): Facts => ({
    schedule,
    ...policy,
    settledUpTo: new Date(settledUpTo),
    running: now < busyUntil,
    onTimeMs: ON_TIME_MS,
  })

  function wake(now: number): number {
    const decision = decide(facts(now), new Date(now))
    const upcoming = slots.find((slot) => slot > now)
    if (upcoming !== undefined && decision.wakeAt?.getTime() !== upcoming) expect(decision.wakeAt).toEqual(new Date(upcoming))
    const hasCrashed = roll() < 0.05
    if (decision.kind !== 'idle' && !hasCrashed) {
      const { slot, missed } = decision
      if (missed) {
        const [from, to] = [missed.from.getTime(), missed.to.getTime()]
        const older = slots.filter((other) => other >= from && other <= to)
        expect([older[0], older.at(-1), older.length, missed.isCountCapped]).toEqual([from, to, missed.count, false])
        for (const other of older) settle(other, 'missed-down', now)
      }
      settle(slot.getTime(), decision.kind === 'run' ? 'run' : decision.outcome, now)
      if (decision.kind === 'run') {
        expect(now >= busyUntil, 'no two runs at once').toBe(true)
        busyUntil = now + roll() ** 4 * 15 * HOUR_MS
      }
      settledUpTo = slot.getTime()
    } else if (decision.kind === 'idle') {
      const due = slots.filter((slot) => slot > settledUpTo && slot <= now)
      expect(due, 'idle with a slot that is due').toEqual([])
    }
    return decision.wakeAt?.getTime() ?? END
  }

  function pause(from: number): number {
    const until = Math.min(from + roll() * 5 * DAY_MS, END)
    for (let now = from; now < until; now += DAY_MS) {
      expect(decide({ ...facts(now), paused: 'by hand' }, new Date(now))).toEqual({ kind: 'idle', reason: 'paused' })
    }
    for (const slot of slots) if (slot > settledUpTo && slot <= until) settle(slot, 'disabled', until)
    settledUpTo = until
    return until
  }

  for (let now = START, wakeAt = START; now < END;) {
    const fate = roll()
    if (fate < 0.01) now = pause(now)
    else if (fate < 0.02) now += roll() * 4 * DAY_MS
    else if (fate < 0.3) now += roll() * 2 * HOUR_MS
    else now = Math.max(now + 1, wakeAt) + roll() * 30_000
    now = Math.floor(now)
    if (now < END) wakeAt = wake(now)
  }
  // At the end somebody looks, as long as it takes to be recorded.
  for (let looks = 0; looks < 20; looks++) wake(END)
  return outcomes
}

describe('a virtual year', () => {
  it('settles every slot exactly once', () => {
    const seen = new Map<string, number>()
    const policies = fc.record<Policy>({
      catchUp: fc.constantFrom('none', 'latest'),
      startingDeadlineMs: fc.constantFrom(ON_TIME_MS, 15 * MINUTE_MS, 12 * HOUR_MS),
    })
    fc.assert(
      fc.property(fc.constantFrom(...YEARS), policies, fc.integer(), (year, policy, seed) => {
        const outcomes = liveThrough(year, policy, seed)
        expect([...outcomes.keys()].sort((a, b) => a - b)).toEqual(year.slots.filter((slot) => slot <= END))
        for (const [slot, ends] of outcomes) {
          expect(ends).toHaveLength(1)
          const [{ outcome, at } = { outcome: '', at: 0 }] = ends
          seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
          const limit = policy.catchUp === 'none' ? ON_TIME_MS : policy.startingDeadlineMs
          if (outcome === 'run') expect(at - slot).toBeLessThanOrEqual(limit)
          if (outcome === 'skipped-late') expect(at - slot).toBeGreaterThan(policy.startingDeadlineMs)
          expect(at).toBeGreaterThanOrEqual(slot)
        }
      }),
      { seed: 2026, numRuns: 40 },
    )
    // The year is no use if something never happens in it.
    expect([...seen.keys()].sort()).toEqual(['disabled', 'missed-down', 'run', 'skipped-late', 'skipped-overlap'])
    expect(seen.get('run')).toBeGreaterThan(0.5 * [...seen.values()].reduce((sum, count) => sum + count, 0))
  })
})
