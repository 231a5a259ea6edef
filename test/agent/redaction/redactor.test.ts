import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TROUBLESHOOT_RULES } from '../../../agent/redaction/default-rules.ts'
import { createRedactor, redactText } from '../../../agent/redaction/redactor.ts'
import type { Redactor } from '../../../agent/redaction/redactor.ts'
import { MASK } from '../../../agent/redaction/rule.ts'
import type { LineRule, Rule } from '../../../agent/redaction/rule.ts'
import { defaultRules } from '../../../agent/redaction/rules.ts'
import { anyCuts, anyFile, anyPath } from './arbitrary.ts'
import { redactNaively } from './reference.ts'

/** The file as it comes out when it goes in cut at these positions. */
function redactInChunks(redactor: Redactor, input: Uint8Array, cuts: number[] = [], path = 'x'): Buffer {
  const file = redactor.file(path)
  const edges = [0, ...cuts.map((cut) => cut % (input.length + 1)).sort((a, b) => a - b), input.length]
  const parts = edges.slice(1).flatMap((end, index) => file.push(input.subarray(edges[index], end)))
  return Buffer.concat([...parts, ...file.end()])
}

describe('a redactor', () => {
  const redactor = createRedactor(defaultRules)

  it.each([
    ['all rules', defaultRules],
    ["troubleshoot's rules", TROUBLESHOOT_RULES],
  ])('gives the bytes of the naive way, however the file is cut: %s', (_, rules) => {
    const redactor = createRedactor(rules)
    fc.assert(
      fc.property(anyFile, anyCuts, anyPath, (input, cuts, path) => {
        const want = redactNaively(rules, input, path)
        expect(redactInChunks(redactor, input, cuts, path).toString('latin1')).toBe(want.toString('latin1'))
        expect(Buffer.concat(redactor.file(path).end(input)).toString('latin1')).toBe(want.toString('latin1'))
        const file = redactor.file(path)
        const cut = (cuts[0] ?? 0) % (input.length + 1)
        const parts = [...file.push(input.subarray(0, cut)), ...file.end(input.subarray(cut))]
        expect(Buffer.concat(parts).toString('latin1')).toBe(want.toString('latin1'))
      }),
      { numRuns: 1000 },
    )
  })

  it('gives the same for a file in single bytes', () => {
    fc.assert(
      fc.property(anyFile, (input) => {
        const singles = Array.from(input, (_, index) => index)
        expect(redactInChunks(redactor, input, singles).equals(redactInChunks(redactor, input))).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  it('keeps the state of files apart that are in flight together', () => {
    const texts = [
      '"name": "password"\n"value": "a"\n',
      '"name": "other"\n"value": "b"\n',
      '-----BEGIN PRIVATE KEY-----\nc\n',
      'plain\nd\n',
    ]
    const files = texts.map((text) => ({ text, file: redactor.file(text), out: [] as Uint8Array[] }))
    for (let at = 0; at < 40; at++)
      for (const { text, file, out } of files) out.push(...file.push(Buffer.from(text.slice(at, at + 1))))
    for (const { file, text, out } of files) expect(Buffer.concat([...out, ...file.end()]).toString()).toBe(redactor.text(text))
  })

  it('gives views of the input where nothing is changed', () => {
    const input = new Uint8Array(Buffer.from('first line\nuser=x password=y\nlast \xff line\n', 'latin1'))
    const parts = redactor.file('x').push(input)
    expect(parts.map((part) => part.buffer === input.buffer)).toEqual([true, false, true])
    expect(parts.map((part) => part.byteLength)).toEqual([11, 28, 13])
    expect(redactor.file('x').push(Buffer.from('nothing here\n'))).toHaveLength(1)
    expect(redactor.file('x').push(Buffer.from('password=y\n'))).toHaveLength(2)
  })

  it('does not depend on what the caller does with a buffer after its pieces were used', () => {
    const file = redactor.file('x')
    const buffer = Buffer.from('a\npassword=')
    const out = [Buffer.concat(file.push(buffer))]
    buffer.fill('z')
    out.push(...file.push(Buffer.from('hunter2\n')).map((part) => Buffer.from(part)))
    expect(Buffer.concat(out).toString()).toBe(`a\npassword=${MASK}\n`)
  })

  it('passes invalid UTF-8 beside what it masks', () => {
    const input = Buffer.from('\xff\xfe\x80 password=h\xffx \xc3\n\x80', 'latin1')
    expect(redactInChunks(redactor, input).toString('latin1')).toBe(`\xff\xfe\x80 password=${MASK} \xc3\n\x80`)
  })

  it('gives nothing for nothing', () => {
    const file = redactor.file('x')
    expect([...file.push(new Uint8Array()), ...file.end()]).toEqual([])
  })

  it('redacts one line of 10 MB', () => {
    const pair = '{"name":"DB_PASSWORD","value":"pl4nted","at":"https://u:pl4nted@h/x"},'
    const redacted = redactor.text(`[${pair.repeat(10_000_000 / pair.length)}0]`)
    expect(redacted).not.toContain('pl4nted')
    expect(JSON.parse(redacted)).toHaveLength(Math.floor(10_000_000 / pair.length) + 1)
  })

  it('reports what it masked, by rule, by file and for one file', () => {
    const own = createRedactor(defaultRules)
    const file = own.file('a.log')
    file.push(Buffer.from('password=a1, token=b1\nx\npassword=c1\n'))
    file.end()
    own.text('password=d1', '__proto__')
    own.text('nothing', 'b.log')
    own.text('-----BEGIN PRIVATE KEY-----\na\n\nb\n-----END PRIVATE KEY-----', 'c.log')
    expect(file.counts).toEqual({ 'key-value-bare': 3 })
    expect(own.report()).toEqual({
      rules: { 'key-value-bare': 4, 'private-key': 2 },
      files: { 'a.log': 3, ['__proto__']: 1, 'c.log': 2 },
    })
  })

  it('masks log lines for whoever has no redactor', () => {
    expect(redactText('error: password=hunter2 \u00e0\n')).toBe(`error: password=${MASK} \u00e0\n`)
  })
})

describe('a redactor that cannot go on', () => {
  const short = createRedactor(defaultRules, { maxLineBytes: 10 })

  it.each([
    [['0123456789x']],
    [['0123456789x\n']],
    [['ok\n01234', '56789x']],
    [['ok\n01234', '56789x\nok\n']],
    [['ok\nok\n0123456789x\nok\n']],
    [['password=123\n']],
  ])('leaves out a file with a line that is too long: %j', (chunks) => {
    const file = short.file('x')
    const push = () => chunks.flatMap((chunk) => file.push(Buffer.from(chunk))).concat(file.end())
    expect(push).toThrowError(expect.objectContaining({ code: 'REDACTION_FAILED' }))
    expect(() => file.push(Buffer.from('ok\n'))).toThrowError(/10 bytes/)
    expect(() => file.end()).toThrowError(/10 bytes/)
  })

  it('does not wait for the end of a line that is too long', () => {
    expect(() => short.file('x').push(Buffer.from('0123456789x'))).toThrowError(/10 bytes/)
  })

  it('takes lines of just the greatest length', () => {
    expect(short.text('0123456789\n0123456789')).toBe('0123456789\n0123456789')
  })

  it('leaves out a file whose value is too long for the engine of regular expressions', () => {
    const text = `{"password":"${'a'.repeat(15_000_000)}"}`
    expect(() => redactText(text)).toThrowError(expect.objectContaining({ code: 'REDACTION_FAILED' }))
  })

  it('throws what a broken rule throws, with its name, and gives nothing more', () => {
    const spare = () => {
      throw new TypeError('oops')
    }
    const broken: LineRule = { kind: 'line', name: 'broken', literals: [['a']], pattern: /(?<mask>a)/g, spare }
    const file = createRedactor([broken]).file('x')
    expect(() => file.push(Buffer.from('b\na\n'))).toThrowError('rule broken: oops')
    expect(() => file.push(Buffer.from('b\n'))).toThrowError('rule broken: oops')
    expect(() => file.end()).toThrowError('rule broken: oops')
  })

  it('does not begin again after the end', () => {
    const file = short.file('x')
    file.end()
    expect(() => file.push(Buffer.from('b\n'))).toThrowError('ended')
    expect(() => file.end()).toThrowError('ended')
  })
})

describe('rules given to a redactor', () => {
  const line = (name: string, pattern: RegExp, literals: string[][], files?: string[]): Rule => ({
    kind: 'line',
    name,
    pattern,
    literals,
    ...(files ? { files } : {}),
  })

  it('work without literals, on every line', () => {
    expect(createRedactor([line('digits', /(?<mask>\d{3})/g, [])]).text('a 123\nb 45\nc 678')).toBe(`a ${MASK}\nb 45\nc ${MASK}`)
  })

  it('apply in order, each to what the one before left, also where that brings a literal together', () => {
    const rules = [
      line('drop', /(?<drop>-)/g, [['-']]),
      line('mask', /(?<mask>secret)/g, [['secret']]),
      line('outside', /x(y)x/g, [['xyx']]),
    ]
    expect(createRedactor(rules).text('sec-ret\nse-cret xyx')).toBe(`${MASK}\n${MASK} y`)
    const outside = [line('outside', /x(y)x/g, [['xyx']]), line('mask', /(?<mask>ayb)/g, [['ayb']])]
    expect(createRedactor(outside).text('axyxb')).toBe(MASK)
  })

  it('of two lines take their turn among the others, and a line that they mask may select the next', () => {
    const next: Rule = { kind: 'two-line', name: 'next', literals: [['s']], selector: /s/, pattern: /(?<mask>s?x)/g }
    const redactor = createRedactor([next, line('after', /(x)(?<mask>y)/g, [['y']])])
    expect(redactor.text('s\nxy\nxy')).toBe(`s\n${MASK}y\nx${MASK}`)
    expect(redactor.text('s\nsx\nx\nx')).toBe(`s\n${MASK}\n${MASK}\nx`)
  })

  it('are for the files that they name', () => {
    const redactor = createRedactor([line('a', /(?<mask>a)/g, [['a']], ['*/a.txt', 'b*']), line('b', /(?<mask>b)/g, [['b']])])
    expect(redactor.text('ab', 'x/a.txt')).toBe(MASK + MASK)
    expect(redactor.text('ab', 'bb')).toBe(MASK + MASK)
    expect(redactor.text('ab', 'x/b')).toBe(`a${MASK}`)
    expect(redactor.text('ab', 'x/y/a.txt')).toBe(`a${MASK}`)
  })

  it('may be many', () => {
    const words = Array.from({ length: 90 }, (_, index) => `word${index}x`)
    const redactor = createRedactor(words.map((word) => line(word, new RegExp(`(?<mask>${word})`, 'g'), [[word], ['=']])))
    for (const word of words) expect(redactor.text(`${word} = 1`)).toBe(`${MASK} = 1`)
    for (const word of words) expect(redactor.text(`${word} + 1`)).toBe(`${word} + 1`)
  })
})
