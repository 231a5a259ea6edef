import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { MASK } from '../../../agent/redaction/rule.ts'

const SECRET = `p"l\\4<n>&t/é d!`
const redactor = createRedactor([], { literals: [SECRET, 'second-secret', 'short', 'two\nfirst line\r\nsecond line'] })
const goJson = (text: string) => JSON.stringify(text).replaceAll(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
const asciiJson = (text: string) =>
  text.replaceAll(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('secret values', () => {
  it.each([
    ['as it is', SECRET],
    ['JSON', JSON.stringify(SECRET).slice(1, -1)],
    ['JSON of Go', goJson(SECRET).slice(1, -1)],
    ['JSON of Python', asciiJson(JSON.stringify(SECRET)).slice(1, -1)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(SECRET)).slice(3, -3)],
    ['JSON of Go in itself', goJson(goJson(SECRET)).slice(3, -3)],
    ['a query', encodeURIComponent(SECRET)],
    ['a query with small letters', encodeURIComponent(SECRET).replaceAll(/%../g, (code) => code.toLowerCase())],
    ['a form', new URLSearchParams({ a: SECRET }).toString().slice(2)],
    ['base64', base64(SECRET)],
    ['base64 for URLs', Buffer.from(SECRET).toString('base64url')],
  ])('are masked in %s', (_, form) => {
    expect(redactor.text(`x${form}y ${form}\nz`)).toBe(`x${MASK}y ${MASK}\nz`)
  })

  it.each([0, 1, 2, 3, 4])('are masked inside base64, %i bytes from its start', (offset) => {
    const encoded = base64(`${'u'.repeat(offset)}second-secret:and more`)
    const redacted = redactor.text(encoded)
    expect(redacted).toContain(MASK)
    const left = redacted.split(MASK)
    expect(Buffer.from(left[0] ?? '', 'base64').toString()).not.toMatch(/s/)
    expect(left.join('').length).toBeLessThan(encoded.length - Math.floor(('second-secret'.length * 4) / 3) + 3)
  })

  it('are masked line by line if they have several, and whole where the lines are escaped', () => {
    expect(redactor.text('a first line b\nsecond line')).toBe(`a ${MASK} b\n${MASK}`)
    expect(redactor.text('"two\\nfirst line\\r\\nsecond line"')).toBe(`"${MASK}"`)
  })

  it('are left alone when shorter than 6 characters', () => {
    expect(redactor.text('short two')).toBe('short two')
    expect(createRedactor([], { literals: ['', 'abc'] }).text('abc')).toBe('abc')
  })

  it('are masked with their own letters only', () => {
    expect(redactor.text('SECOND-SECRET')).toBe('SECOND-SECRET')
  })

  it('prefer the longest', () => {
    expect(createRedactor([], { literals: ['abcdef', 'abcdefgh'] }).text('abcdefghi')).toBe(`${MASK}i`)
  })

  it('are masked before any rule sees the line, and counted', () => {
    const both = createRedactor([{ kind: 'line', name: 'x', literals: [['x']], pattern: /(?<mask>x+)/g }], {
      literals: ['abxxcd'],
    })
    expect(both.text('abxxcd xx')).toBe(`${MASK} ${MASK}`)
    expect(both.report().rules).toEqual({ 'secret-value': 1, x: 1 })
  })

  it('never come out, whatever they are', () => {
    const anySecret = fc
      .string({ unit: 'grapheme', minLength: 6, maxLength: 40 })
      .filter((text) => !/[*\r\n]|HIDDEN/.test(text) && text.isWellFormed())
    fc.assert(
      fc.property(anySecret, fc.string(), (secret, around) => {
        const redacted = createRedactor([], { literals: [secret] }).text(
          `${around}${secret}${around} ${JSON.stringify({ secret })} ${base64(secret)}`,
        )
        expect(redacted.includes(secret)).toBe(`${around}${MASK}${around}`.includes(secret))
        expect(redacted).not.toContain(base64(secret))
      }),
    )
  })
})
