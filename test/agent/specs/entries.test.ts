import { describe, expect, it } from 'vitest'
import { readEntries } from '../../../agent/specs/entries.ts'
import { parseDocuments } from '../../../agent/specs/parse.ts'
import { bundle, problemsOf } from './spec-text.ts'

const read = (list: unknown) => {
  const { entries, problems } = readEntries(list, ['spec', 'collectors'], () => ({}), 'test')
  return {
    entries: entries.map(({ key, config }) => ({ [key]: config })),
    problems: problems.map(({ severity, code }) => `${severity} ${code}`),
  }
}

describe('readEntries', () => {
  it.each([
    {
      name: 'one key',
      list: [{ cpu: {} }, { logs: { name: 'a' } }],
      entries: [{ cpu: {} }, { logs: { name: 'a' } }],
      problems: [],
    },
    { name: 'no list', list: null, entries: [], problems: [] },
    { name: 'a map for a list', list: { cpu: {} }, entries: [], problems: ['error SPEC_LIST'] },
    { name: 'a key without a value', list: [{ cpu: null }], entries: [{ cpu: {} }], problems: ['warning SPEC_ENTRY_EMPTY'] },
    {
      name: 'a key with a scalar',
      list: [{ cpu: 'yes' }, { memory: {} }],
      entries: [{ memory: {} }],
      problems: ['error SPEC_ENTRY'],
    },
    { name: 'a key with a list', list: [{ cpu: [] }], entries: [], problems: ['error SPEC_ENTRY'] },
    { name: 'a scalar item', list: ['cpu'], entries: [], problems: ['error SPEC_ENTRY'] },
    { name: 'an empty item', list: [{}], entries: [], problems: ['error SPEC_ENTRY'] },
    {
      name: 'two types in one item',
      list: [{ cpu: {}, memory: {} }],
      entries: [{ cpu: {} }, { memory: {} }],
      problems: ['warning SPEC_ENTRY_KEYS'],
    },
    {
      name: 'fields that lost their indentation',
      list: [{ logs: null, selector: ['a'] }],
      entries: [],
      problems: ['warning SPEC_ENTRY_KEYS'],
    },
    {
      name: 'a type beside a stray field',
      list: [{ logs: {}, name: 'a' }],
      entries: [{ logs: {} }],
      problems: ['warning SPEC_ENTRY_KEYS'],
    },
  ])('reads $name', ({ list, entries, problems }) => expect(read(list)).toEqual({ entries, problems }))

  it('says where fields lost their indentation', () => {
    expect(problemsOf(bundle('collectors:', '- logs:', '  selector: [app=a]', '  namespace: x'))).toEqual([
      'warning SPEC_ENTRY_KEYS 5:5 spec.collectors[0] has several keys; "logs", "selector", "namespace" are not used; ' +
        'if they are fields of "logs", indent them below it',
    ])
  })

  it.each([
    { exclude: 'true', isExcluded: true },
    { exclude: '"T"', isExcluded: true },
    { exclude: 'yes', isExcluded: true },
    { exclude: 'false', isExcluded: false },
    { exclude: 'off', isExcluded: false },
    { exclude: '""', isExcluded: false },
    { exclude: '"0"', isExcluded: false },
  ])('takes exclude: $exclude as $isExcluded', ({ exclude, isExcluded }) => {
    const { documents, problems } = parseDocuments(bundle('collectors:', `- logs: {exclude: ${exclude}}`), 'test')
    expect(documents[0]?.collectors.map((entry) => entry.isExcluded)).toEqual([isExcluded])
    expect(problems).toEqual([])
  })

  it.each(['"yes"', 'maybe', '1'])('runs an entry with exclude: %s and warns', (exclude) => {
    const text = bundle('collectors:', `- logs: {exclude: ${exclude}}`)
    expect(parseDocuments(text, 'test').documents[0]?.collectors.map((entry) => entry.isExcluded)).toEqual([false])
    expect(problemsOf(text)).toEqual([expect.stringMatching(/^warning SPEC_EXCLUDE 5:21 exclude of "logs"/)])
  })

  it('keeps source and line of each entry', () => {
    const { documents } = parseDocuments(bundle('collectors:', '- cpu: {}', '- memory:', '    a: 1'), 'a.yaml')
    expect(documents[0]?.collectors).toEqual([
      { key: 'cpu', config: {}, isExcluded: false, source: 'a.yaml', line: 5, at: expect.any(Function) as unknown },
      { key: 'memory', config: { a: 1 }, isExcluded: false, source: 'a.yaml', line: 6, at: expect.any(Function) as unknown },
    ])
    expect(documents[0]?.collectors[1]?.at?.(['a'], 'key')).toEqual({ line: 7, column: 7 })
  })
})
