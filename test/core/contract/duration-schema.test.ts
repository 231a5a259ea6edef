import { expect, it } from 'vitest'
import { Duration } from '../../../core/contract/duration-schema.ts'

it.each([
  ['', 0],
  ['0', 0],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
])('%j is %i ms', (text, ms) => {
  expect(Duration.parse(text)).toBe(ms)
})

it.each(['5', '-1s', 'soon', '5 minutes', 5])('refuses %j', (value) => {
  expect(Duration.safeParse(value).success).toBe(false)
})

it('says what it wants', () => {
  expect(Duration.safeParse('5').error?.issues[0]?.message).toBe('must be a duration, like "30s" or "1m30s"')
})
