import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../core/schedule/cron.ts'
import { anyPattern, changesOf, DAY_MS, HOUR_MS, scan, slotsOf } from './oracle.ts'
import type { Pattern, Scan } from './oracle.ts'

const texts = (slots: readonly Date[]) => slots.map((slot) => slot.toISOString().slice(0, 16))

/** Expectations written by hand; each names a day in UTC around the change. */
const CASES: { name: string; schedule: string; zone: string; from: string; to: string; want: string[] }[] = [
  {
    name: 'a fixed time in a gap runs when the gap ends',
    schedule: '30 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-28T12:00Z',
    to: '2026-03-30T12:00Z',
    want: ['2026-03-29T01:00', '2026-03-30T00:30'],
  },
  {
    name: 'a repeated fixed time runs in the first pass',
    schedule: '30 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-10-24T12:00Z',
    to: '2026-10-26T12:00Z',
    want: ['2026-10-25T00:30', '2026-10-26T01:30'],
  },
  {
    name: 'a list is fixed too',
    schedule: '30 2,14 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-28T13:30Z',
    to: '2026-03-29T13:00Z',
    want: ['2026-03-29T01:00', '2026-03-29T12:30'],
  },
  {
    name: 'a range with a step is a list',
    schedule: '0-59/20 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-10-24T22:00Z',
    to: '2026-10-25T12:00Z',
    want: ['2026-10-25T00:00', '2026-10-25T00:20', '2026-10-25T00:40'],
  },
  {
    name: 'hours with a step are a list',
    schedule: '20 0-23/2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-28T23:00Z',
    to: '2026-03-29T03:00Z',
    want: ['2026-03-28T23:20', '2026-03-29T01:00', '2026-03-29T02:20'],
  },
  {
    name: 'entries that fall into one gap are one run',
    schedule: '0,15,30 2-3 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-28T22:00Z',
    to: '2026-03-29T12:00Z',
    want: ['2026-03-29T01:00', '2026-03-29T01:15', '2026-03-29T01:30'],
  },
  {
    name: 'an interval has nothing in a gap',
    schedule: '*/30 * * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-28T23:59Z',
    to: '2026-03-29T02:00Z',
    want: ['2026-03-29T00:00', '2026-03-29T00:30', '2026-03-29T01:00', '2026-03-29T01:30', '2026-03-29T02:00'],
  },
  {
    name: 'an interval of one hour in the gap does not run',
    schedule: '*/15 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-28T12:00Z',
    to: '2026-03-29T12:00Z',
    want: [],
  },
  {
    name: 'and runs in both passes',
    schedule: '*/30 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-10-24T12:00Z',
    to: '2026-10-25T12:00Z',
    want: ['2026-10-25T00:00', '2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30'],
  },
  {
    name: "Kubernetes' 0/30 is an interval",
    schedule: '0/30 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-10-24T12:00Z',
    to: '2026-10-25T12:00Z',
    want: ['2026-10-25T00:00', '2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30'],
  },
  {
    name: 'every second hour leaves one out',
    schedule: '0 */2 * * *',
    zone: 'America/New_York',
    from: '2026-03-08T04:00Z',
    to: '2026-03-08T12:00Z',
    want: ['2026-03-08T05:00', '2026-03-08T08:00', '2026-03-08T10:00', '2026-03-08T12:00'],
  },
  {
    name: 'a gap at the end of a day ends on the next',
    schedule: '30 23 * * *',
    zone: 'America/Nuuk',
    from: '2026-03-28T12:00Z',
    to: '2026-03-30T12:00Z',
    want: ['2026-03-29T01:00', '2026-03-30T00:30'],
  },
  {
    name: 'also in Scoresbysund',
    schedule: '30 23 * * *',
    zone: 'America/Scoresbysund',
    from: '2026-03-28T12:00Z',
    to: '2026-03-30T12:00Z',
    want: ['2026-03-29T01:00', '2026-03-30T00:30'],
  },
  {
    name: 'and is one run with the midnight it ends at',
    schedule: '30 23,0 * * 0,6',
    zone: 'America/Nuuk',
    from: '2026-03-28T12:00Z',
    to: '2026-03-29T12:00Z',
    want: ['2026-03-29T01:00', '2026-03-29T01:30'],
  },
  {
    name: 'a gap at midnight',
    schedule: '0 0 * * *',
    zone: 'America/Sao_Paulo',
    from: '2018-11-03T12:00Z',
    to: '2018-11-05T12:00Z',
    want: ['2018-11-04T03:00', '2018-11-05T02:00'],
  },
  {
    name: 'a repeated hour before midnight',
    schedule: '30 23 * * *',
    zone: 'America/Sao_Paulo',
    from: '2018-02-17T12:00Z',
    to: '2018-02-19T12:00Z',
    want: ['2018-02-18T01:30', '2018-02-19T02:30'],
  },
  {
    name: 'half an hour on Lord Howe',
    schedule: '15 2 * * *',
    zone: 'Australia/Lord_Howe',
    from: '2026-10-03T00:00Z',
    to: '2026-10-04T20:00Z',
    want: ['2026-10-03T15:30', '2026-10-04T15:15'],
  },
  {
    name: 'a day that does not exist has no run',
    schedule: '0 12 * * *',
    zone: 'Pacific/Apia',
    from: '2011-12-29T00:00Z',
    to: '2012-01-01T00:00Z',
    want: ['2011-12-29T22:00', '2011-12-30T22:00', '2011-12-31T22:00'],
  },
  {
    name: 'not even at its midnight',
    schedule: '0 0 30 12 *',
    zone: 'Pacific/Apia',
    from: '2011-12-01T00:00Z',
    to: '2012-12-31T00:00Z',
    want: ['2012-12-29T10:00'],
  },
  {
    name: 'several lines count each instant once',
    schedule: '30 2 * * *|0 3 * * *|0 * * * 0',
    zone: 'Europe/Berlin',
    from: '2026-03-29T00:00Z',
    to: '2026-03-29T03:00Z',
    want: ['2026-03-29T01:00', '2026-03-29T02:00', '2026-03-29T03:00'],
  },
]

