import { describe, expect, it } from 'vitest'
import { calendarOf } from '../../../core/schedule/calendar.ts'
import type { Days } from '../../../core/schedule/calendar.ts'

const at = (text: string) => Date.parse(`${text}Z`)
const textOf = (reading: number | undefined) => reading && new Date(reading).toISOString().slice(0, 16)
const MONDAY = at('2026-01-05T00:00') / 86_400_000
/** Monday and Wednesday of one week. */
const days: Days = {
  next: (day) => [MONDAY, MONDAY + 2].find((other) => other > day),
  latest: (day) => [MONDAY, MONDAY + 2].findLast((other) => other <= day),
}

describe('days and times', () => {
  const calendar = calendarOf(days, { hours: [6, 18], minutes: [15, 45] })
  it.each([
    ['2026-01-01T00:00', '2026-01-05T06:15', undefined],
    ['2026-01-05T06:14:59.999', '2026-01-05T06:15', undefined],
    ['2026-01-05T06:15', '2026-01-05T06:45', '2026-01-05T06:15'],
    ['2026-01-05T06:15:30', '2026-01-05T06:45', '2026-01-05T06:15'],
    ['2026-01-05T06:50', '2026-01-05T18:15', '2026-01-05T06:45'],
    ['2026-01-05T12:00', '2026-01-05T18:15', '2026-01-05T06:45'],
    ['2026-01-05T18:45', '2026-01-07T06:15', '2026-01-05T18:45'],
    ['2026-01-06T06:15', '2026-01-07T06:15', '2026-01-05T18:45'],
    ['2026-01-07T00:00', '2026-01-07T06:15', '2026-01-05T18:45'],
    ['2026-01-07T23:59', undefined, '2026-01-07T18:45'],
    ['2026-02-01T00:00', undefined, '2026-01-07T18:45'],
  ])('from %s: next %s, latest %s', (from, next, latest) => {
    expect([textOf(calendar.next(at(from))), textOf(calendar.latest(at(from)))]).toEqual([next, latest])
  })

  it('has the first and the last minute of a day', () => {
    const edges = calendarOf(days, { hours: [0, 23], minutes: [0, 59] })
    expect(textOf(edges.next(at('2026-01-04T23:59:59')))).toBe('2026-01-05T00:00')
    expect(textOf(edges.next(at('2026-01-05T23:58')))).toBe('2026-01-05T23:59')
    expect(textOf(edges.latest(at('2026-01-06T00:00')))).toBe('2026-01-05T23:59')
    expect(textOf(edges.latest(at('2026-01-05T00:00')))).toBe('2026-01-05T00:00')
  })
})
