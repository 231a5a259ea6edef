import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../core/schedule/cron.ts'
import { decide } from '../../../core/schedule/decide.ts'
import type { Decision, Facts } from '../../../core/schedule/decide.ts'

const MINUTE_MS = 60_000
/** `2 02:00` is the second of June 2026, at two o'clock UTC. */
const at = (text: string) => new Date(`2026-06-0${text.replace(' ', 'T')}Z`)

const nightly: Facts = {
  schedule: parseSchedule('0 2 * * *', 'UTC'),
  settledUpTo: at('1 02:00'),
  startingDeadlineMs: 15 * MINUTE_MS,
  catchUp: 'latest',
  running: false,
  onTimeMs: MINUTE_MS,
}
const hourly: Facts = { ...nightly, schedule: parseSchedule('0 * * * *', 'UTC') }

/** A decision in a line: `run 2 02:00 | missed 3: 1 23:00 to 2 01:00 | wake 3 02:00`. */
function inWords(decision: Decision): string {
  const text = (date: Date) => date.toISOString().slice(9, 16).replace('T', ' ')
  const wake = decision.wakeAt ? ` | wake ${text(decision.wakeAt)}` : ''
  if (decision.kind === 'idle') return `${decision.reason}${wake}`
  const { missed } = decision
  const range = missed
    ? ` | missed ${missed.count}${missed.isCountCapped ? '+' : ''}: ${text(missed.from)} to ${text(missed.to)}`
    : ''
  return `${decision.kind === 'run' ? 'run' : decision.outcome} ${text(decision.slot)}${range}${wake}`
}

