import { describe, expect, it } from 'vitest'
import { LISTS } from '../../../agent/specs/document.ts'
import { documentsFromObjects, parseDocuments } from '../../../agent/specs/parse.ts'
import { bundle, problemsOf } from './spec-text.ts'

const V2 = 'apiVersion: troubleshoot.sh/v1beta2\n'

const keysOf = (text: string) => {
  const [document] = parseDocuments(text, 'test').documents
  return document && Object.fromEntries(LISTS.map((list) => [list, document[list].map(({ key }) => key)]))
}

describe('interpretDocument: kinds', () => {
  const lists =
    'spec:\n  collectors: [{a: {}}]\n  hostCollectors: [{b: {}}]\n  analyzers: [{c: {}}]\n  hostAnalyzers: [{d: {}}]\n'

  it('reads every list of a SupportBundle', () => {
    expect(keysOf(`${V2}kind: SupportBundle\n${lists}`)).toEqual({
      collectors: ['a'],
      hostCollectors: ['b'],
      analyzers: ['c'],
      hostAnalyzers: ['d'],
    })
  })

  it('reads the older API version', () => {
    const text = `apiVersion: troubleshoot.replicated.com/v1beta1\nkind: SupportBundle\nmetadata: {name: old}\n${lists}`
    const { documents, problems } = parseDocuments(text, 'test')
    expect(documents.map(({ kind, name, line }) => ({ kind, name, line }))).toEqual([
      { kind: 'SupportBundle', name: 'old', line: 1 },
    ])
    expect(problems).toEqual([])
  })

  it.each([
    { kind: 'Collector', want: { collectors: ['a'], hostCollectors: [], analyzers: [], hostAnalyzers: [] } },
    { kind: 'HostCollector', want: { collectors: [], hostCollectors: ['a'], analyzers: [], hostAnalyzers: [] } },
    { kind: 'Analyzer', want: { collectors: [], hostCollectors: [], analyzers: ['c'], hostAnalyzers: ['d'] } },
  ])('reads of a $kind what the peer reads', ({ kind, want }) => expect(keysOf(`${V2}kind: ${kind}\n${lists}`)).toEqual(want))

  it.each([
    {
      name: 'a Redactor of a version that is not known',
      text: 'apiVersion: whatever/v1\nkind: Redactor\n',
      want: /^error SPEC_API_VERSION/,
    },
    {
      name: 'a newer version',
      text: 'apiVersion: troubleshoot.sh/v1beta4\nkind: SupportBundle\n',
      want: /^error SPEC_NOT_SUPPORTED 1:13 .*v1beta4 is not supported by this version/,
    },
    {
      name: 'a misspelt field of a Preflight',
      text: `${V2}kind: Preflight\nspec: {analyzer: []}\n`,
      want: /^warning SPEC_K/,
      count: 2,
    },
    {
      name: 'a misspelt group',
      text: 'apiVersion: troubleshot.sh/v1beta2\nkind: SupportBundle\n',
      want: /^error SPEC_API_VERSION 1:13/,
    },
    {
      name: 'no apiVersion',
      text: 'kind: SupportBundle\n',
      want: /^error SPEC_API_VERSION 1:1 apiVersion must be troubleshoot.sh\/v1beta2, not null/,
    },
    {
      name: 'an unknown kind',
      text: `${V2}kind: SuportBundle\n`,
      want: /^error SPEC_KIND 2:7 kind "SuportBundle" is unknown; did you mean "SupportBundle"\?/,
    },
    { name: 'no kind', text: V2, want: /^error SPEC_KIND 1:1 kind null is unknown/ },
    { name: 'a Preflight', text: `${V2}kind: Preflight\n`, want: /^warning SPEC_KIND_UNUSED 2:7 a Preflight/ },
    {
      name: 'another document',
      text: 'apiVersion: apps/v1\nkind: Deployment\n',
      want: /^warning SPEC_SKIPPED 1:13 apps\/v1 Deployment/,
    },
    { name: 'an ordinary ConfigMap', text: 'apiVersion: v1\nkind: ConfigMap\ndata: {a: x}\n', want: /^warning SPEC_SKIPPED 2:7/ },
    { name: 'a list', text: '- a\n', want: /^error SPEC_DOCUMENT 1:1/ },
    { name: 'a text', text: 'hello\n', want: /^error SPEC_DOCUMENT 1:1/ },
    { name: 'a spec that is a list', text: `${V2}kind: SupportBundle\nspec: []\n`, want: /^error SPEC_DOCUMENT 3:7/ },
    { name: 'no spec', text: `${V2}kind: SupportBundle\n`, want: /^warning SPEC_EMPTY 2:1/ },
  ])('reports $name', ({ text, want, count = 1 }) =>
    expect(problemsOf(text)).toEqual(Array.from({ length: count }, () => expect.stringMatching(want) as unknown)),
  )
})

