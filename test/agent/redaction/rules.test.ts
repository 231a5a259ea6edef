import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../../agent/redaction/redactor.ts'
import { defaultRules } from '../../../agent/redaction/rules.ts'
import type { Rule } from '../../../agent/redaction/rule.ts'

const patternsOf = (rule: Rule): { globals: RegExp[]; tests: RegExp[] } => {
  if (rule.kind === 'line') return { globals: [rule.pattern], tests: [] }
  if (rule.kind === 'two-line') return { globals: [rule.pattern], tests: [rule.selector] }
  return { globals: [], tests: [rule.begin, rule.end, rule.body] }
}

describe.each(defaultRules.map((rule) => [rule.name, rule] as const))('rule %s', (_, rule) => {
  const { globals, tests } = patternsOf(rule)

  it('has literals that can be found', () => {
    expect(rule.literals.length).toBeGreaterThan(0)
    for (const literal of rule.literals.flat()) expect(literal).toMatch(/^[ -@[-~]+$/)
  })

  it('has the flags that its use needs', () => {
    for (const pattern of globals) expect(pattern.flags).toMatch(/^gi?$/)
    for (const pattern of tests) expect(pattern.flags).toMatch(/^i?$/)
  })

  it('names white space, since half a letter may look like it', () => {
    for (const { source } of [...globals, ...tests]) expect(source).not.toMatch(/\\s/i)
  })

  it('bounds its backslashes, of which long runs occur', () => {
    for (const { source } of [...globals, ...tests]) expect(source).not.toMatch(/\\\\[*+]/)
  })
})

it('names are unique', () => {
  expect(new Set(defaultRules.map(({ name }) => name)).size).toBe(defaultRules.length)
})

/** A rule that is quadratic in one of these needs minutes. */
describe('a line of 1 MB without an end in sight', () => {
  const redactor = createRedactor(defaultRules)
  const all = '"name":"x" \\"name\\":\\" "value" http://a:b@tcp(x secret_access_key database; '
  it.each([
    ['', '"name":"'],
    [all, '"name": "password'],
    [all, '"name":"'],
    [all, '\\'],
    [all, '\\"name\\":\\"token'],
    [all, '://'],
    [all, 'x://u:@'],
    [all, '://a:@@@@@@@@'],
    [`${all}@tcp(`, 'a '],
    [`${all}x:`, '@tcp('],
    [all, 'password='],
    [all, 'password = ='],
    [all, 'token: '],
    [`${all}password="`, "''"],
    [`${all}password:`, ' '],
    [`${all}\\n`, '- '],
    [all, '"password":'],
    [all, 'eyJ'],
    ['eyJabcdef.', 'eyJabcdef.'],
    ['', '-----BEGIN PRIVATE KEY-----'],
    ['', '"entity": "osd.'],
    ['location=', 'server = uid = pwd'],
    ['bearer authorization: ', 'bearer '],
    ['LS0tLS1CRUdJTi', 'LS0tLS1CRUdJTiBSU0EgUF'],
  ])('%j and much of %j', (start, unit) => {
    const line = start + unit.repeat(1_000_000 / unit.length)
    expect(redactor.text(`${line}\nend`)).toMatch(/(?:end|\*)$/)
  })
})
