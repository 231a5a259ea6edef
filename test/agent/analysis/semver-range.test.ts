import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseVersion } from '../../../agent/analysis/semver.ts'
import { parseRange } from '../../../agent/analysis/semver-range.ts'

const holds = (range: string, version: string) => parseRange(range)(parseVersion(version))

describe('parseRange', () => {
  // For 1.28.3, each verdict is the peer's, but for the last group: what the peer's parser gets wrong or refuses.
  it.each([
    ['< 1.20.0', false],
    ['>= 1.28.0', true],
    ['>=1.28.0', true],
    ['> 1.28.3', false],
    ['== 1.28.3', true],
    ['=1.28.3', true],
    ['1.28.3', true],
    ['!=1.28.3', false],
    ['!1.28.3', false],
    ['>= 1.28.0 < 1.29.0', true],
    ['>=1.28.0 <1.28.3', false],
    ['<1.20.0 || >=1.28.0', true],
    ['<1.20.0 || >=1.28.0 <1.28.2', false],
    ['1.28.x', true],
    ['=1.27.x', false],
    ['1.x', true],
    ['>= 1.28.x', true],
    ['> 1.28.x', false],
    ['> 1.27.x', true],
    ['<= 1.28.x', true],
    ['< 1.28.x', false],
    ['< 1.29.x', true],
    ['!= 1.28.x', false],
    ['<= 1.x', true],
    ['< 1.x', false],
    [' > 1.0.0 ', true],
    ['>= 1.28.3-rc.1', true],
    ['< 1.28.4-0', true],
    ['>= 1.28.3+x', true],
    ['>1.0.0 !1.28.3', false],
    // ours
    ['! 1.28.3', false],
    ['!= 1.27.x', true],
    ['1.x.x', true],
    ['<1.20.0||>=1.28.0', true],
  ])('takes 1.28.3 for %j: %s', (range, want) => expect(holds(range, '1.28.3')).toBe(want))

  it.each([
    '',
    '  ',
    'foo',
    '>v1.2.3',
    '|| >1.0.0',
    '>1.0.0 ||',
    '=> 1.0.0',
    '>= 1.28',
    '>= 01.2.3',
    '>= 1.28.0 && < 1.29.0',
    '>= 1.28.0, < 1.29.0',
    '~1.28.0',
    '^1.28.0',
    '*',
    'x',
    '1.x.3',
    '>1.0.0 a',
    '< ',
  ])('refuses %j', (range) => expect(() => parseRange(range)).toThrow(/unknown operator|not a version|is empty/))

  it('takes a pre-release for what comes before its release', () => {
    expect([holds('< 1.29.0', '1.29.0-rc.1'), holds('1.29.x', '1.29.0-rc.1'), holds('>= 1.28.0', '1.29.0-rc.1')]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('has operators that agree with one another', () => {
    const number = fc.nat({ max: 2 })
    const version = fc.tuple(number, number, number).map((parts) => parts.join('.'))
    const target = fc.oneof(
      version,
      fc.tuple(number, number).map(([a, b]) => `${a}.${b}.x`),
      number.map((a) => `${a}.x`),
    )
    fc.assert(
      fc.property(version, target, (candidate, bound) => {
        const is = (operator: string) => holds(`${operator} ${bound}`, candidate)
        expect(is('>=')).toBe(!is('<'))
        expect(is('<=')).toBe(!is('>'))
        expect(is('=')).toBe(is('>=') && is('<='))
        expect(is('!=')).toBe(!is('=='))
        expect(holds(`<${bound} || >${bound}`, candidate)).toBe(is('!='))
      }),
    )
  })
})