describe('interpretDocument: keys', () => {
  it.each([
    {
      name: 'a misspelt list',
      text: bundle('colectors: []'),
      want: '4:3 "spec.colectors" is not a field of SupportBundle and not used; did you mean "collectors"?',
    },
    {
      name: 'a strange field',
      text: bundle('includeLogs: true'),
      want: '4:3 "spec.includeLogs" is not a field of SupportBundle and not used',
    },
    {
      name: 'a top-level list',
      text: `${bundle('collectors: []')}analyzers: []\n`,
      want: '5:1 "analyzers" is not used here; it belongs under "spec"',
    },
    {
      name: 'a misspelt top-level key',
      text: `${bundle('collectors: []')}metdata: {}\n`,
      want: '5:1 "metdata" is unknown and not used; did you mean "metadata"?',
    },
    {
      name: 'a field that is not built',
      text: bundle('afterCollection: [{callback: {}}]'),
      want: '4:3 "spec.afterCollection" is not used by this version: use the upload targets and notifications of the job instead',
    },
    {
      name: 'a list that the kind has and the peer does not use',
      text: `${V2}kind: Collector\nspec: {hostCollectors: [{cpu: {}}]}\n`,
      want: '3:8 "spec.hostCollectors" is not used by this version: put them into a HostCollector or SupportBundle document',
      code: 'SPEC_KEY_MISPLACED',
    },
    {
      name: 'a list of another kind',
      text: `${V2}kind: Collector\nspec: {collectors: []}\nanalyzers: []\n`,
      want: '4:1 "analyzers" is not used here; it belongs under "spec" of SupportBundle or HostCollector or Analyzer',
    },
    {
      name: 'a top-level key under spec',
      text: bundle('metadata: {name: a}'),
      want: '4:3 "spec.metadata" is not a field of SupportBundle and not used; it belongs beside "spec"',
    },
  ])('warns of $name', ({ text, want, code = 'SPEC_KEY_[A-Z]+' }) =>
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(new RegExp(`^warning ${code} ${want.replaceAll(/[.?()]/g, '\\$&')}$`)),
    ]),
  )

  it('is silent about every key of a Kubernetes object', () => {
    expect(problemsOf(`${bundle('collectors: []')}metadata: {name: a, labels: {b: c}}\nstatus: {}\nx-anchors: {}\n`)).toEqual([])
  })

  it.each(['uri: ""', 'runHostCollectorsInPod: false', 'runHostCollectorsInPod: true', 'afterCollection: []'])(
    'is silent about %s',
    (line) => expect(problemsOf(bundle(line))).toEqual([]),
  )

  it.each([
    { name: 'under spec', text: bundle('redactors:', '- name: a') },
    { name: 'misspelt', text: bundle('redactor: {a: 1}') },
    { name: 'beside spec', text: `${bundle('collectors: []')}redactors: [{name: a}]\n` },
    { name: 'of a Collector', text: `${V2}kind: Collector\nspec: {collectors: [], redactors: [{name: a}]}\n` },
  ])('fails closed on redactors $name', ({ text }) =>
    expect(problemsOf(text)).toEqual([expect.stringMatching(/^error SPEC_REDACTORS \d+:\d+/)]),
  )

  it('reads uri, and values that the newer version writes as objects', () => {
    const text =
      'apiVersion: troubleshoot.sh/v1beta3\nkind: SupportBundle\nspec:\n  uri: https://a.example/b.yaml\n' +
      '  collectors:\n  - postgres: {uri: {value: "pg://a"}, tls: {valueFrom: {secretKeyRef: {name: a}}}, b: {value: x, c: 1}}\n'
    const { documents, problems } = parseDocuments(text, 'test')
    expect(documents.map(({ uri, collectors }) => [uri, collectors[0]?.config])).toEqual([
      [
        'https://a.example/b.yaml',
        { uri: 'pg://a', tls: { valueFrom: { secretKeyRef: { name: 'a' } } }, b: { value: 'x', c: 1 } },
      ],
    ])
    expect(problems).toEqual([])
  })

  it('does not refuse an empty list of redactors', () => {
    expect(problemsOf(bundle('redactors: []'))).toEqual([expect.stringMatching(/^warning SPEC_KEY_UNKNOWN/)])
  })
})

describe('documentsFromObjects', () => {
  it('reads objects without lines', () => {
    const spec = { collectors: [{ cpu: {} }], oops: 1 }
    const { documents, problems } = documentsFromObjects(
      [{ apiVersion: 'troubleshoot.sh/v1beta2', kind: 'SupportBundle', spec }, 7],
      'job.yaml',
    )
    expect(documents.map(({ collectors }) => collectors)).toEqual([
      [{ key: 'cpu', config: {}, isExcluded: false, source: 'job.yaml' }],
    ])
    expect(problems.map(({ severity, code, source, line }) => ({ severity, code, source, line }))).toEqual([
      { severity: 'warning', code: 'SPEC_KEY_UNKNOWN', source: 'job.yaml', line: undefined },
      { severity: 'error', code: 'SPEC_DOCUMENT', source: 'job.yaml', line: undefined },
    ])
  })
})
