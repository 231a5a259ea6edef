import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backOffMs } from '../../../agent/outbox/back-off.ts'

const SECOND = 1_000
const HOUR = 3_600 * SECOND

describe('the pause before the next try', () => {
  it.each([
    ['the first', 1, 'retryable', undefined, 0, 5 * SECOND],
    ['the first, with the dice at most', 1, 'retryable', undefined, 0.999999, 10 * SECOND],
    ['the second', 2, 'retryable', undefined, 0, 10 * SECOND],
    ['the fifth', 5, 'retryable', undefined, 0.5, 120 * SECOND],
    ['the hundredth', 100, 'retryable', undefined, 0, 1_800 * SECOND],
    ['for what a person must permit', 1, 'permission', undefined, 0, 150 * SECOND],
    ['for what a person must correct', 1, 'config', undefined, 0, 150 * SECOND],
    ['for a class that is unknown', 1, 'strange', undefined, 0, 5 * SECOND],
    ['when the far end asks for longer', 1, 'retryable', 42 * SECOND, 0.5, 42 * SECOND],
    ['when the far end asks for less', 3, 'retryable', 2 * SECOND, 0, 20 * SECOND],
    ['when the far end asks for a year', 1, 'retryable', 365 * 24 * HOUR, 0, 24 * HOUR],
    ['when the far end asks for nonsense', 1, 'retryable', Number.NaN, 0, 5 * SECOND],
    ['when the far end asks for the past', 1, 'retryable', -HOUR, 0, 5 * SECOND],
  ])('%s', (_, tries, errorClass, retryAfterMs, random, want) => {
    expect(backOffMs(tries, errorClass, retryAfterMs, random)).toBe(want)
  })

  it('is always a span that can be waited for', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e9 }),
        fc.string(),
        fc.option(fc.double(), { nil: undefined }),
        random,
        (tries, name, asked, roll) => {
          const ms = backOffMs(tries, name, asked, roll)
          expect(Number.isSafeInteger(ms)).toBe(true)
          expect(ms).toBeGreaterThanOrEqual(5 * SECOND)
          expect(ms).toBeLessThanOrEqual(24 * HOUR)
        },
      ),
      { seed: 1 },
    )
  })
})
