import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DURATION, durationMs, showDuration, showSize, SIZE, sizeBytes } from '../../core/quantity.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('a duration', () => {
  it.each([
    ['90s', 90 * SECOND],
    ['30m', 30 * MINUTE],
    ['1h30m', 90 * MINUTE],
    ['90d', 90 * DAY],
    ['2w', 14 * DAY],
    ['5ms', 5],
    ['1m5ms', MINUTE + 5],
    ['0s', 0],
  ])('%s is %i ms', (text, ms) => {
    expect(DURATION.test(text)).toBe(true)
    expect(durationMs(text)).toBe(ms)
  })

  it.each(['', '5', 's', '1.5h', '-1s', '1 h', '1h ', '1y', '1H', '9999999999s', 'x1s'])('%j is none', (text) => {
    expect(DURATION.test(text)).toBe(false)
  })
})

describe('a size', () => {
  it.each([
    ['0', 0],
    ['500', 500],
    ['1k', 1_000],
    ['1K', 1_000],
    ['500M', 5e8],
    ['512Mi', 512 * 2 ** 20],
    ['2Gi', 2 * 2 ** 30],
    ['1Ti', 2 ** 40],
  ])('%s is %i bytes', (text, bytes) => {
    expect(SIZE.test(text)).toBe(true)
    expect(sizeBytes(text)).toBe(bytes)
  })

  it.each(['', 'Mi', '1.5Gi', '-1', '1 Gi', '1gi', '1Pi', '1KiB'])('%j is none', (text) => {
    expect(SIZE.test(text)).toBe(false)
  })

  it('is read in no time, however it is written', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 5_000 }), (text) => void [DURATION.test(text), SIZE.test(text), durationMs(text)]),
      { seed: 1 },
    )
    expect(DURATION.test(`${'1s'.repeat(50_000)}x`)).toBe(false)
  })
})

describe('for people', () => {
  it.each([
    [0, '0 B'],
    [512, '512 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1434, '1.4 KiB'],
    [21_705_523, '20.7 MiB'],
    [2 ** 41, '2.0 TiB'],
    [2 ** 55, '32768.0 TiB'],
  ])('%i bytes are %s', (bytes, want) => {
    expect(showSize(bytes)).toBe(want)
  })

  it.each([
    [-5, '0.0s'],
    [0, '0.0s'],
    [1_234, '1.2s'],
    [45 * SECOND, '45s'],
    [119 * SECOND, '119s'],
    [2 * MINUTE, '2m'],
    [2 * MINUTE + 5 * SECOND, '2m5s'],
    [12 * MINUTE + 5 * SECOND, '12m'],
    [3 * HOUR, '3h'],
    [3 * HOUR + 5 * MINUTE, '3h5m'],
    [8 * HOUR + 5 * MINUTE, '8h'],
    [47 * HOUR, '47h'],
    [9 * DAY, '9d'],
  ])('%i ms are %s', (ms, want) => {
    expect(showDuration(ms)).toBe(want)
  })
})