describe('days on which clocks change', () => {
  it.each(CASES)('$name: $schedule in $zone', ({ schedule, zone, from, to, want }) => {
    const found = parseSchedule(schedule.split('|'), zone).between(new Date(from), new Date(to), 100)
    expect(texts(found)).toEqual(want)
  })

  it('do not depend on the zone of the machine', () => {
    const before = process.env['TZ']
    try {
      for (const [index, zone] of ['America/New_York', 'America/Nuuk', 'Pacific/Apia'].entries()) {
        process.env['TZ'] = zone
        expect(new Date('2026-03-01T00:00:00Z').getTimezoneOffset()).not.toBe(0)
        // Days that no other test asks for, since answers about days are remembered.
        const date = 26 + index
        const schedule = parseSchedule(`30 2 ${date} * ${index}#5`, 'Europe/Berlin')
        expect(texts(schedule.between(new Date(`2026-07-${date}T00:00Z`), new Date(`2026-07-${date}T23:00Z`), 9))).toEqual([
          `2026-07-${date}T00:30`,
        ])
        expect(texts([schedule.latest(new Date(`2026-07-${date}T00:30Z`)) ?? new Date(0)])).toEqual([`2026-07-${date}T00:30`])
      }
    } finally {
      if (before === undefined) delete process.env['TZ']
      else process.env['TZ'] = before
    }
  })
})

/** Where a clock that went back shows what it showed before: `at` is in the second pass. */
const SECOND_PASS: { name: string; schedule: string; at: string; latest: string; next: string }[] = [
  {
    name: 'a fixed time still to be shown again',
    schedule: '30 2 * * *',
    at: '2026-10-25T01:10Z',
    latest: '2026-10-25T00:30',
    next: '2026-10-26T01:30',
  },
  {
    name: 'a fixed time shown again',
    schedule: '30 2 * * *',
    at: '2026-10-25T01:30Z',
    latest: '2026-10-25T00:30',
    next: '2026-10-26T01:30',
  },
  {
    name: 'the end of the repeated hour',
    schedule: '0 3 * * *',
    at: '2026-10-25T01:59:59.999Z',
    latest: '2026-10-24T01:00',
    next: '2026-10-25T02:00',
  },
  { name: 'an interval', schedule: '30 * * * *', at: '2026-10-25T01:10Z', latest: '2026-10-25T00:30', next: '2026-10-25T01:30' },
]

