import { describe, expect, it } from 'vitest'
import {
  firstTransition,
  lastTransition,
  offsetAt,
  transitionsBetween,
  transitionsIn,
} from '../../../core/schedule/zone-offsets.ts'

const at = (text: string) => Date.parse(text)
const HOUR_MS = 3_600_000
const spring = { at: at('2026-03-29T01:00:00Z'), before: HOUR_MS, after: 2 * HOUR_MS }
const autumn = { at: at('2026-10-25T01:00:00Z'), before: 2 * HOUR_MS, after: HOUR_MS }

describe('transitions', () => {
  it.each([
    ['Europe/Berlin', 2026, [spring, autumn]],
    ['UTC', 2026, []],
    ['Asia/Kathmandu', 2026, []],
    ['Asia/Kathmandu', 1985, [{ at: at('1985-12-31T18:30:00Z'), before: 5.5 * HOUR_MS, after: 5.75 * HOUR_MS }]],
    [
      'Pacific/Apia',
      2011,
      [
        { at: at('2011-04-02T14:00:00Z'), before: -10 * HOUR_MS, after: -11 * HOUR_MS },
        { at: at('2011-09-24T14:00:00Z'), before: -11 * HOUR_MS, after: -10 * HOUR_MS },
        { at: at('2011-12-30T10:00:00Z'), before: -10 * HOUR_MS, after: 14 * HOUR_MS },
      ],
    ],
    ['Africa/Monrovia', 1972, [{ at: at('1972-01-07T00:44:30Z'), before: -2_670_000, after: 0 }]],
    // at the very turn of the years: it belongs to the old one, and to no second
    ['Antarctica/Casey', 1968, [{ at: at('1969-01-01T00:00:00Z'), before: 0, after: 8 * HOUR_MS }]],
  ])('%s in %i', (zone, year, want) => expect(transitionsIn(zone, year)).toEqual(want))

  it.each([
    ['2026-03-29T00:59:59.999Z', HOUR_MS],
    ['2026-03-29T01:00:00.000Z', 2 * HOUR_MS],
    ['2026-10-25T00:59:59.999Z', 2 * HOUR_MS],
    ['2026-10-25T01:00:00.000Z', HOUR_MS],
    ['2026-12-31T23:59:59.999Z', HOUR_MS],
    ['2027-01-01T00:00:00.000Z', HOUR_MS],
  ])('offset of Berlin at %s', (instant, want) => expect(offsetAt('Europe/Berlin', at(instant))).toBe(want))

  it('at the turn of the years count once', () => {
    const turn = at('1969-01-01T00:00:00Z')
    expect([offsetAt('Antarctica/Casey', turn - 1), offsetAt('Antarctica/Casey', turn)]).toEqual([0, 8 * HOUR_MS])
    expect(transitionsBetween('Antarctica/Casey', turn - HOUR_MS, turn + HOUR_MS)).toHaveLength(1)
    expect(firstTransition('Antarctica/Casey', turn - 1, turn)?.at).toBe(turn)
    expect(lastTransition('Antarctica/Casey', turn - 1, turn)?.at).toBe(turn)
  })

  it('are found in (after, upTo]', () => {
    const zone = 'Europe/Berlin'
    expect(transitionsBetween(zone, spring.at, autumn.at)).toEqual([autumn])
    expect(transitionsBetween(zone, spring.at - 1, autumn.at - 1)).toEqual([spring])
    expect(transitionsBetween(zone, at('2025-12-01T00:00Z'), at('2027-01-01T00:00Z'))).toEqual([spring, autumn])
    expect(firstTransition(zone, spring.at - 1, spring.at)).toEqual(spring)
    expect(firstTransition(zone, spring.at, autumn.at - 1)).toBeUndefined()
    expect(firstTransition(zone, at('2025-12-01T00:00Z'), at('2026-12-01T00:00Z'))).toEqual(spring)
    expect(lastTransition(zone, autumn.at, at('2027-01-01T00:00Z'))).toBeUndefined()
    expect(lastTransition(zone, autumn.at - 1, at('2027-01-01T00:00Z'))).toEqual(autumn)
    expect(lastTransition(zone, spring.at - 1, autumn.at - 1)).toEqual(spring)
    expect(lastTransition('UTC', at('2020-01-01T00:00Z'), at('2027-01-01T00:00Z'))).toBeUndefined()
  })
})
