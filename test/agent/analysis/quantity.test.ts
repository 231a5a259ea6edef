import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseQuantity, requireQuantity, UNIT } from '../../../agent/analysis/quantity.ts'

describe('parseQuantity', () => {
  it.each([
    ['0', 0n],
    ['1', UNIT],
    ['+1', UNIT],
    ['-1', -UNIT],
    ['01', UNIT],
    ['1.', UNIT],
    ['.5', UNIT / 2n],
    ['1k', 1000n * UNIT],
    ['1Ki', 1024n * UNIT],
    ['8Gi', 8n * 2n ** 30n * UNIT],
    ['1.5Gi', 3n * 2n ** 29n * UNIT],
    ['7.5G', 7_500_000_000n * UNIT],
    ['2T', 2n * 10n ** 12n * UNIT],
    ['1P', 10n ** 15n * UNIT],
    ['1E', 10n ** 18n * UNIT],
    ['1Ei', 2n ** 60n * UNIT],
    ['1e3', 1000n * UNIT],
    ['1E3', 1000n * UNIT],
    ['1e-3', UNIT / 1000n],
    ['12.5e+1', 125n * UNIT],
    ['250m', UNIT / 4n],
    ['3u', 3000n],
    ['3n', 3n],
    ['0.1n', 1n],
    ['-0.1n', -1n],
    ['0.0000000011', 2n],
    ['1.0000000000', UNIT],
  ])('reads %s', (text, want) => expect(parseQuantity(text)).toBe(want))

  it.each([
    '',
    '.',
    '+',
    'Gi',
    '1 Gi',
    ' 1',
    '1gi',
    '1GI',
    '1Kb',
    '1KI',
    '1i',
    '1ki',
    '1..2',
    '--1',
    '1e',
    '1e+',
    '1x',
    '0x10',
    '1_000',
    '1e999',
    'NaN',
    '1'.repeat(70),
  ])('refuses %j', (text) => expect(parseQuantity(text)).toBeUndefined())

  const suffix = fc.constantFrom('m', '', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti')
  const bytes: Record<string, number> = {
    m: 1e-3,
    '': 1,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    T: 1e12,
    Ki: 2 ** 10,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
    Ti: 2 ** 40,
  }

  it('means number times suffix', () => {
    fc.assert(
      fc.property(fc.integer({ min: -9999, max: 9999 }), suffix, (number, name) => {
        expect(parseQuantity(`${number}${name}`)).toBe(BigInt(Math.round(number * (bytes[name] ?? 0) * 1000)) * 1_000_000n)
      }),
    )
  })

  it('keeps the order of what it reads', () => {
    const amount = fc.tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 999 }), suffix)
    const size = ([whole, fraction, name]: [number, number, string]) => (whole * 1000 + fraction) * (bytes[name] ?? 0)
    const text = ([whole, fraction, name]: [number, number, string]) => `${whole}.${String(fraction).padStart(3, '0')}${name}`
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        const [first, second] = [requireQuantity(text(a)), requireQuantity(text(b))]
        if (size(a) < size(b)) expect(first <= second).toBe(true)
        expect(first === second).toBe(requireQuantity(text(b)) === requireQuantity(text(a)))
        expect(requireQuantity(`-${text(a)}`)).toBe(-first)
      }),
    )
  })
})

it('requireQuantity names what it cannot read', () =>
  expect(() => requireQuantity('8 Gi')).toThrow('"8 Gi" is not a quantity like 512Mi or 2G'))
