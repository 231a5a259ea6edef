import { describe, expect, it } from 'vitest'
import { customRules } from '../../../agent/redaction/custom-rules.ts'
import { createRedactor, type RedactorOptions } from '../../../agent/redaction/redactor.ts'
import { MASK } from '../../../agent/redaction/rule.ts'
import { defaultRules } from '../../../agent/redaction/rules.ts'

const made = (redactors: readonly unknown[], options: RedactorOptions = {}) => {
  const { rules, documents, problems } = customRules(redactors)
  expect(problems).toEqual([])
  return createRedactor(rules, { documents, ...options })
}
const regex = (redactor: string, selector?: string) => [{ name: 'r', removals: { regex: [{ redactor, selector }] } }]
const redact = (redactors: readonly unknown[], text: string, path = 'x') => made(redactors).text(text, path)

describe('values', () => {
  it.each([
    ['as they are', ['abc'], 'xabcx ABC', `x${MASK}x ABC`],
    ['however short', ['7'], 'a 7 b', `a ${MASK} b`],
    ['as numbers', [12345], 'n=12345', `n=${MASK}`],
    ['with signs of patterns', ['a.b*c'], 'a.b*c axbxc', `${MASK} axbxc`],
    ['with letters of many bytes', ['caf\u00e9'], 'un caf\u00e9 noir', `un ${MASK} noir`],
    ['the longest first', ['abc', 'abcdef'], 'abcdef abcd', `${MASK} ${MASK}d`],
    ['in base64', ['hunter22!'], Buffer.from('hunter22!').toString('base64'), MASK],
    ['escaped in JSON', ['a"hunter"b'], String.raw`{"k":"a\"hunter\"b"}`, `{"k":"${MASK}"}`],
    ['each line of several', ['abcdef\nghijkl'], 'abcdef\nx ghijkl', `${MASK}\nx ${MASK}`],
  ])('are masked %s', (_, values, text, want) => expect(redact([{ name: 'v', removals: { values } }], text)).toBe(want))
})

describe('regular expressions', () => {
  it.each([
    ['a mask and what is kept', '(password=)(?P<mask>[^ ]+)( )', 'password=abc x', `password=${MASK} x`],
    ['what is dropped', '(a)(?P<drop>b+)(c)', 'abbbc', 'ac'],
    ['text outside of groups, which goes', 'a(b)c', 'xabcx', 'xbx'],
    ['flags at the start', '(?i)(?P<mask>secret)', 'SECRET Secret', `${MASK} ${MASK}`],
    ['one name twice', '(?P<mask>a+)(-)(?P<mask>b+)', 'aa-bb', `${MASK}-${MASK}`],
    ['classes of Go', String.raw`(?P<mask>[[:digit:]]{3}\pL)`, '123\u00e9 12', `${MASK} 12`],
    ['letters of many bytes', '(?P<mask>\u00e9t\u00e9)', 'un \u00e9t\u00e9', `un ${MASK}`],
    ['any character, once for a letter of two bytes', '^(.)(?P<mask>.)(.)$', 'a\u00e9b', `a${MASK}b`],
    ['a mask inside a kept group', '(pass=(?P<mask>[a-z]+))', 'pass=abc', `pass=${MASK}`],
    ['a group inside a mask', '(?P<mask>x(y)z)', 'xyz', MASK],
    ['a mask that took no part, as the peer does', '(a)(?P<mask>b)?', 'ac', `a${MASK}c`],
    ['all of a line, once', '(?P<mask>.*)', 'abc', MASK],
  ])('know %s', (_, pattern, text, want) => expect(redact(regex(pattern), text)).toBe(want))

  it('work around bytes that are no text, and leave these', () => {
    const file = made(regex('(?P<mask>s\u00e9cret)')).file('x')
    const input = Buffer.concat([Buffer.from([0xff, 0xc3, 0x28]), Buffer.from(' s\u00e9cret \ufffd'), Buffer.from([0xe2, 0x82])])
    const out = Buffer.concat([...file.push(input), ...file.end()])
    expect(
      out.equals(Buffer.concat([Buffer.from([0xff, 0xc3, 0x28]), Buffer.from(` ${MASK} \ufffd`), Buffer.from([0xe2, 0x82])])),
    ).toBe(true)
  })

  it('of two lines are for the line after the selector', () => {
    const redactors = regex('("value": ")(?P<mask>[^"]*)(")', '"name": "(?i)PIN"'.replace('(?i)', ''))
    const line = '"value": "1234"'
    expect(redact(redactors, `${line}\n"name": "PIN"\n${line}\n${line}`)).toBe(
      `${line}\n"name": "PIN"\n"value": "${MASK}"\n${line}`,
    )
  })

  it('come after the default rules, in their order, and are counted by their names', () => {
    const { rules } = customRules([
      { name: 'one', removals: { regex: [{ redactor: '(?P<mask>HIDDEN)' }, { redactor: '(?P<mask>b)' }] } },
      { name: 'two', removals: { values: ['z'] } },
    ])
    const redactor = createRedactor([...defaultRules, ...rules])
    expect(redactor.text('password=x1 z b')).toBe(`password=***${MASK}*** ${MASK} ${MASK}`)
    expect(redactor.report().rules).toEqual({ 'key-value-bare': 1, 'custom: one': 1, 'custom: one (2)': 1, 'custom: two': 1 })
  })

  it('are for the files that the selector names', () => {
    const redactors = [
      { name: 'a', fileSelector: { file: 'logs/*' }, removals: { values: ['abc'] } },
      { name: 'b', fileSelector: { files: ['x/**', 'y'] }, removals: { regex: [{ redactor: '(?P<mask>def)' }] } },
    ]
    expect(redact(redactors, 'abc def', 'logs/a')).toBe(`${MASK} def`)
    expect(redact(redactors, 'abc def', 'x/y/z')).toBe(`abc ${MASK}`)
    expect(redact(redactors, 'abc def', 'y')).toBe(`abc ${MASK}`)
    expect(redact(redactors, 'abc def', 'z')).toBe('abc def')
  })
})

