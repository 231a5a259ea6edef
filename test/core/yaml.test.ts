import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseYaml, toYaml } from '../../core/yaml.ts'

describe('YAML of a stranger', () => {
  it.each([
    ['a map', 'a: 1\nb: [x, "y"]\nc: {d: null}', { a: 1, b: ['x', 'y'], c: { d: null } }],
    ['nothing', '', null],
    ['a comment', '# nothing', null],
    ['JSON', '{"a": [1, true]}', { a: [1, true] }],
    ['words that other versions take for switches', 'a: yes\nb: on\nc: NO', { a: 'yes', b: 'on', c: 'NO' }],
    ['a schedule without quotes', 'schedule: 0 2 * * *', { schedule: '0 2 * * *' }],
    ['a date, which is a text', 'a: 2026-01-01', { a: '2026-01-01' }],
    ['a merge key, which is a key', '<<: {a: 1}', { '<<': { a: 1 } }],
    ['a text of several lines', 'a: |\n  one\n  two\n', { a: 'one\ntwo\n' }],
  ])('is read: %s', (_, text, want) => {
    expect(parseYaml(text)).toEqual({ value: want, issues: [] })
  })

  it.each([
    ['an anchor', 'a: &x 1\nb: 2', 'anchors and aliases are not allowed', 1],
    ['an alias', 'b: 1\na: &x 1\nc: *x', 'anchors and aliases are not allowed', 2],
    ['an anchor of a map', 'a: &x {b: 1}', 'anchors and aliases are not allowed', 1],
    ['an anchor of a list', 'a: 1\nb: &x [1]', 'anchors and aliases are not allowed', 2],
    ['an unknown tag', 'a: 1\nb: !secret x', 'Unresolved tag: !secret', 2],
    ['a tag that makes other types', 'a: !!binary aGk=', 'tags are not allowed', 1],
    ['a set', '!!set {a, b}', 'tags are not allowed', 1],
    ['a tag that changes nothing', 'a: !!str 5', 'tags are not allowed', 1],
    ['a key that is a collection', '? {x: 1}\n: y', 'a key must be a word', 1],
    ['a key twice', 'a: 1\nb: 2\na: 3', 'Map keys must be unique', 3],
    ['an inner key twice', 'a: 1\nb: {c: 1, d: 2, c: 3}', 'Map keys must be unique', 2],
    ['a key as number and as word', '1: a\n"1": b', 'Map keys must be unique', 2],
    ['two documents', 'a: 1\n---\nb: 2', 'only one document is allowed', 2],
    ['a tab', '\ta: 1', 'Tabs are not allowed as indentation', 1],
    ['an unquoted schedule', 'x: 1\nschedule: * * * * *', 'put the schedule in quotes: "* * * * *"', 2],
    ['an unquoted macro', 'schedule: @daily', 'put the schedule in quotes: "@daily"', 1],
    ['depth', '['.repeat(20_000), 'it is nested too deeply', undefined],
  ])('is refused, with its line: %s', (_, text, message, line) => {
    const { value, issues } = parseYaml(text)
    expect(value).toBeUndefined()
    expect(issues[0]?.message).toBe(message)
    if (line !== undefined) expect(issues[0]?.line).toBe(line)
    expect(issues.length).toBeLessThanOrEqual(20)
  })

  it('does not grow: what could be repeated by aliases is refused before it is', () => {
    const bomb = [
      'a0: &a0 [x, x]',
      ...Array.from({ length: 30 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]`),
    ].join('\n')
    expect(parseYaml(bomb).value).toBeUndefined()
  })

  it('never throws', () => {
    const characters = fc.constantFrom(...'{}[]&*!|>\'"%@`?:-#, \n\ta1~<='.split(''))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(characters, { maxLength: 60 }).map((all) => all.join('')),
        ),
        (text) => {
          const { value, issues } = parseYaml(text)
          if (issues.length > 0) expect(value).toBeUndefined()
          for (const { line, column } of issues) expect([line >= 1, column >= 1]).toEqual([true, true])
        },
      ),
      { seed: 1, numRuns: 1_000 },
    )
  })
})

describe('YAML for people', () => {
  it('is read back as it was, however long its lines are', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const { value: read, issues } = parseYaml(toYaml(value))
        expect(issues).toEqual([])
        expect(JSON.stringify(read)).toBe(JSON.stringify(value))
      }),
      { seed: 1, numRuns: 200 },
    )
    expect(toYaml({ a: 'word '.repeat(100).trim() }).split('\n')).toHaveLength(2)
  })
})