describe('in the second pass', () => {
  it.each(SECOND_PASS)('$name: $schedule', ({ schedule, at, latest, next }) => {
    const { latest: latestOf, next: nextOf } = parseSchedule(schedule, 'Europe/Berlin')
    expect([latestOf(new Date(at)), nextOf(new Date(at))].map((slot) => slot?.toISOString().slice(0, 16))).toEqual([latest, next])
  })
})

const MARGIN_MS = 1.5 * DAY_MS
interface Window {
  zone: string
  from: number
  to: number
  scan: Scan
}

/** Two days around an instant, and a margin in which the oracle can look for the end of a gap. */
function windowAt(zone: string, instant: number): Window {
  const [from, to] = [instant - DAY_MS, instant + DAY_MS]
  return { zone, from, to, scan: scan(zone, from - MARGIN_MS, to + MARGIN_MS) }
}

function compare(patterns: readonly Pattern[], { zone, from, to, scan }: Window): void {
  const all = new Set(patterns.flatMap((pattern) => slotsOf(pattern, scan)))
  const want = [...all].filter((slot) => slot > from && slot <= to).sort((a, b) => a - b)
  const lines = patterns.map(({ text }) => text)
  const schedule = parseSchedule(lines, zone)
  const found = schedule.between(new Date(from), new Date(to), 10_000).map((slot) => slot.getTime())
  const back: number[] = []
  for (
    let slot = schedule.latest(new Date(to));
    slot && slot.getTime() > from;
    slot = schedule.latest(new Date(slot.getTime() - 1))
  ) {
    back.push(slot.getTime())
  }
  if (isSame(found, want) && isSame(back.reverse(), want)) return
  expect({ lines, zone, next: found.map(text), latest: back.map(text) }).toEqual({
    lines,
    zone,
    next: want.map(text),
    latest: want.map(text),
  })
}

const text = (slot: number) => new Date(slot).toISOString().slice(0, 16)
const isSame = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((slot, index) => slot === b[index])

/** How far into a window to look; most often within three hours of its middle, where the change is. */
const anyPart = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.44, max: 0.56, noNaN: true }))

const everyDay = { isDay: () => true }
const COMMON: Pattern[] = [
  { text: '30 0,1,2,3,23 * * *', minutes: [30], hours: [0, 1, 2, 3, 23], isInterval: false, ...everyDay },
  { text: '0 0-23/2 * * *', minutes: [0], hours: [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22], isInterval: false, ...everyDay },
  { text: '*/20 0,2,23 * * *', minutes: [0, 20, 40], hours: [0, 2, 23], isInterval: true, ...everyDay },
  { text: '15 */1 * * *', minutes: [15], hours: Array.from({ length: 24 }, (_, hour) => hour), isInterval: true, ...everyDay },
]