describe('a pattern that takes too long', () => {
  const redactor = made(regex('^(?P<mask>(a+)+)$'), { budgetMs: 60 })
  const bad = `${'a'.repeat(40)}b`

  it('costs the file and is said; nothing of the file comes out any more', () => {
    const file = redactor.file('slow.log')
    expect(() => file.push(Buffer.from(`fine\n${bad}\n`))).toThrowError(
      expect.objectContaining({ code: 'REDACTION_FAILED', message: expect.stringContaining('slow.log') }),
    )
    expect(() => file.push(Buffer.from('fine\n'))).toThrowError(/slow\.log/)
    expect(() => file.end()).toThrowError(/slow\.log/)
    expect(redactor.text('aaa\nab')).toBe(`${MASK}\nab`)
  })
})

describe('what is not understood', () => {
  it.each<[string, unknown, RegExp]>([
    ['no object', 7, /redactors\[0\] must be an object/],
    ['nothing to remove', { name: 'a' }, /removes nothing/],
    ['look-ahead', regex('(?=a)')[0], /removals\.regex\[0\]\.redactor: .*not supported/],
    ['a back-reference', regex(String.raw`(a)\1`)[0], /regex\[0\]\.redactor/],
    ['a bracket too many', regex('(a')[0], /well-formed/],
    ['a bad selector', regex('(a)', '(')[0], /regex\[0\]\.selector/],
    ['an empty pattern', regex('')[0], /must be a regular expression/],
    ['values that are no list', { removals: { values: 'abc' } }, /removals\.values must be a list/],
    ['an empty value', { removals: { values: [''] } }, /values\[0\] must be a text/],
    ['a path that is no text', { removals: { yamlPath: [{}] } }, /yamlPath\[0\]/],
    ['files that are no text', { fileSelector: { file: 1 }, removals: { values: ['a'] } }, /fileSelector\.file/],
  ])('is a problem: %s', (_, redactor, want) => {
    const { problems } = customRules([redactor])
    expect(problems).toEqual([expect.stringMatching(want)])
  })
})
