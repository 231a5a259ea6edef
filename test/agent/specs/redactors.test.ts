import { describe, expect, it } from 'vitest'
import { parseDocuments } from '../../../agent/specs/parse.ts'
import { problemsOf } from './spec-text.ts'

const redactor = (...lines: string[]) =>
  [
    'apiVersion: troubleshoot.sh/v1beta2',
    'kind: Redactor',
    'spec:',
    '  redactors:',
    ...lines.map((line) => `  ${line}`),
    '',
  ].join('\n')

describe('a Redactor document', () => {
  it('gives its redactors in their order', () => {
    const text = redactor(
      '- name: a',
      '  fileSelector: {file: "a/*", files: [b]}',
      '  removals: {values: [x], yamlPath: [a.b], regex: [{selector: s, redactor: r}]}',
      '- name: b',
    )
    expect(parseDocuments(text, 'test').documents.map(({ redactors }) => redactors.map(({ name }) => name))).toEqual([['a', 'b']])
    expect(problemsOf(text)).toEqual([])
  })

  it.each([
    [
      'a misspelt field',
      ['- name: a', '  remvals: {}'],
      '6:5 "remvals" is not a field of a redactor\'s "redactor"; did you mean "removals"?',
    ],
    [
      'a field one level too high',
      ['- values: [x]'],
      '5:5 "values" is not a field of a redactor\'s "redactor"; it belongs to "removals"',
    ],
    [
      'a field one level too deep',
      ['- removals: {file: x}'],
      '5:16 "file" is not a field of a redactor\'s "removals"; it belongs to "fileSelector"',
    ],
    [
      'a misspelt field of a regex',
      ['- removals: {regex: [{redacter: x}]}'],
      '5:25 "redacter" is not a field of a redactor\'s "regex"; did you mean "redactor"?',
    ],
    ['an item that is no object', ['- a'], '5:5 spec.redactors[0] must be an object'],
    ['removals that are no object', ['- removals: [a]'], '5:15 "removals" must be an object'],
  ])('refuses %s', (_, lines, want) => expect(problemsOf(redactor(...lines))).toEqual([`error SPEC_REDACTORS ${want}`]))

  it('refuses a list that is none', () => {
    const text = 'apiVersion: troubleshoot.sh/v1beta2\nkind: Redactor\nspec:\n  redactors: {a: b}\n'
    expect(problemsOf(text)).toEqual(['error SPEC_REDACTORS 4:3 spec.redactors must be a list'])
  })
})