describe('one decision', () => {
  const cases: { name: string; facts?: Partial<Facts>; of?: Facts; now: string; want: string }[] = [
    // due
    { name: 'before the slot', now: '2 01:59:59.999', want: 'not-due | wake 2 02:00' },
    { name: 'at the slot', now: '2 02:00', want: 'run 2 02:00 | wake 3 02:00' },
    { name: 'a wake-up later', now: '2 02:00:30', want: 'run 2 02:00 | wake 3 02:00' },
    { name: 'once it was settled', now: '2 02:00:30', facts: { settledUpTo: at('2 02:00') }, want: 'not-due | wake 3 02:00' },
    {
      name: 'settled after the slot: created, resumed or edited',
      now: '2 02:00:30',
      facts: { settledUpTo: at('2 02:00:10') },
      want: 'not-due | wake 3 02:00',
    },
    {
      name: 'settled just before the slot',
      now: '2 02:00:30',
      facts: { settledUpTo: at('2 01:59:59.999') },
      want: 'run 2 02:00 | wake 3 02:00',
    },
    {
      name: 'a schedule that is over',
      now: '2 02:00',
      facts: { schedule: { ...nightly.schedule, next: () => undefined } },
      want: 'run 2 02:00',
    },
    {
      name: 'a schedule that has not begun',
      now: '2 02:00',
      facts: { schedule: { ...nightly.schedule, latest: () => undefined } },
      want: 'not-due | wake 3 02:00',
    },

    // late
    { name: 'late, within the deadline', now: '2 02:15', want: 'run 2 02:00 | wake 3 02:00' },
    { name: 'later than the deadline', now: '2 02:15:00.001', want: 'skipped-late 2 02:00 | wake 3 02:00' },
    { name: 'no catch-up, on time', now: '2 02:01', facts: { catchUp: 'none' }, want: 'run 2 02:00 | wake 3 02:00' },
    {
      name: 'no catch-up, not on time',
      now: '2 02:01:00.001',
      facts: { catchUp: 'none' },
      want: 'missed-down 2 02:00 | wake 3 02:00',
    },
    {
      name: 'no catch-up, past the deadline too',
      now: '2 04:00',
      facts: { catchUp: 'none' },
      want: 'missed-down 2 02:00 | wake 3 02:00',
    },
    {
      name: 'a deadline shorter than a wake-up',
      now: '2 02:00:30',
      facts: { catchUp: 'none', startingDeadlineMs: 10_000 },
      want: 'skipped-late 2 02:00 | wake 3 02:00',
    },

    // overlap
    { name: 'still running', now: '2 02:00', facts: { running: true }, want: 'skipped-overlap 2 02:00 | wake 3 02:00' },
    { name: 'still running and too late', now: '2 03:00', facts: { running: true }, want: 'skipped-late 2 02:00 | wake 3 02:00' },
    { name: 'running, and nothing is due', now: '2 01:00', facts: { running: true }, want: 'not-due | wake 2 02:00' },
    {
      name: 'running, no catch-up, not on time',
      now: '2 02:02',
      facts: { running: true, catchUp: 'none' },
      want: 'missed-down 2 02:00 | wake 3 02:00',
    },

    // several missed
    { name: 'one older slot', of: hourly, now: '1 04:00', want: 'run 1 04:00 | missed 1: 1 03:00 to 1 03:00 | wake 1 05:00' },
    {
      name: 'older slots and a run',
      of: hourly,
      now: '2 02:10',
      want: 'run 2 02:00 | missed 23: 1 03:00 to 2 01:00 | wake 2 03:00',
    },
    {
      name: 'older slots and a skip',
      of: hourly,
      now: '2 02:30',
      want: 'skipped-late 2 02:00 | missed 23: 1 03:00 to 2 01:00 | wake 2 03:00',
    },
    {
      name: 'older slots, no catch-up',
      of: hourly,
      now: '2 02:30',
      facts: { catchUp: 'none' },
      want: 'missed-down 2 02:00 | missed 23: 1 03:00 to 2 01:00 | wake 2 03:00',
    },
    {
      name: 'older slots and an overlap',
      of: hourly,
      now: '1 04:00',
      facts: { running: true },
      want: 'skipped-overlap 1 04:00 | missed 1: 1 03:00 to 1 03:00 | wake 1 05:00',
    },
    {
      name: 'older slots up to a settled instant between slots',
      of: hourly,
      now: '1 05:00',
      facts: { settledUpTo: at('1 03:30') },
      want: 'run 1 05:00 | missed 1: 1 04:00 to 1 04:00 | wake 1 06:00',
    },

    // paused
    { name: 'paused', now: '2 02:00', facts: { paused: 'migration' }, want: 'paused' },
    { name: 'paused without saying why', now: '2 02:00', facts: { paused: '' }, want: 'paused' },
    { name: 'not paused any more', now: '2 02:00', facts: { paused: undefined }, want: 'run 2 02:00 | wake 3 02:00' },
    { name: 'paused, and settled ahead', now: '2 02:00', facts: { paused: 'x', settledUpTo: at('9 02:00') }, want: 'paused' },

    // the clock
    {
      name: 'settled a little ahead by another replica',
      now: '2 01:59:58',
      facts: { settledUpTo: at('2 02:00') },
      want: 'not-due | wake 3 02:00',
    },
    {
      name: 'settled ahead by as much as a wake-up',
      now: '2 01:59',
      facts: { settledUpTo: at('2 02:00') },
      want: 'not-due | wake 3 02:00',
    },
    {
      name: 'settled ahead by a clock that was wrong',
      now: '2 01:58:59.999',
      facts: { settledUpTo: at('2 02:00') },
      want: 'settled-ahead | wake 3 02:00',
    },
    { name: 'settled far ahead', now: '2 02:00', facts: { settledUpTo: at('9 12:00') }, want: 'settled-ahead | wake 0 02:00' },
    { name: 'once the clock is past it', now: '9 12:00', facts: { settledUpTo: at('9 12:00') }, want: 'not-due | wake 0 02:00' },
  ]
  it.each(cases)('$name', ({ of = nightly, facts, now, want }) =>
    expect(inWords(decide({ ...of, ...facts }, at(now)))).toBe(want),
  )

  it('leaves out what it does not know', () => {
    expect(decide(nightly, at('2 02:00'))).toEqual({ kind: 'run', slot: at('2 02:00'), wakeAt: at('3 02:00') })
    expect(Object.keys(decide({ ...nightly, paused: 'x' }, at('2 02:00')))).toEqual(['kind', 'reason'])
  })
})

describe('counting older slots', () => {
  const minutely: Facts = { ...nightly, schedule: parseSchedule('* * * * *', 'UTC'), settledUpTo: new Date('2020-01-01T00:00Z') }
  const after = (minutes: number) => new Date(minutely.settledUpTo.getTime() + minutes * MINUTE_MS)

  it.each([
    [2, 1, false],
    [10_001, 10_000, false],
    [10_002, 10_000, true],
    [3_000_000, 10_000, true],
  ])('after %i minutes gives %i, capped: %s', (minutes, count, isCountCapped) => {
    const decision = decide(minutely, after(minutes))
    expect(decision).toEqual({
      kind: 'run',
      slot: after(minutes),
      missed: { from: after(1), to: after(minutes - 1), count, isCountCapped },
      wakeAt: after(minutes + 1),
    })
  })

  it('does not choose the slot: that is asked of the schedule directly', () => {
    const asked: string[] = []
    const { schedule } = minutely
    const watched: Facts['schedule'] = {
      ...schedule,
      latest: (instant) => (asked.push('latest'), schedule.latest(instant)),
      next: (instant) => (asked.push('next'), schedule.next(instant)),
      between: (from, to, max) => (asked.push(`between, ${max}`), schedule.between(from, to, max)),
    }
    decide({ ...minutely, schedule: watched }, after(3_000_000))
    expect(asked).toEqual(['latest', 'next', 'latest', 'between, 10000'])
  })
})

