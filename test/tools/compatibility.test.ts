import { describe, expect, it } from 'vitest'
import { CLUSTER_ANALYZERS, HOST_ANALYZERS } from '../../agent/analysis/table.ts'
import { createAnalyzers } from '../../agent/analysis/create-analyzers.ts'
import { planCollectors } from '../../agent/task/plan.ts'
import { emptyLists } from '../../agent/specs/document.ts'
import { PEER_COLLECTORS } from '../../tools/peer-collectors.ts'
import { collectorManifests, PEER_ANALYZERS, renderCompatibility, STATES } from '../../tools/compatibility.ts'
import { sourceLoader } from '../support/source-loader.ts'

/** Of products that few have. */
const UNSUPPORTED = ['ceph', 'collectd', 'goldpinger', 'longhorn', 'sonobuoy']

const page = await renderCompatibility()
/** The state of each key, by the title of its table. */
function statesOf(title: string): Map<string, string> {
  const part = page.split('\n## ').find((one) => one.startsWith(`${title}\n`)) ?? ''
  return new Map([...part.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, key = '', state = '']) => [key, state]))
}

describe('docs/compatibility.md', () => {
  it.each([
    ['Collectors', 'Collector', 33],
    ['Host collectors', 'HostCollector', 30],
  ] as const)('%s: says of each what a run does', async (title, kind, count) => {
    const states = statesOf(title)
    expect([...states.keys()].toSorted()).toEqual([...PEER_COLLECTORS[kind].keys()].toSorted())
    expect(states.size).toBe(count)
    const list = kind === 'Collector' ? 'collectors' : 'hostCollectors'
    const entries = [...states.keys()].map((key) => ({ key, config: {}, isExcluded: false, source: 'test' }))
    const where = { platform: 'linux', hasCluster: true }
    const { unplanned, problems } = await planCollectors({ ...emptyLists(), [list]: entries }, await sourceLoader(), where)
    expect(problems).toEqual([])
    const skipped = new Set(unplanned.flatMap(({ key, unsupported }) => (unsupported ? [key] : [])))
    expect([...skipped].toSorted()).toEqual(kind === 'Collector' ? UNSUPPORTED : ['kubernetes'])
    for (const [key, state] of states) expect([key, state]).toEqual([key, skipped.has(key) ? STATES.unsupported : STATES.works])
  })

  it('knows the fields of every collector that works as its schema does', async () => {
    for (const manifest of await collectorManifests()) {
      const fields = PEER_COLLECTORS[manifest.kind].get(manifest.specKey)
      if (!fields) continue
      const entry = {
        key: manifest.specKey,
        config: Object.fromEntries(fields.map((one) => [one, undefined])),
        isExcluded: false,
        source: 't',
      }
      const list = manifest.kind === 'Collector' ? 'collectors' : 'hostCollectors'
      const spec = { ...emptyLists(), [list]: [entry] }
      const { planned } = await planCollectors(spec, await sourceLoader(), { platform: 'linux', hasCluster: true })
      for (const { warnings } of planned)
        expect([manifest.specKey, warnings.map(({ message }) => message)]).toEqual([manifest.specKey, []])
    }
  })

  it.each([
    ['Analyzers', 'analyzers', CLUSTER_ANALYZERS, 38],
    ['Host analyzers', 'hostAnalyzers', HOST_ANALYZERS, 27],
  ] as const)('%s: says of each what a run does', (title, list, { built }, count) => {
    const states = statesOf(title)
    expect(states.size).toBe(count)
    expect([...states.keys()]).toEqual(PEER_ANALYZERS[list])
    expect([...built.keys()].filter((key) => !states.has(key))).toEqual([])
    for (const [key, state] of states) {
      const spec = { analyzers: [], hostAnalyzers: [], [list]: [{ key, config: {}, isExcluded: false, source: 'test' }] }
      const codes = createAnalyzers(spec, new Date('2026-01-01T00:00:00Z')).problems.map(({ code }) => code)
      expect([key, state === STATES.works]).toEqual([key, !codes.includes('ANALYZER_UNSUPPORTED')])
    }
  })
})
