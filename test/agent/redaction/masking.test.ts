import { describe, expect, it } from 'vitest'
import { masking } from '../../../agent/redaction/masking.ts'
import { MASK } from '../../../agent/redaction/rule.ts'

describe('masking', () => {
  it.each([
    ['masks the group and keeps the others', /(a)(?<mask>b)(c)/g, 'abc', `a${MASK}c`, 1],
    ['masks every match', /(?<mask>b)/g, 'abcb', `a${MASK}c${MASK}`, 2],
    ['numbers groups of one meaning', /(?<mask>a)(-)(?<mask2>b)(?<drop>c)(?<drop2>d)/g, 'a-bcd', `${MASK}-${MASK}`, 1],
    ['removes what is in no group', /x(?<mask>b)y/g, 'xby', MASK, 1],
    ['keeps groups of other names', /(?<host>h)(?<masked>m)(?<mask>x)/g, 'hmx', `hm${MASK}`, 1],
    ['keeps nothing for an optional group that is not there', /(?<mask>a)(?<port>:\d)?/g, 'ab', `${MASK}b`, 1],
    ['masks an optional mask that is not there, as troubleshoot does', /(a)(?<mask>b)?/g, 'ac', `a${MASK}c`, 1],
    [
      'is not confused by classes, escapes and look-around',
      /\((?<=[(\])])(?:a)(?!\()([(?<x>]+)(?<mask>b)/g,
      '(a<x>b',
      `<x>${MASK}`,
      1,
    ],
    ['takes a dollar as it is', /(?<a>\$&)(?<mask>b)/g, '$&b', `$&${MASK}`, 1],
    ['does not count what is masked already', /(?<mask>\*+HIDDEN\*+)/g, MASK, MASK, 0],
    ['leaves a line that does not match', /(?<mask>z)/g, 'abc', 'abc', 0],
  ])('%s', (_, pattern, line, want, count) => {
    const mask = masking({ pattern })
    expect(mask(line)).toMatchObject({ line: want, count })
    expect(mask(line)).toMatchObject({ line: want, count })
  })

  it('tells when characters were brought together', () => {
    expect(masking({ pattern: /(a)(?<mask>b)/g })('ab').isJoined).toBe(false)
    expect(masking({ pattern: /(a)(?<drop>b)/g })('ab').isJoined).toBe(true)
    expect(masking({ pattern: /(a)x(?<mask>b)/g })('axb').isJoined).toBe(true)
  })

  it('spares what it is told to, and says what stood before', () => {
    const seen: string[][] = []
    const spare = (...it: [string, string, string]) => seen.push(it) > 0 && it[0] === '1'
    expect(masking({ pattern: /(=)(?<mask>\d)/g, spare })('a=1 b=2')).toMatchObject({ line: `a=1 b=${MASK}`, count: 1 })
    expect(seen).toEqual([
      ['1', '=1', 'a'],
      ['2', '=2', 'a=1 b'],
    ])
    masking({ pattern: /(=)(?<mask>\d)/g, spare })(`${'x'.repeat(150)}=3`)
    expect(seen.at(-1)).toEqual(['3', '=3', 'x'.repeat(100)])
  })

  it('masks with the text of the rule', () => {
    expect(masking({ pattern: /(?<mask>b)/g, mask: '"-"' })('abc').line).toBe('a"-"c')
  })
})
