import fc from 'fast-check'

/**
 * The contract for days on which clocks change, by brute force: every minute is looked at, and only Intl is asked.
 * Shares nothing with core/schedule.
 */
export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
const SAMPLE_MS = 15 * MINUTE_MS

/** A schedule's meaning, written down by the test and not read from the text. */
export interface Pattern {
  text: string
  minutes: number[]
  hours: number[]
  isInterval: boolean
  isDay(reading: Date): boolean
}

/** What the clock on the wall shows at each minute of [from, from + readings.length minutes), as Date.UTC numbers. */
export interface Scan {
  from: number
  readings: number[]
  /** whether no earlier minute showed the same */
  isFirst: boolean[]
  /** the indices of the days' first readings, and the days: what it shows from there on */
  stretches: { day: Date; index: number; end: number }[]
}

export function scan(zone: string, from: number, to: number): Scan {
  const read = clockOf(zone)
  const readings: number[] = []
  for (let at = from, first = read(from); at < to; at += SAMPLE_MS) {
    const next = read(at + SAMPLE_MS)
    const isSteady = next - first === SAMPLE_MS
    for (let minute = at; minute < at + SAMPLE_MS; minute += MINUTE_MS)
      readings.push(isSteady ? first + minute - at : read(minute))
    first = next
  }
  const shown = new Set<number>()
  const isFirst = readings.map((reading) => shown.size < shown.add(reading).size)
  const dayAt = (index: number) => Math.floor((readings[index] ?? 0) / DAY_MS) * DAY_MS
  const starts = [...readings.keys()].filter((index) => index === 0 || dayAt(index) !== dayAt(index - 1))
  const stretches = starts.map((index, nth) => ({ day: new Date(dayAt(index)), index, end: starts[nth + 1] ?? readings.length }))
  return { from, readings, isFirst, stretches }
}

/** All slots of a pattern in a scan, oldest first. Those near its ends may be wrong: there is nothing to look at behind. */
export function slotsOf(pattern: Pattern, { from, readings, isFirst, stretches }: Scan): number[] {
  const times = new Set(pattern.hours.flatMap((hour) => pattern.minutes.map((minute) => hour * HOUR_MS + minute * MINUTE_MS)))
  const slots = new Set<number>()
  for (const { day, index, end } of stretches) {
    if (!pattern.isDay(day)) continue
    const missing = new Set(times)
    for (let minute = index; minute < end; minute++) {
      const time = (readings[minute] ?? 0) - day.getTime()
      if (times.has(time) && (pattern.isInterval || isFirst[minute])) slots.add(from + minute * MINUTE_MS)
      missing.delete(time)
    }
    if (pattern.isInterval) continue
    for (const time of missing) {
      const later = readings.findIndex((reading) => reading >= day.getTime() + time)
      if (later >= 0) slots.add(from + later * MINUTE_MS)
    }
  }
  return [...slots].sort((a, b) => a - b)
}

/** The instants, to the hour before, at which a zone's offset changes in [from, to). */
export function changesOf(zone: string, from: number, to: number): number[] {
  const read = clockOf(zone)
  const offset = (at: number) => read(at) - at
  const changes: number[] = []
  for (let day = from; day < to; day += DAY_MS) {
    if (offset(day) === offset(day + DAY_MS)) continue
    for (let at = day; at < day + DAY_MS; at += HOUR_MS) if (offset(at) !== offset(at + HOUR_MS)) changes.push(at)
  }
  return changes
}

function clockOf(zone: string): (at: number) => number {
  const number = 'numeric'
  const fields = { year: number, month: number, day: number, hour: number, minute: number, second: number } as const
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', calendar: 'gregory', ...fields })
  return (at) => {
    const parts: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(at)) parts[type] = Number(value)
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts
    return Date.UTC(year, month - 1, day, hour, minute, second)
  }
}

interface Part {
  text: string
  values: number[]
  isWildcard: boolean
}

const upTo = (max: number, from = 0, step = 1) =>
  Array.from({ length: Math.floor((max - from) / step) + 1 }, (_, index) => from + index * step)

function part(max: number, likely: readonly number[]): fc.Arbitrary<Part> {
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...likely) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max }) },
  )
  const step = fc.constantFrom(2, 5, 15, 20, 7)
  const pair = fc.tuple(value, value).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  return fc.oneof(
    value.map((one) => ({ text: `${one}`, values: [one], isWildcard: false })),
    fc
      .uniqueArray(value, { minLength: 2, maxLength: 4 })
      .map((list) => ({ text: list.join(','), values: list, isWildcard: false })),
    pair.map(([a, b]) => ({ text: `${a}-${b}`, values: upTo(b, a), isWildcard: false })),
    fc.tuple(pair, step).map(([[a, b], n]) => ({ text: `${a}-${b}/${n}`, values: upTo(b, a, n), isWildcard: false })),
    fc.constantFrom('*', '?').map((text) => ({ text, values: upTo(max), isWildcard: true })),
    step.map((n) => ({ text: `*/${n}`, values: upTo(max, 0, n), isWildcard: true })),
    fc.tuple(value, step).map(([a, n]) => ({ text: `${a}/${n}`, values: upTo(max, a, n), isWildcard: true })),
  )
}

const days = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ text: '* * *', isDay: () => true }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: 6 }).map((day) => ({ text: `* * ${day}`, isDay: (at: Date) => at.getUTCDay() === day })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 31 }), fc.integer({ min: 0, max: 6 })).map(([date, day]) => ({
      text: `${date} * ${day}`,
      isDay: (at: Date) => at.getUTCDate() === date || at.getUTCDay() === day,
    })),
  },
)

/** Patterns whose times lie mostly where clocks change. */
export const anyPattern: fc.Arbitrary<Pattern> = fc
  .tuple(part(59, [0, 30, 59, 1, 15]), part(23, [0, 1, 2, 3, 23, 22]), days)
  .map(([minute, hour, day]) => ({
    text: `${minute.text} ${hour.text} ${day.text}`,
    minutes: minute.values,
    hours: hour.values,
    isInterval: minute.isWildcard || hour.isWildcard,
    isDay: day.isDay,
  }))
