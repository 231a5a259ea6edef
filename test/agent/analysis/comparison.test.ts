import { describe, expect, it } from 'vitest'
import { compare, wholeNumber, words } from '../../../agent/analysis/comparison.ts'

describe('compare', () => {
  const truth: Record<string, [below: boolean, same: boolean, above: boolean]> = {
    '<': [true, false, false],
    '<=': [true, true, false],
    '>': [false, false, true],
    '>=': [false, true, true],
    '=': [false, true, false],
    '==': [false, true, false],
    '===': [false, true, false],
    '!=': [true, false, true],
    '!==': [true, false, true],
  }
  it.each(Object.entries(truth))('%s', (operator, want) => {
    expect([compare(1, operator, 2), compare(2, operator, 2), compare(3, operator, 2)]).toEqual(want)
    expect([compare(1n, operator, 2), compare(2, operator, 2n), compare(3n, operator, 2)]).toEqual(want)
  })

  it('compares beyond what a number holds', () => expect(compare(2n ** 63n + 1n, '>', 2n ** 63n)).toBe(true))
  it.each(['', '=>', '<>', 'is', 'toString'])('refuses %j', (operator) =>
    expect(() => compare(1, operator, 1)).toThrow(`unknown operator "${operator}"`),
  )
})

describe('wholeNumber', () => {
  it.each([
    ['8', 8n],
    ['-1', -1n],
    ['+2', 2n],
    ['007', 7n],
  ])('reads %s', (text, want) => expect(wholeNumber(text)).toBe(want))
  it.each(['', 'x', '1.0', '1e3', '0x1', ' 1', '1 ', '9'.repeat(31)])('refuses %j', (text) =>
    expect(() => wholeNumber(text)).toThrow('is not a whole number'),
  )
})

describe('words', () => {
  it('splits at single spaces', () => expect(words('a == b', 3)).toEqual(['a', '==', 'b']))
  it.each(['a == b c', 'a ==', 'a  == b', ''])('refuses %j', (when) =>
    expect(() => words(when, 3)).toThrow(/^it must have 3 words, not \d$/),
  )
})
