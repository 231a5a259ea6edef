import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { customRules } from '../../../agent/redaction/custom-rules.ts'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { MASK } from '../../../agent/redaction/rule.ts'
import { defaultRules } from '../../../agent/redaction/rules.ts'
import { isMask, tokens } from '../../../agent/redaction/token.ts'
import { anyCuts, anyFile, anyPath } from './arbitrary.ts'

const KEY = '00112233445566778899aabbccddeeff'.repeat(2)
const OTHER = 'ff'.repeat(32)
const TOKEN = /\*{3}HIDDEN-[0-9a-f]{16}\*{3}/g
const withKey = (tokenKey: string | undefined = KEY) => createRedactor(defaultRules, { tokenKey })

describe('a token', () => {
  it('is the same for the same value in all files and runs, of one length, and another under another key', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (one, two) => {
        const [a, b] = [tokens(KEY), tokens(KEY)]
        expect(a(one)).toBe(b(one))
        expect(a(one)).toMatch(/^\*{3}HIDDEN-[0-9a-f]{16}\*{3}$/)
        if (one !== two && !`${one}${two}`.includes('\\')) expect(a(one)).not.toBe(a(two))
        expect(a(one)).not.toBe(tokens(OTHER)(one))
      }),
    )
  })

  it('cannot be told from the value by who has not the key: a guess gives another', () => {
    const token = tokens(KEY)('hunter2')
    for (const key of [OTHER, '00'.repeat(32)]) expect(tokens(key)('hunter2')).not.toBe(token)
    expect(token).not.toContain('hunter2')
  })

  it('is not made of a token or a mask again', () => {
    const token = tokens(KEY)
    for (const one of [MASK, token('a')]) expect([token(one), isMask(one)]).toEqual([one, true])
    expect(isMask(`${MASK}x`)).toBe(false)
  })

  it.each(['', 'ab', 'g'.repeat(64), 'aa'.repeat(33)])('needs a key of 32 bytes, not %j', (key) => {
    expect(() => createRedactor([], { tokenKey: key })).toThrowError(/64 hexadecimal/)
  })

  it('of a value is the same in every place that a rule finds it, escaped or not', () => {
    const places = [
      'password=s3cret-x',
      '{"password":"s3cret-x"}',
      String.raw`{\"apiKey\":\"s3cret-x\"}`,
      'x://u:s3cret-x@h',
      'DB_TOKEN: s3cret-x',
    ]
    const found = places.flatMap((text) => withKey().text(text).match(TOKEN) ?? [])
    expect(found.filter((token) => token === tokens(KEY)('s3cret-x')).length).toBe(places.length)
    const quoted = [String.raw`{"password":"a\"b\\c"}`, `password='a"b\\c'`].map((text) => withKey().text(text).match(TOKEN))
    expect(quoted[0]).toEqual(quoted[1])
  })

  it('of a known secret is the same in all its encodings', () => {
    const value = 'pl4nted "secret" \u00e9'
    const redactor = createRedactor([], { literals: [value], tokenKey: KEY })
    const texts = [value, JSON.stringify({ value }), encodeURIComponent(value), Buffer.from(value).toString('base64')]
    expect(new Set(texts.flatMap((text) => redactor.text(text).match(TOKEN))).size).toBe(1)
  })

  it('stands for the values of custom redactors too, bytes or text', () => {
    const removals = [{ values: ['caf\u00e9'] }, { regex: [{ redactor: '(?P<mask>caf.)' }] }, { yamlPath: ['a'] }]
    const found = removals.map((one) => {
      const { rules, documents } = customRules([{ name: 'a', removals: one }])
      return createRedactor(rules, { documents, tokenKey: KEY }).text('a: caf\u00e9\n').match(TOKEN)
    })
    expect(found[0]).toHaveLength(1)
    expect(new Set(found.flat()).size).toBe(1)
  })
})

describe('redaction with tokens', () => {
  it('masks exactly what it masks without, however the file is cut', () => {
    const [plain, keyed] = [createRedactor(defaultRules), withKey()]
    const run = (redactor: typeof plain, input: Uint8Array, cuts: number[], path: string) => {
      const file = redactor.file(path)
      const edges = [0, ...cuts.map((cut) => cut % (input.length + 1)).sort((a, b) => a - b), input.length]
      const parts = edges.slice(1).flatMap((end, index) => file.push(input.subarray(edges[index], end)))
      return Buffer.concat([...parts, ...file.end()]).toString('latin1')
    }
    fc.assert(
      fc.property(anyFile, anyCuts, anyPath, (raw, cuts, path) => {
        // That rule looks at most 64 characters back, which hold more masks than tokens.
        const input = Buffer.from(raw.toString('latin1').replaceAll('@tcp(', '@tcp['), 'latin1')
        expect(run(keyed, input, cuts, path).replaceAll(TOKEN, MASK)).toBe(run(plain, input, [], path))
      }),
      { numRuns: 1000 },
    )
  })

  it('leaves a redacted file as it is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('password=abc', '{"apiKey":"x1"}', 'pg://u:p@db:5432/shop?a=b', 'root:pw@tcp(db:3306)/x', 'DB_TOKEN: x'),
        (text) => {
          const once = withKey().text(text)
          expect(withKey().text(once)).toBe(once)
        },
      ),
    )
  })
})
