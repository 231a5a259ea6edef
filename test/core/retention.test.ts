import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expired, type KeptBundle } from '../../core/retention.ts'

const NOW = new Date('2026-03-10T00:00:00Z')
const DAY = 86_400_000
const ago = (days: number) => new Date(NOW.getTime() - days * DAY)
const bundle = (fileName: string, days: number, isGood = false): KeptBundle => ({ fileName, at: ago(days), isGood })
const names = (bundles: readonly KeptBundle[]) => bundles.map(({ fileName }) => fileName).toSorted()

describe('what retention removes', () => {
  const bundles = [bundle('a', 1), bundle('b', 2), bundle('c', 3, true), bundle('d', 4, true)]
  it.each([
    ['nothing within the rules', { keepLast: 4, maxAgeMs: 5 * DAY, keepLastGood: true }, []],
    ['all beyond the newest, but for the last good one', { keepLast: 1, maxAgeMs: 5 * DAY, keepLastGood: true }, ['b', 'd']],
    ['all that is too old, but for the last good one', { keepLast: 9, maxAgeMs: 2.5 * DAY, keepLastGood: true }, ['d']],
    ['the last good one too, when told so', { keepLast: 1, maxAgeMs: 5 * DAY, keepLastGood: false }, ['b', 'c', 'd']],
    ['what is exactly as old as it may be: not yet', { keepLast: 9, maxAgeMs: 4 * DAY, keepLastGood: false }, []],
    ['all, when all is too old and nothing is good', { keepLast: 9, maxAgeMs: 0, keepLastGood: false }, ['a', 'b', 'c', 'd']],
  ])('%s', (_, rules, want) => {
    expect(names(expired(bundles, rules, NOW))).toEqual(want)
  })

  it('never a good one that is newer than one it keeps as the last good one, never one of the newest that is young enough', () => {
    const one = fc.record({ days: fc.integer({ min: 0, max: 100 }), isGood: fc.boolean() })
    const rules = fc.record({
      keepLast: fc.integer({ min: 1, max: 10 }),
      maxAgeMs: fc.integer({ min: 0, max: 100 }).map((days) => days * DAY),
      keepLastGood: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 30 }), rules, (list, rules) => {
        const all = list.map(({ days, isGood }, index) => bundle(String(index), days, isGood))
        const removed = expired(all, rules, NOW)
        const kept = all.filter((other) => !removed.includes(other))
        const newestFirst = all.toSorted((a, b) => b.at.getTime() - a.at.getTime())
        const lastGood = newestFirst.find(({ isGood }) => isGood)
        if (rules.keepLastGood && lastGood) expect(kept).toContain(lastGood)
        expect(kept.length).toBeLessThanOrEqual(rules.keepLast + 1)
        const young = newestFirst.slice(0, rules.keepLast).filter(({ at }) => NOW.getTime() - at.getTime() <= rules.maxAgeMs)
        for (const other of young) expect(kept).toContain(other)
        const reasons = removed.map(
          (other) => newestFirst.indexOf(other) >= rules.keepLast || NOW.getTime() - other.at.getTime() > rules.maxAgeMs,
        )
        expect(reasons.every(Boolean)).toBe(true)
        expect(expired(kept, rules, NOW), 'once is enough').toEqual([])
      }),
      { seed: 1 },
    )
  })
})
