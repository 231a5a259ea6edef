import type { Line } from './fields.ts'
import { transitionsIn } from './zone-offsets.ts'

/** Something that is allowed and may surprise. */
export interface Warning {
  code: 'STEP_UNEVEN' | 'INTERVAL_AT_CLOCK_CHANGE'
  message: string
}

/** The rules that stand today, as the time zone database carries them on: past exceptions are no reason to warn. */
const STANDING_RULES_YEAR = 2037
const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440

/** What to tell the author of a line. */
export function warningsOf(text: string, line: Line, zone: string): Warning[] {
  const uneven = line.uneven.map((message): Warning => ({ code: 'STEP_UNEVEN', message: `schedule "${text}": ${message}` }))
  return [...uneven, ...clockChangeWarnings(text, line, zone)]
}

/**
 * An interval in one hour (each 15 minutes from 02:00) follows real time: where 02:00 to 03:00 is skipped in spring, the whole day has no run. Told only for
 * intervals all of whose times lie in a change of this zone.
 */
function clockChangeWarnings(text: string, line: Line, zone: string): Warning[] {
  if (!line.isInterval) return []
  const times = line.times.hours.flatMap((hour) => line.times.minutes.map((minute) => hour * 60 + minute))
  const hits = transitionsIn(zone, STANDING_RULES_YEAR).filter(({ at, before, after }) => {
    const from = (at + Math.min(before, after)) / MINUTE_MS
    const length = Math.abs(after - before) / MINUTE_MS
    return times.every((time) => modulo(time - from, DAY_MINUTES) < length)
  })
  const skips = hits.some(({ before, after }) => after > before)
  const repeats = hits.some(({ before, after }) => after < before)
  if (!skips && !repeats) return []
  const effects = [
    skips ? 'does not run on the day they go forward' : '',
    repeats ? 'runs twice as often on the day they go back' : '',
  ]
  const message =
    `schedule "${text}" is an interval, which follows real time when the clocks of ${zone} change: it ` +
    `${effects.filter(Boolean).join(', and ')}; write "${fixedSpelling(text, line)}" to have it run alike each day`
  return [{ code: 'INTERVAL_AT_CLOCK_CHANGE', message }]
}

/** The same line without a wildcard in minute and hour. */
function fixedSpelling(text: string, { times }: Line): string {
  const minutes = times.minutes.length === 60 ? '0-59' : times.minutes.join(',')
  const days = text
    .trim()
    .split(/[ \t]+/)
    .slice(2)
  return [minutes, times.hours.join(','), ...days].join(' ')
}

function modulo(value: number, size: number): number {
  return ((value % size) + size) % size
}
