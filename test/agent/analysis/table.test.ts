import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CLUSTER_ANALYZERS, HOST_ANALYZERS } from '../../../agent/analysis/table.ts'
import { CLUSTER_FILES } from './cluster-bundle.ts'
import { type Files, run } from './run-analyzer.ts'

const ALL = (['analyzers', 'hostAnalyzers'] as const).flatMap((list) =>
  [...(list === 'analyzers' ? CLUSTER_ANALYZERS : HOST_ANALYZERS).built.keys()].map((key) => [list, key] as const),
)

const PATHS = [
  ...Object.keys(CLUSTER_FILES),
  ...['cpu', 'memory', 'sysctl', 'block_devices', 'kernel-configs', 'packages-packages', 'time', 'hostos_info'].map(
    (name) => `host-collectors/system/${name}.json`,
  ),
  'host-collectors/connect/connect.json',
  'host-collectors/filesystemPerformance/filesystemPerformance.json',
]

/** What a spec's author and a bundle's maker may get wrong. */
const when = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom(
    'true',
    '< 1',
    'count() > 1',
    'statusCode == 1',
    '(((',
    'min() < 1',
    '== x',
    'a b c',
    '{{ .x',
    'constructor == 1',
  ),
)
const branch = fc.record({
  when,
  message: fc.oneof(fc.string(), fc.constantFrom('{{ .Name }}', '{{ range . }}{{ . }}{{ end }}', '{{ .a.b.c }}')),
})
const config = fc.record(
  {
    outcomes: fc.array(
      fc.oneof(fc.record({ fail: branch }), fc.record({ pass: branch }), fc.record({ warn: branch }), fc.constant({})),
      { maxLength: 3 },
    ),
    name: fc.constantFrom('web', '__proto__', ''),
    namespace: fc.constantFrom('shop', '../..', ''),
    fileName: fc.constantFrom('data/info.json', '*', '[', '../x'),
    collectorName: fc.constantFrom('data', '*', ''),
    path: fc.constantFrom('a.b', '[0]', '..', '__proto__.x'),
    value: fc.constantFrom('1', '"x"', '{', '- a'),
    regex: fc.constantFrom('(a+)+$', '(', 'x'),
    reason: fc.constantFrom('Unhealthy', ''),
    kind: fc.constantFrom('pod', 'constructor'),
    filters: fc.oneof(
      fc.constant({ cpuCapacity: '1' }),
      fc.json().map((text) => JSON.parse(text) as unknown),
    ),
  },
  { requiredKeys: [] },
)
const content = fc.oneof(
  fc.json(),
  fc.string(),
  fc.array(fc.json(), { maxLength: 3 }).map((items) => `{"items":[${items.join()}]}`),
  fc.constantFrom(...Object.values(CLUSTER_FILES).map((value) => JSON.stringify(value))),
)

describe('every analyzer', () => {
  it.each(ALL)('%s %s: makes results of anything, and throws of nothing', (list, key) => {
    fc.assert(
      fc.property(config, fc.dictionary(fc.constantFrom(...PATHS), content, { maxKeys: 4 }), (entry, files) => {
        for (const { title, message, verdict } of run(list, key, entry, files as Files))
          expect([typeof title, typeof message, ['pass', 'warn', 'fail', 'none'].includes(verdict)]).toEqual([
            'string',
            'string',
            true,
          ])
      }),
      { numRuns: 40 },
    )
  })

  it.each(ALL)('%s %s: says so when its files were not collected', (list, key) => {
    const silent = new Set(['subnetContainsIP', 'imagePullSecret', 'clusterResource', 'event'])
    const results = run(
      list,
      key,
      { name: 'x', namespace: 'n', fileName: 'f', value: '1', outcomes: [{ pass: { message: 'p' } }] },
      {},
    )
    expect(results.length).toBeGreaterThan(0)
    if (!silent.has(key)) expect(results.every(({ verdict }) => verdict === 'warn' || verdict === 'fail')).toBe(true)
  })
})
