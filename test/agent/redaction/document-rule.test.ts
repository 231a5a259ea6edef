import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { createRedactor, type RedactorOptions } from '../../../agent/redaction/redactor.ts'
import { MASK } from '../../../agent/redaction/rule.ts'

function redactor(paths: string[], more: { files?: string[] } & RedactorOptions = {}) {
  const { files, ...options } = more
  const rule = { name: 'doc', paths: paths.map((path) => path.split('.')), ...(files ? { files } : {}) }
  return createRedactor([], { documents: [rule], ...options })
}

describe('paths in JSON', () => {
  it.each([
    ['a.b', '{"a": {"b": "x", "c": 1}, "b": 2}', `{"a": {"b": "${MASK}", "c": 1}, "b": 2}`],
    ['a.*.b', '{"a":[{"b":1},{"c":2},{"b":null}]}', `{"a":[{"b":"${MASK}"},{"c":2},{"b":"${MASK}"}]}`],
    ['a.1', '{"a":[1, [2, 3] , 4]}', `{"a":[1, "${MASK}" , 4]}`],
    ['*', '{"a":{"x":[]},"b":"\\"}"}', `{"a":"${MASK}","b":"${MASK}"}`],
    ['a', '[{"a":1}]', '[{"a":1}]'],
    ['0.a', '[{"a":"\u00e9"}]', `[{"a":"${MASK}"}]`],
    ['a', '{"a":1}\n{"b":2}\n{"a":3}\n', `{"a":"${MASK}"}\n{"b":2}\n{"a":"${MASK}"}\n`],
    ['a', '{"b":"a"}', '{"b":"a"}'],
  ])('%s of %j', (path, text, want) => expect(redactor([path]).text(text)).toBe(want))

  it('gives JSON in which only those values changed, however the file is cut', () => {
    fc.assert(
      fc.property(
        fc.object({ key: fc.constantFrom('a', 'b', 'c'), maxDepth: 3 }),
        fc.nat(),
        fc.boolean(),
        (value, cut, indented) => {
          const bytes = Buffer.from(JSON.stringify(value, undefined, indented ? 2 : 0))
          const file = redactor(['a.b', 'c.*']).file('x')
          const at = cut % (bytes.length + 1)
          const out = [...file.push(bytes.subarray(0, at)), ...file.push(bytes.subarray(at)), ...file.end()]
          const want = JSON.parse(bytes.toString()) as Record<string, Record<string, unknown>>
          const isHolder = (one: unknown): one is Record<string, unknown> => typeof one === 'object' && one !== null
          if (isHolder(want['a']) && 'b' in want['a']) want['a']['b'] = MASK
          if (isHolder(want['c'])) for (const key of Object.keys(want['c'])) want['c'][key] = MASK
          expect(JSON.parse(Buffer.concat(out).toString())).toEqual(want)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('paths in YAML', () => {
  it.each([
    ['a.b', 'a:\n  b: x # why\n  c: 1\n', `a:\n  b: '${MASK}' # why\n  c: 1\n`],
    ['a.*', 'a:\n- x\n- "y"\n', `a:\n- '${MASK}'\n- '${MASK}'\n`],
    ['a', '# top\na: {b: [c]}\n---\nb: 1\n---\na: 2\n', `# top\na: '${MASK}'\n---\nb: 1\n---\na: '${MASK}'\n`],
    ['a', 'a: |\n  one\n  two\nb: 1\n', undefined],
    ['a', 'a:\n  b: secret\nc: 1\n', undefined],
    ['a', 'x: &s secret\na: *s\n', undefined],
    ['a', 'a: &s secret\nx: *s\n', undefined],
    ['a.b', 'd: &d\n  b: secret\na:\n  <<: *d\n', undefined],
    ['a', 'a: !!str secret\n', undefined],
  ])('%s of %j', (path, text, want) => {
    const out = redactor([path]).text(text)
    if (want !== undefined) expect(out).toBe(want)
    expect(out).toContain(MASK)
    expect(out).not.toMatch(/secret|one|two/)
    for (const document of parseAllDocuments(out)) if ('errors' in document) expect(document.errors).toEqual([])
  })
})

describe('a value at a path', () => {
  it('has one token, however it is written', () => {
    const tokenKey = 'ab'.repeat(32)
    const texts = ['{"a":"x\\ny"}', 'a: "x\\ny"\n', 'a: |-\n  x\n  y\n']
    const found = texts.map((text) => /HIDDEN-[0-9a-f]{16}/.exec(redactor(['a'], { tokenKey }).text(text))?.[0])
    expect(found[0]).toBeDefined()
    expect(new Set(found).size).toBe(1)
  })
})

describe('a file that cannot be looked into', () => {
  const failing = (make: () => unknown) => expect(make).toThrowError(expect.objectContaining({ code: 'REDACTION_FAILED' }))

  it('is refused when the keys of a path stand in it', () => {
    failing(() => redactor(['a.password']).text('a: [1\npassword: x\n'))
    failing(() => redactor(['a']).text('{"a": 1'))
    failing(() => redactor(['a'], { files: ['x.log'] }).text('plain: text: here', 'x.log'))
  })

  it('passes when they do not, or when it begins like a log', () => {
    expect(redactor(['a.password']).text('{"a": [1')).toBe('{"a": [1')
    const log = `2025-05-12 password a\n${'x'.repeat(2000)}\n`
    const one = redactor(['a.password'], { documentLimits: { jsonBytes: 100, yamlBytes: 100 } })
    expect(one.text(log)).toBe(log)
    const file = one.file('x')
    const parts = Array.from(Buffer.from(log), (byte) => file.push(Uint8Array.of(byte))).flat()
    expect(Buffer.concat([...parts, ...file.end()]).toString()).toBe(log)
  })

  it('is refused when it is too long', () => {
    const documentLimits = { jsonBytes: 100, yamlBytes: 50 }
    failing(() => redactor(['zzz'], { documentLimits }).text(`{"a":"${'x'.repeat(100)}"}`))
    failing(() => redactor(['a'], { documentLimits }).text(`a: ${'x'.repeat(60)}\n`))
    expect(redactor(['a'], { documentLimits }).text(`{"a":"${'x'.repeat(60)}"}`)).toBe(`{"a":"${MASK}"}`)
  })

  it('is refused when it is not in UTF-8 and has something to mask', () => {
    const file = redactor(['a']).file('x')
    failing(() => [...file.push(Buffer.from('{"a":"\xff"}', 'latin1')), ...file.end()])
    failing(() => file.end())
  })

  it('is refused when it is nested too deeply', () => {
    failing(() => redactor(['a'], { files: ['x'] }).text(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'x'))
  })
})