/** What a caller does with a decision, and what people do to the job; each step is a time and an event. */
describe('one job through time', () => {
  type Step = [now: string, event: 'wake' | 'start' | 'end' | 'pause' | 'resume' | 'edit', want?: string]
  const stories: { name: string; facts: Facts; steps: Step[] }[] = [
    {
      name: 'a slot is run once, whatever wakes the agent',
      facts: nightly,
      steps: [
        ['2 01:59:45', 'wake', 'not-due | wake 2 02:00'],
        ['2 02:00:00', 'wake', 'run 2 02:00 | wake 3 02:00'],
        ['2 02:00:00.001', 'wake', 'not-due | wake 3 02:00'],
        ['2 02:00:30', 'wake', 'not-due | wake 3 02:00'],
        ['3 02:00:00', 'wake', 'run 3 02:00 | wake 4 02:00'],
      ],
    },
    {
      name: 'a clock that goes back runs nothing twice',
      facts: nightly,
      steps: [
        ['2 02:00:05', 'wake', 'run 2 02:00 | wake 3 02:00'],
        ['2 01:59:50', 'wake', 'not-due | wake 3 02:00'],
        ['2 00:30:00', 'wake', 'settled-ahead | wake 3 02:00'],
        ['2 02:00:05', 'wake', 'not-due | wake 3 02:00'],
      ],
    },
    {
      name: 'a run that outlives its interval costs the slots in between, each told once',
      facts: hourly,
      steps: [
        ['1 03:00', 'start', 'run 1 03:00 | wake 1 04:00'],
        ['1 04:00', 'wake', 'skipped-overlap 1 04:00 | wake 1 05:00'],
        ['1 04:00:30', 'wake', 'not-due | wake 1 05:00'],
        ['1 04:10', 'end'],
        ['1 04:10', 'wake', 'not-due | wake 1 05:00'],
        ['1 05:00', 'wake', 'run 1 05:00 | wake 1 06:00'],
      ],
    },
    {
      name: 'resume does not fire what the pause held back',
      facts: hourly,
      steps: [
        ['1 02:30', 'pause'],
        ['1 03:00', 'wake', 'paused'],
        ['1 05:00:10', 'resume'],
        ['1 05:00:10', 'wake', 'not-due | wake 1 06:00'],
        ['1 06:00', 'wake', 'run 1 06:00 | wake 1 07:00'],
      ],
    },
    {
      name: 'an edit does not fire a slot of the new schedule that is over',
      facts: nightly,
      steps: [
        ['2 02:00', 'wake', 'run 2 02:00 | wake 3 02:00'],
        ['2 12:00:20', 'edit'],
        ['2 12:00:20', 'wake', 'not-due | wake 2 13:00'],
        ['2 13:00', 'wake', 'run 2 13:00 | wake 2 14:00'],
      ],
    },
    {
      name: 'after a long downtime the latest slot runs, and the others are one range',
      facts: hourly,
      steps: [
        ['3 10:05', 'wake', 'run 3 10:00 | missed 55: 1 03:00 to 3 09:00 | wake 3 11:00'],
        ['3 10:05:30', 'wake', 'not-due | wake 3 11:00'],
      ],
    },
  ]
  it.each(stories)('$name', ({ facts, steps }) => {
    const current = { ...facts }
    const decisions: string[] = []
    for (const [now, event] of steps) {
      const instant = at(now)
      if (event === 'pause') current.paused = 'by hand'
      if (event === 'resume') Object.assign(current, { paused: undefined, settledUpTo: instant })
      if (event === 'edit') Object.assign(current, { schedule: hourly.schedule, settledUpTo: instant })
      if (event === 'end') current.running = false
      if (event !== 'wake' && event !== 'start') continue
      const decision = decide(current, instant)
      decisions.push(inWords(decision))
      if (decision.kind !== 'idle') current.settledUpTo = decision.slot
      if (event === 'start') current.running = true
    }
    expect(decisions).toEqual(steps.flatMap(([, , want]) => want ?? []))
  })
})
