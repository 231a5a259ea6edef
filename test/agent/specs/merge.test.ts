import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MergedSpec } from '../../../agent/specs/document.ts'
import { mergeSpecs, unusedInCollection, withClusterDefaults } from '../../../agent/specs/merge.ts'
import { documentsFromObjects } from '../../../agent/specs/parse.ts'

type Item = Record<string, Record<string, unknown>>
const document = (spec: Record<string, Item[]>, kind = 'SupportBundle') => ({ apiVersion: 'troubleshoot.sh/v1beta2', kind, spec })
const merge = (...objects: object[]) => mergeSpecs(documentsFromObjects(objects, 'test').documents)
const show = (entries: MergedSpec['collectors']) => entries.map(({ key, config }) => ({ [key]: config }))
const collectors = (...items: Item[]) => show(merge(document({ collectors: items })).collectors)

describe('mergeSpecs', () => {
  it('concatenates the lists of all documents', () => {
    const merged = merge(
      document({
        collectors: [{ logs: { name: 'a' } }],
        hostCollectors: [{ cpu: {} }],
        analyzers: [{ x: {} }],
        hostAnalyzers: [{ y: {} }],
      }),
      document({ collectors: [{ logs: { name: 'b' } }], hostCollectors: [{ memory: {} }], analyzers: [{ z: {} }] }),
      document({ collectors: [{ exec: {} }] }, 'Collector'),
      document({ collectors: [{ time: {} }] }, 'HostCollector'),
    )
    expect(show(merged.collectors)).toEqual([{ logs: { name: 'a' } }, { logs: { name: 'b' } }, { exec: {} }])
    expect(show(merged.hostCollectors)).toEqual([{ cpu: {} }, { memory: {} }, { time: {} }])
    expect(show(merged.analyzers)).toEqual([{ x: {} }, { z: {} }])
    expect(show(merged.hostAnalyzers)).toEqual([{ y: {} }])
  })

  it('drops exact repetitions, whatever the order of keys, and keeps the first', () => {
    const merged = mergeSpecs([
      ...documentsFromObjects([document({ collectors: [{ logs: { a: 1, b: { c: 2, d: 3 } } }] })], 'first').documents,
      ...documentsFromObjects([document({ collectors: [{ logs: { b: { d: 3, c: 2 }, a: 1 } }, { logs: { a: 1 } }] })], 'second')
        .documents,
    ])
    expect(merged.collectors.map(({ config, source }) => ({ config, source }))).toEqual([
      { config: { a: 1, b: { c: 2, d: 3 } }, source: 'first' },
      { config: { a: 1 }, source: 'second' },
    ])
  })

  it('does not take lists in another order, or other types, for repetitions', () => {
    expect(collectors({ logs: { a: [1, 2] } }, { logs: { a: [2, 1] } }, { logs: { a: '1' } }, { logs: { a: 1 } })).toHaveLength(4)
  })

  it('keeps hosts and cluster apart', () => {
    const merged = merge(document({ collectors: [{ copy: {} }], hostCollectors: [{ copy: {} }] }))
    expect([show(merged.collectors), show(merged.hostCollectors)]).toEqual([[{ copy: {} }], [{ copy: {} }]])
  })

  it.each([
    { name: 'copy last', given: [{ copy: { a: 1 } }, { logs: {} }, { copy: { a: 2 } }], want: ['logs', 'copy', 'copy'] },
    { name: 'types together', given: [{ logs: { a: 1 } }, { exec: {} }, { logs: { a: 2 } }], want: ['logs', 'logs', 'exec'] },
    {
      name: 'clusterResources first',
      given: [{ run: {} }, { '9': {} }, { clusterResources: {} }],
      want: ['clusterResources', 'run', '9'],
    },
  ])('runs $name', ({ given, want }) =>
    expect(collectors(...(given as Item[])).flatMap((entry) => Object.keys(entry))).toEqual(want),
  )

  it.each([
    {
      name: 'the union',
      given: [{ namespaces: ['b', 'a'] }, { namespaces: ['a', 'c'] }],
      want: [{ namespaces: ['b', 'a', 'c'] }],
    },
    { name: 'all of them if one names none', given: [{ namespaces: ['a'] }, { ignoreRBAC: true }], want: [{ ignoreRBAC: true }] },
    { name: 'all of them if one names an empty list', given: [{ namespaces: ['a'] }, { namespaces: [] }], want: [{}] },
    {
      name: 'what any of them asks for',
      given: [
        { namespaces: ['a'], ignoreRBAC: true, x: 1 },
        { namespaces: ['b'], ignoreRBAC: false, x: 2, y: 3 },
      ],
      want: [{ namespaces: ['a', 'b'], ignoreRBAC: true, x: 1, y: 3 }],
    },
    { name: 'its own if it is alone', given: [{ namespaces: [], x: 1 }], want: [{ namespaces: [], x: 1 }] },
    {
      name: 'nothing of an excluded one',
      given: [{ namespaces: ['a'] }, { exclude: true }],
      want: [{ namespaces: ['a'] }, { exclude: true }],
    },
  ])('lists the cluster once, with $name', ({ given, want }) =>
    expect(collectors(...given.map((clusterResources) => ({ clusterResources })))).toEqual(
      want.map((clusterResources) => ({ clusterResources })),
    ),
  )

  it('uses an Analyzer document to analyze, and says that a collection does not', () => {
    const { documents } = documentsFromObjects([document({ analyzers: [{ x: {} }] }, 'Analyzer')], 'test')
    expect(mergeSpecs(documents).analyzers).toEqual([])
    expect(show(mergeSpecs(documents, 'analyze').analyzers)).toEqual([{ x: {} }])
    expect(unusedInCollection(documents).map(({ severity, code }) => ({ severity, code }))).toEqual([
      { severity: 'warning', code: 'SPEC_KIND_UNUSED' },
    ])
    expect(unusedInCollection(documentsFromObjects([document({})], 'test').documents)).toEqual([])
  })

  it('gives the same plan when every document is there twice', () => {
    const item = fc.dictionary(
      fc.constantFrom('logs', 'copy', 'clusterResources', 'exec'),
      fc.record({ name: fc.constantFrom('a', 'b'), namespaces: fc.constant(['n']) }),
      { minKeys: 1, maxKeys: 1 },
    )
    fc.assert(
      fc.property(fc.array(fc.array(item)), (lists) => {
        const documents = lists.map((list) => document({ collectors: list }))
        expect(merge(...documents, ...documents)).toEqual(merge(...documents))
      }),
    )
  })
})

describe('withClusterDefaults', () => {
  const keys = (spec: Record<string, Item[]>) => withClusterDefaults(merge(document(spec))).collectors.map(({ key }) => key)

  it.each([
    { name: 'adds both', spec: { collectors: [{ logs: {} }] }, want: ['clusterResources', 'logs', 'clusterInfo'] },
    { name: 'adds both to an empty spec', spec: {}, want: ['clusterResources', 'clusterInfo'] },
    {
      name: 'keeps what is there, even excluded',
      spec: { collectors: [{ clusterInfo: { exclude: true } }, { clusterResources: {} }] },
      want: ['clusterResources', 'clusterInfo'],
    },
    { name: 'leaves a host spec alone', spec: { hostCollectors: [{ cpu: {} }] }, want: [] },
  ])('$name', ({ spec, want }) => expect(keys(spec as Record<string, Item[]>)).toEqual(want))
})
