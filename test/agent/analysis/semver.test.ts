import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareVersions, parseTolerantVersion, parseVersion } from '../../../agent/analysis/semver.ts'

const order = (a: string, b: string) => Math.sign(compareVersions(parseVersion(a), parseVersion(b)))

describe('parseVersion', () => {
  it.each([
    '',
    '1',
    '1.2',
    'v1.2.3',
    '1.2.3.4',
    '01.2.3',
    '1.02.3',
    '1.2.03',
    '1.2.3-',
    '1.2.3-a..b',
    '1.2.3-01',
    '1.2.3+',
    '1.2.3+a..b',
    '1.2.3-é',
    '1.2.x',
    ' 1.2.3',
    '1.2.3\n',
    '1.2.-3',
  ])('refuses %j', (text) => expect(() => parseVersion(text)).toThrow('is not a version like 1.2.3'))
  it.each(['0.0.0', '1.2.3-0', '1.2.3-rc.1+build.007', '18446744073709551615.0.0', '1.2.3-x-y-z', '1.2.3+001'])(
    'takes %s',
    (text) => {
      expect(() => parseVersion(text)).not.toThrow()
    },
  )
})

describe('compareVersions', () => {
  const ascending = [
    '0.0.9',
    '0.1.0',
    '1.0.0-0',
    '1.0.0-2',
    '1.0.0-11',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1-a',
    '1.0.1',
    '1.0.10',
    '1.2.0',
    '1.10.0',
    '2.0.0',
    '10.0.0',
  ]

  it('orders versions as semver.org does', () => {
    const signs = ascending.map((a) => ascending.map((b) => order(a, b)))
    expect(signs).toEqual(ascending.map((_, row) => ascending.map((__, column) => Math.sign(row - column))))
  })

  it('does not look at build metadata', () => expect(order('1.2.3+a', '1.2.3+b')).toBe(0))

  const identifier = fc.oneof(fc.nat({ max: 20 }).map(String), fc.constantFrom('a', 'b', 'rc', 'x-1'))
  const version = fc
    .tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 }), fc.nat({ max: 3 }), fc.array(identifier, { maxLength: 3 }))
    .map(([a, b, c, pre]) => `${a}.${b}.${c}${pre.length > 0 ? `-${pre.join('.')}` : ''}`)

  it('is a total order', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(order(a, b)).toBe(-order(b, a) + 0)
        expect(order(a, b) === 0).toBe(a === b)
        if (order(a, b) <= 0 && order(b, c) <= 0) expect(order(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })

  it('puts a pre-release before its release and after the release before', () => {
    fc.assert(
      fc.property(fc.nat({ max: 9 }), identifier, (patch, pre) => {
        expect(order(`1.0.${patch + 1}-${pre}`, `1.0.${patch + 1}`)).toBe(-1)
        expect(order(`1.0.${patch + 1}-${pre}`, `1.0.${patch}`)).toBe(1)
      }),
    )
  })
})

describe('parseTolerantVersion', () => {
  it.each([
    ['20.04', '20.4.0'],
    ['9', '9.0.0'],
    ['v1.2', '1.2.0'],
    [' 08.00.010 ', '8.0.10'],
    ['1.2.3-rc.1', '1.2.3-rc.1'],
    ['1.2.3-rc.01x', '1.2.3-rc.01x'],
    ['0.0', '0.0.0'],
  ])('reads %j as %s', (text, want) => expect(parseTolerantVersion(text)).toEqual(parseVersion(want)))
  it.each(['', 'v', '1.2-rc', 'x.y', '1..2'])('refuses %j', (text) =>
    expect(() => parseTolerantVersion(text)).toThrow('is not a version'),
  )
})
