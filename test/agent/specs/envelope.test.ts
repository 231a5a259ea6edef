import { describe, expect, it } from 'vitest'
import { documentsFromObjects, parseDocuments } from '../../../agent/specs/parse.ts'
import { bundle, problemsOf } from './spec-text.ts'

const indented = (text: string) => text.replaceAll(/^(?=.)/gm, '    ')
const envelope = (kind: string, field: string, key: string, value: string) =>
  `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: vendor\n${field}:\n  ${key}: ${value}\n`
const SPEC = bundle('collectors:', '- logs: {name: a}')

const keysOf = (text: string) => parseDocuments(text, 'test').documents.map(({ collectors }) => collectors.map(({ key }) => key))

describe('an envelope', () => {
  it.each([
    ['a ConfigMap', envelope('ConfigMap', 'data', 'support-bundle-spec', `|\n${indented(SPEC)}`)],
    ['stringData of a Secret', envelope('Secret', 'stringData', 'support-bundle-spec', JSON.stringify(SPEC))],
    ['data of a Secret', envelope('Secret', 'data', 'support-bundle-spec', Buffer.from(SPEC).toString('base64'))],
  ])('gives the documents of %s', (_, text) => {
    expect(keysOf(text)).toEqual([['logs']])
    expect(problemsOf(text)).toEqual([])
  })

  it('holds several documents, and stands among others', () => {
    const both = `${SPEC}---\n${SPEC}`
    const text = `${envelope('ConfigMap', 'data', 'support-bundle-spec', `|\n${indented(both)}`)}---\n${SPEC}`
    expect(keysOf(text)).toEqual([['logs'], ['logs'], ['logs']])
  })

  it('gives redactors too', () => {
    const redactors = 'apiVersion: troubleshoot.sh/v1beta2\nkind: Redactor\nspec: {redactors: [{name: a}]}\n'
    const text = envelope('Secret', 'stringData', 'redactor-spec', JSON.stringify(redactors))
    expect(parseDocuments(text, 'test').documents.map((document) => document.redactors)).toEqual([[{ name: 'a' }]])
  })

  it('keeps lines and columns of a text that stands in it as a block', () => {
    const text = envelope('ConfigMap', 'data', 'support-bundle-spec', `|-\n${indented(bundle('colectors: []'))}`)
    expect(problemsOf(text)).toEqual([expect.stringMatching(/^warning SPEC_KEY_UNKNOWN 10:7 "spec.colectors"/)])
    expect(text.split('\n')[9]?.slice(6)).toBe('colectors: []')
    const broken = envelope('ConfigMap', 'data', 'support-bundle-spec', '|\n    a: [')
    expect(problemsOf(broken)).toEqual([expect.stringMatching(/^error SPEC_YAML 8:5 /)])
  })

  it('names the key where lines of the text would tell nothing', () => {
    const text = envelope('Secret', 'stringData', 'support-bundle-spec', JSON.stringify(bundle('colectors: []')))
    expect(parseDocuments(text, 'a.yaml').problems).toMatchObject([
      { source: 'a.yaml: Secret vendor, key support-bundle-spec', line: 4, column: 3 },
    ])
  })

  it('is opened inside a job', () => {
    const value = { apiVersion: 'v1', kind: 'ConfigMap', data: { 'support-bundle-spec': SPEC } }
    expect(documentsFromObjects([value], 'job').documents).toHaveLength(1)
  })

  it.each([
    ['a value that is no text', envelope('ConfigMap', 'data', 'redactor-spec', '{a: b}'), /^error SPEC_DOCUMENT 6:18/],
    [
      'an envelope in an envelope',
      envelope('ConfigMap', 'data', 'redactor-spec', `|\n${indented(envelope('Secret', 'data', 'a', 'b'))}`),
      /^warning SPEC_SKIPPED 7:17/,
    ],
  ])('reports %s', (_, text, want) => expect(problemsOf(text)).toEqual([expect.stringMatching(want)]))
})