/** Changes that are odd in some way: at midnight, across days, of half an hour, of two hours, of a whole day, for good. */
const ODD: [string, string][] = [
  ['Europe/Berlin', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['America/Nuuk', '2026-03-29T01:00Z'],
  ['America/Nuuk', '2026-10-25T01:00Z'],
  ['America/Nuuk', '2023-03-26T01:00Z'],
  ['America/Scoresbysund', '2026-03-29T01:00Z'],
  ['America/Scoresbysund', '2023-10-29T01:00Z'],
  ['America/Scoresbysund', '2024-03-31T01:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['Pacific/Fakaofo', '2011-12-30T11:00Z'],
  ['Pacific/Kiritimati', '1994-12-31T10:00Z'],
  ['Pacific/Kwajalein', '1993-08-21T12:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00Z'],
  ['Africa/Casablanca', '2026-03-22T02:00Z'],
  ['Africa/Cairo', '2026-04-23T22:00Z'],
  ['Africa/Cairo', '2026-10-29T21:00Z'],
  ['Asia/Tehran', '2022-03-21T20:30Z'],
  ['Asia/Tehran', '2022-09-21T19:30Z'],
  ['Asia/Beirut', '2026-03-28T22:00Z'],
  ['Asia/Pyongyang', '2015-08-14T15:00Z'],
  ['Asia/Pyongyang', '2018-05-04T15:00Z'],
  ['Asia/Kathmandu', '2026-03-29T01:00Z'],
  ['America/Caracas', '2016-05-01T07:00Z'],
  ['America/Havana', '2026-03-08T05:00Z'],
  ['America/Havana', '2026-11-01T05:00Z'],
  ['Europe/Volgograd', '2020-12-26T23:00Z'],
  ['Pacific/Chatham', '2026-04-04T14:00Z'],
  ['Pacific/Chatham', '2026-09-26T14:00Z'],
  ['Antarctica/Troll', '2026-03-29T01:00Z'],
  ['Antarctica/Troll', '2026-10-25T01:00Z'],
  ['UTC', '2026-02-28T12:00Z'],
]

describe('the contract, against a scan of every minute', () => {
  const windows = ODD.map(([zone, instant]) => windowAt(zone, Date.parse(instant)))

  it('holds for any pattern around odd changes', () => {
    fc.assert(
      fc.property(anyPattern, fc.constantFrom(...windows), (pattern, window) => compare([pattern], window)),
      { seed: 20260329, numRuns: 1_000 },
    )
  })

  it('holds for every change of every zone in a year', () => {
    const [from, to] = [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)]
    const changes = Intl.supportedValuesOf('timeZone').flatMap((zone) =>
      changesOf(zone, from, to).map((at) => [zone, at] as const),
    )
    expect(changes.length).toBeGreaterThan(200)
    for (const [zone, at] of changes) {
      const window = windowAt(zone, at)
      for (const pattern of COMMON) compare([pattern], window)
    }
  })

  it('makes next and latest inverse of each other, at any instant', () => {
    fc.assert(
      fc.property(
        fc.array(anyPattern, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...windows),
        anyPart,
        (patterns, { zone, from, to }, part) => {
          const schedule = parseSchedule(
            patterns.map(({ text }) => text),
            zone,
          )
          const at = new Date(Math.round(from + part * (to - from)))
          const [next, latest] = [schedule.next(at), schedule.latest(at)]
          if (!next || !latest) throw new Error('no slot')
          expect(latest <= at && at < next).toBe(true)
          expect(schedule.latest(next)).toEqual(next)
          expect(schedule.latest(new Date(next.getTime() - 1))).toEqual(latest)
          expect(schedule.next(latest)).toEqual(next)
          expect(schedule.next(new Date(latest.getTime() - 1))).toEqual(latest)
        },
      ),
      { seed: 20261025, numRuns: 1_000 },
    )
  })

  it('unites several lines', () => {
    fc.assert(fc.property(fc.array(anyPattern, { minLength: 2, maxLength: 4 }), fc.constantFrom(...windows), compare), {
      seed: 20111230,
      numRuns: 150,
    })
  })
})

describe('far from now', () => {
  const daily = parseSchedule('30 2 * * *', 'Europe/Berlin')
  it.each([
    ['next before all time', daily.next(new Date(-8.64e15)), '1900-01-01T01:30:00.000Z'],
    ['next after all time', daily.next(new Date(8.64e15)), undefined],
    ['latest before all time', daily.latest(new Date(-8.64e15)), undefined],
    ['latest after all time', daily.latest(new Date(8.64e15)), '8999-12-31T01:30:00.000Z'],
    ['a leap day', parseSchedule('* * 29 2 *', 'UTC').next(new Date('2026-01-01T00:00Z')), '2028-02-29T00:00:00.000Z'],
    [
      'a leap day in a zone',
      parseSchedule('*/5 0 29 2 *', 'Europe/Berlin').latest(new Date('2026-01-01T00:00Z')),
      '2024-02-28T23:55:00.000Z',
    ],
    [
      'five Fridays in a February',
      parseSchedule('0 0 * 2 FRI#5', 'UTC').next(new Date('2037-01-01T00:00Z')),
      '2064-02-29T00:00:00.000Z',
    ],
  ])('%s', (_, found, want) => expect(found?.toISOString()).toBe(want))

  it('refuses an instant that is none', () => {
    expect(() => daily.next(new Date(Number.NaN))).toThrow(RangeError)
    expect(() => daily.latest(new Date(Number.NaN))).toThrow(RangeError)
  })

  it('gives at most as many slots as asked for', () => {
    const [from, to] = [new Date('2026-01-01T00:00Z'), new Date(Date.parse('2026-01-01T00:00Z') + HOUR_MS)]
    const minutely = parseSchedule('* * * * *', 'UTC')
    expect(minutely.between(from, to, 3)).toHaveLength(3)
    expect(minutely.between(from, to, 100)).toHaveLength(60)
    expect(minutely.between(from, to, 0)).toEqual([])
    expect(minutely.between(to, from, 3)).toEqual([])
  })
})
