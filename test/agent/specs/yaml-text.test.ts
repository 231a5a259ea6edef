import { describe, expect, it } from 'vitest'
import { readYaml } from '../../../agent/specs/yaml-text.ts'

const values = (text: string) => readYaml(text, 'test').values.map(({ value }) => value)
const messages = (text: string) => readYaml(text, 'test').problems.map(({ message }) => message)

describe('readYaml', () => {
  it('reads aliases and merge keys as the peer does', () => {
    expect(values('a: &a {x: 1, y2: 2}\nb:\n  <<: *a\n  x: 3\nc: *a\n')).toEqual([
      { a: { x: 1, y2: 2 }, b: { x: 3, y2: 2 }, c: { x: 1, y2: 2 } },
    ])
  })

  it.each(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true'])('reads unquoted %s as true', (text) =>
    expect(values(`a: ${text}`)).toEqual([{ a: true }]),
  )
  it.each(['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false'])('reads unquoted %s as false', (text) =>
    expect(values(`a: ${text}`)).toEqual([{ a: false }]),
  )
  it.each(['"yes"', "'no'", 'yEs', 'none', 'only', 'yeses'])('leaves %s a text', (text) =>
    expect(values(`a: ${text}`)).toEqual([{ a: text.replaceAll(/['"]/g, '') }]),
  )

  it('keeps a key named like a prototype a plain key', () => {
    const [value] = values('__proto__: {a: 1}\n') as [Record<string, unknown>]
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  it('refuses aliases that multiply', () => {
    const names = 'bcdefghij'.split('')
    const bomb = names.map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(',')}]`)
    expect(messages(['a: &a [x,x,x,x,x,x,x,x,x]', ...bomb].join('\n'))).toEqual([
      expect.stringContaining('Excessive alias count'),
    ])
  })

  it.each([
    { name: 'an anchor that contains itself', text: 'a: &a\n  b: *a\n' },
    { name: 'a hundred levels', text: `${'['.repeat(102)}${']'.repeat(102)}` },
    { name: 'nothing but brackets', text: '['.repeat(20_000) },
  ])('refuses $name', ({ text }) => {
    expect(values(text)).toEqual([])
    expect(messages(text)).toEqual(['the document cannot be read: it is nested deeper than 100 levels'])
  })

  it('says where a document begins that cannot be read', () => {
    const { problems, values: read } = readYaml('a: 1\n---\n# c\nb: &b\n  c: *b\n', 'test')
    expect([problems.map(({ line, column }) => [line, column]), read.length]).toEqual([[[4, 1]], 1])
  })

  it('refuses a key that is not a text', () =>
    expect(messages('? [a, b]\n: c\n')).toEqual([expect.stringContaining('keys must be')]))

  it('refuses what aliases make huge', () => {
    const text = `a: &a [${Array(3000).fill('1').join(',')}]\nb: [${Array(90).fill('*a').join(',')}]\n`
    expect(messages(text)).toEqual(['the document cannot be read: it has more than 200000 values'])
  })

  it('refuses a map of 20,000 keys one of which stands twice, in reasonable time', () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1\n`).join('')
    const started = performance.now()
    expect(messages(`${text}k7: 2\n`)).toEqual(['the key "k7" stands here twice'])
    expect(performance.now() - started).toBeLessThan(5000)
  })

  it('finds values and keys in the text', () => {
    const [found] = readYaml('# c\na:\n  b:\n  - x: 1\n  - &i {y2: 2}\n  - *i\nc:\n', 'test').values
    const at = found?.at ?? (() => ({}))
    expect(at(['a', 'b', 0, 'x'])).toEqual({ line: 4, column: 8 })
    expect(at(['a', 'b', 0, 'x'], 'key')).toEqual({ line: 4, column: 5 })
    expect(at(['a', 'b', 2])).toEqual({ line: 6, column: 5 })
    expect(at(['a', 'b', 2, 'y2'], 'key')).toEqual({ line: 5, column: 9 })
    expect(at(['a', 'nothing'])).toEqual({ line: 3, column: 3 })
    expect(at(['c'], 'key')).toEqual({ line: 7, column: 1 })
  })
})
