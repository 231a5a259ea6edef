import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { lineFinder } from '../../../agent/redaction/line-finder.ts'
import { bitOf, literalAutomaton } from '../../../agent/redaction/literal-automaton.ts'

const anyLetters = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-', ' ', '\xe9'), minLength: 1, maxLength })
const anyText = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', 'B', '-', 'x', ' ', '\xe9', '\n'), maxLength: 60 })

/** The bits of the lists of which a literal is in the line. */
function bitsIn(line: string, lists: string[][]): bigint {
  const lower = line.replaceAll(/[A-Z]/g, (char) => char.toLowerCase())
  return lists.reduce((bits, list, index) => (list.some((literal) => lower.includes(literal)) ? bits | bitOf(index) : bits), 0n)
}

it('finds the literals of every list in every line, and passes over lines with weak ones only', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyLetters(5), { maxLength: 4 }), { maxLength: 60 }),
      anyText,
      fc.boolean(),
      fc.bigInt({ min: 0n, max: 2n ** 52n - 1n }),
      (lists, text, isEvery, weak) => {
        const halves = { low: Number(BigInt.asIntN(32, weak)), high: Number(weak >> 32n) }
        const finder = lineFinder(literalAutomaton(lists), 1000, halves)
        const bytes = Buffer.from(text, 'latin1')
        const found: [string, bigint][] = []
        for (let at = 0; at < bytes.length;) {
          const end = finder.find(bytes, at, isEvery)
          const bits = BigInt.asUintN(32, BigInt(finder.low)) | (BigInt.asUintN(32, BigInt(finder.high)) << 32n)
          found.push([bytes.toString('latin1', finder.start, end), bits])
          at = end + 1
        }
        const lines = text.replace(/\n$/, '').split('\n')
        const all = lines.map((line): [string, bigint] => [line, bitsIn(line, lists)])
        if (text === '') expect(found).toEqual([])
        else if (isEvery) expect(found).toEqual(all)
        else {
          const isStrong = ([, bits]: [string, bigint]) => (bits & ~weak) > 0n
          expect(found.filter(isStrong)).toEqual(all.filter(isStrong))
          // What was found besides is at most the last line.
          expect(found.filter((one) => !isStrong(one)).length).toBeLessThanOrEqual(1)
        }
      },
    ),
    { numRuns: 300 },
  )
})

it('gives lists beyond the last bit that bit', () => {
  expect(new Set(Array.from({ length: 80 }, (_, index) => bitOf(index))).size).toBe(52)
  expect(bitOf(79)).toBe(bitOf(51))
})

it('refuses lines that are too long, wherever they stand', () => {
  const finder = lineFinder(literalAutomaton([['x']]), 3)
  const find = (text: string) => finder.find(Buffer.from(text), 0, false)
  expect(find('abc\nabx\n')).toBe(7)
  for (const text of ['abcd', 'abcd\n', 'abcd\nabc', 'abc\nabcd\nx', 'abc\nabcx'])
    expect(() => find(text)).toThrowError('3 bytes')
})

it('forgets what stood in a line that it passed over', () => {
  const finder = lineFinder(literalAutomaton([['a'], ['b']]), 1000, { low: 1, high: 0 })
  expect(finder.find(Buffer.from('a\nb\n'), 0, false)).toBe(3)
  expect([finder.start, finder.low, finder.high]).toEqual([2, 2, 0])
})
