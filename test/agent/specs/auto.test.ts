import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAnalyzers } from '../../../agent/analysis/create-analyzers.ts'
import { autoDocument, mergeWithAuto } from '../../../agent/specs/auto.ts'
import { LISTS, type MergedSpec } from '../../../agent/specs/document.ts'
import { mergeSpecs } from '../../../agent/specs/merge.ts'
import { documentsFromObjects } from '../../../agent/specs/parse.ts'
import { PEER_COLLECTORS } from '../../../tools/peer-collectors.ts'
import { AUTO_PROFILES, type AutoProfile } from '../../../core/auto-profile.ts'
import { spec } from '../../support/task.ts'

type Item = Record<string, Record<string, unknown>>
const documents = (entries: Parameters<typeof spec>[0]) => documentsFromObjects([spec(entries)], 'given').documents
const everywhere = { namespaces: ['*'] }
const shop = { namespaces: ['shop'] }

/** What a profile adds to a spec, of one list or of one key of it. */
function added(
  profile: AutoProfile,
  entries: Parameters<typeof spec>[0] = {},
  place: { namespaces: string[] } | 'the machine' = everywhere,
  { list = 'collectors', key }: { list?: keyof MergedSpec; key?: string } = {},
): Item[] {
  const items =
    autoDocument(profile, mergeSpecs(documents(entries)), place === 'the machine' ? undefined : place).spec[list] ?? []
  return key === undefined ? items : items.filter((item) => key in item)
}
const keys = (items: Item[]) => items.flatMap((item) => Object.keys(item))

const LOGS = { name: 'logs', limits: { maxLines: 10_000, maxBytes: 5_000_000 } }
const MINIMAL = ['clusterResources', 'clusterInfo']
const STANDARD = [...MINIMAL, 'logs', 'images']
const COMPREHENSIVE = [...STANDARD, 'helm', 'nodeMetrics']
const VERDICTS = [
  ...['deploymentStatus', 'statefulsetStatus', 'replicasetStatus', 'jobStatus'],
  ...['clusterPodStatuses', 'clusterContainerStatuses', 'nodeResources'],
]

describe('a profile', () => {
  it.each<[AutoProfile, string[], string[]]>([
    ['minimal', MINIMAL, []],
    ['standard', STANDARD, VERDICTS],
    ['comprehensive', COMPREHENSIVE, [...VERDICTS, 'nodeMetrics']],
    ['paranoid', [...MINIMAL, 'secret', ...COMPREHENSIVE.slice(MINIMAL.length)], [...VERDICTS, 'nodeMetrics']],
  ])('%s adds, in this order', (profile, collectors, analyzers) => {
    expect(keys(added(profile))).toEqual(collectors)
    expect(keys(added(profile, {}, everywhere, { list: 'analyzers' }))).toEqual(analyzers)
  })

  it('is a spec that works: all keys are known, and analyzers have nothing against what they are told', () => {
    for (const profile of AUTO_PROFILES) {
      const { spec: merged } = mergeWithAuto([], profile, everywhere)
      const known = [...PEER_COLLECTORS.Collector.keys(), 'images']
      expect(merged.collectors.map(({ key }) => key).filter((key) => !known.includes(key))).toEqual([])
      expect(createAnalyzers(merged, new Date(0)).problems).toEqual([])
    }
  })

  it('has no bounds that the run does not have', () => {
    expect(added('minimal', {}, shop)).toEqual([{ clusterResources: {} }, { clusterInfo: {} }])
  })

  it('judges what any cluster may suffer from', () => {
    const { analyzers } = createAnalyzers(mergeWithAuto([], 'comprehensive', everywhere).spec, new Date(0))
    const container = { name: 'web', ready: false, restartCount: 1, state: { waiting: { reason: 'ContainerCreating' } } }
    const running = { name: 'web', ready: true, state: { running: {} } }
    const killed = { ...container, lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }
    const files: Record<string, object> = {
      'cluster-resources/pods/shop.json': {
        items: [
          { metadata: { name: 'web', namespace: 'shop' }, status: { phase: 'Pending', containerStatuses: [killed] } },
          { metadata: { name: 'ok', namespace: 'shop' }, status: { phase: 'Running', containerStatuses: [running] } },
        ],
      },
      'cluster-resources/deployments/shop.json': {
        items: [
          { metadata: { name: 'web', namespace: 'shop' }, status: { replicas: 2, readyReplicas: 1, availableReplicas: 1 } },
        ],
      },
      'cluster-resources/nodes.json': {
        items: [{ metadata: { name: 'n' }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }],
      },
      'node-metrics/n.json': {
        pods: [
          {
            podRef: { namespace: 'shop' },
            volume: [{ usedBytes: 85, capacityBytes: 100, pvcRef: { name: 'data', namespace: 'shop' } }],
          },
        ],
      },
    }
    for (const [path, value] of Object.entries(files))
      for (const one of analyzers) if (one.wants(path)) one.file(path, Buffer.from(JSON.stringify(value)))
    const said = analyzers.flatMap((one) => one.finish()).map(({ verdict, message }) => `${verdict}: ${message}`)
    expect(said.filter((text) => !text.includes('was not collected'))).toEqual([
      'fail: The deployment shop/web has 1/2 replicas',
      'fail: shop/web is ContainerCreating: ExitCode:137',
      'fail: Container web of pod shop/web was ended for want of memory.',
      'fail: A node no longer says whether it is ready.',
      'warn: More than 80 % full: shop/data',
    ])
  })

  it('names itself as the source, and excludes nothing', () => {
    const { spec: merged, document } = mergeWithAuto([], 'paranoid', everywhere)
    expect(document).toMatchObject({ kind: 'SupportBundle', metadata: { name: 'auto-paranoid' } })
    const all = LISTS.flatMap((list) => merged[list])
    expect(all.filter(({ source, isExcluded }) => source !== 'added by auto: paranoid' || isExcluded)).toEqual([])
  })

  it('writes values of releases, longer logs and the names of Secrets only when it is paranoid', () => {
    expect(added('comprehensive', {}, everywhere, { key: 'helm' })).toEqual([{ helm: {} }])
    expect(added('comprehensive', {}, everywhere, { key: 'logs' })).toEqual([{ logs: LOGS }])
    expect(added('paranoid', {}, everywhere, { key: 'helm' })).toEqual([{ helm: { collectValues: true } }])
    expect(added('paranoid', {}, everywhere, { key: 'logs' })).toEqual([
      { logs: { name: 'logs', limits: { maxLines: 100_000, maxBytes: 50_000_000 } } },
    ])
    expect(added('paranoid', {}, everywhere, { key: 'secret' })).toEqual([{ secret: { selector: ['owner!=helm'] } }])
  })

  it('looks at the machine where there is no cluster, but for what the spec looks at', () => {
    const host = { list: 'hostCollectors' } as const
    const verdicts = { list: 'hostAnalyzers' } as const
    for (const profile of AUTO_PROFILES) {
      expect(mergeWithAuto([], profile, undefined).spec.collectors).toEqual([])
      expect(keys(added(profile, {}, 'the machine', host))).toEqual(expect.arrayContaining(['cpu', 'memory', 'hostOS']))
      expect(keys(added(profile, {}, 'the machine', verdicts))).toContain('cpu')
    }
  })

  it('leaves keys that the spec collects of the machine to it, with their verdicts', () => {
    const find = (entries: Parameters<typeof spec>[0], list: 'hostCollectors' | 'hostAnalyzers') =>
      keys(added('standard', entries, 'the machine', { list }))
    const collected = { hostCollectors: [{ cpu: { collectorName: 'x' } }] }
    expect(find(collected, 'hostCollectors')).not.toContain('cpu')
    expect(find(collected, 'hostAnalyzers')).not.toContain('cpu')
    const judged = { hostAnalyzers: [{ cpu: { outcomes: [] } }] }
    expect(find(judged, 'hostCollectors')).toContain('cpu')
    expect(find(judged, 'hostAnalyzers')).not.toContain('cpu')
  })
})

interface Case {
  name: string
  given: Item
  profile?: AutoProfile
  namespaces?: string[]
  want: Item[]
}
const COVERED: Case[] = [
  { name: 'clusterInfo is', given: { clusterInfo: {} }, want: [] },
  { name: 'clusterInfo that is not wanted is', given: { clusterInfo: { exclude: true } }, want: [] },
  { name: 'clusterResources of the run is', given: { clusterResources: { ignoreRBAC: true } }, want: [] },
  { name: 'clusterResources of all is', given: { clusterResources: { namespaces: ['x', ''] } }, want: [] },
  { name: 'clusterResources that is not wanted is', given: { clusterResources: { namespaces: ['x'], exclude: true } }, want: [] },
  { name: 'clusterResources of more is', given: { clusterResources: { namespaces: ['x', 'shop'] } }, want: [] },
  {
    name: 'clusterResources of others is not',
    given: { clusterResources: { namespaces: ['x'] } },
    want: [{ clusterResources: { namespaces: ['shop'] } }],
  },
  {
    name: 'clusterResources of some is not by all',
    given: { clusterResources: { namespaces: ['x'] } },
    namespaces: ['*'],
    want: [{ clusterResources: {} }],
  },
  { name: 'all logs are', given: { logs: { name: 'x' } }, want: [] },
  { name: 'all logs of the only namespace are', given: { logs: { namespace: 'shop', selector: [] } }, want: [] },
  { name: 'all logs with wider limits are', given: { logs: { limits: { maxLines: 20_000, maxBytes: 9_000_000 } } }, want: [] },
  { name: 'logs that are not wanted are', given: { logs: { exclude: true, limits: { maxLines: 1 } } }, want: [] },
  { name: 'logs of some pods are not', given: { logs: { selector: ['a=b'] } }, want: [{ logs: LOGS }] },
  { name: 'logs of some containers are not', given: { logs: { containerNames: ['a'] } }, want: [{ logs: LOGS }] },
  { name: 'logs of another namespace are not', given: { logs: { namespace: 'x' } }, want: [{ logs: LOGS }] },
  {
    name: 'logs of one namespace of all are not',
    given: { logs: { namespace: 'x' } },
    namespaces: ['*'],
    want: [{ logs: LOGS }],
  },
  {
    name: 'logs of one namespace of two are not',
    given: { logs: { namespace: 'shop' } },
    namespaces: ['shop', 'x'],
    want: [{ logs: LOGS }],
  },
  {
    name: 'logs from a time on are not',
    given: { logs: { limits: { sinceTime: '2026-01-01T00:00:00Z', maxLines: 20_000 } } },
    want: [{ logs: LOGS }],
  },
  { name: 'logs with fewer lines are not', given: { logs: { limits: { maxLines: 500 } } }, want: [{ logs: LOGS }] },
  { name: 'logs with fewer bytes are not', given: { logs: { limits: { maxBytes: 500 } } }, want: [{ logs: LOGS }] },
  { name: 'logs since a time are not', given: { logs: { limits: { maxAge: '1h' } } }, want: [{ logs: LOGS }] },
  {
    name: 'logs without limits are not for who wants more',
    given: { logs: {} },
    profile: 'paranoid',
    want: [{ logs: { name: 'logs', limits: { maxLines: 100_000, maxBytes: 50_000_000 } } }],
  },
  { name: 'images are', given: { images: {} }, want: [] },
  { name: 'images of another namespace are not', given: { images: { namespace: 'x' } }, want: [{ images: {} }] },
  { name: 'releases are, with or without values', given: { helm: {} }, profile: 'paranoid', want: [] },
  {
    name: 'releases of one of several namespaces are, the others are not',
    given: { helm: { namespace: 'b' } },
    profile: 'paranoid',
    namespaces: ['a', 'b', 'c'],
    want: [{ helm: { namespace: 'a', collectValues: true } }, { helm: { namespace: 'c', collectValues: true } }],
  },
  { name: 'releases of the namespace are', given: { helm: { namespace: 'shop' } }, profile: 'comprehensive', want: [] },
  {
    name: 'releases of another namespace are not',
    given: { helm: { namespace: 'x' } },
    profile: 'comprehensive',
    want: [{ helm: { namespace: 'shop' } }],
  },
  {
    name: 'one release is not all',
    given: { helm: { releaseName: 'a', namespace: 'shop' } },
    profile: 'comprehensive',
    want: [{ helm: {} }],
  },
  {
    name: 'releases of one namespace, which all would write again, are',
    given: { helm: { namespace: 'x' } },
    profile: 'comprehensive',
    namespaces: ['*'],
    want: [],
  },
  { name: 'metrics of nodes are', given: { nodeMetrics: { nodeNames: ['a'] } }, profile: 'comprehensive', want: [] },
  { name: 'Secrets are', given: { secret: { name: 'db' } }, profile: 'paranoid', want: [] },
]

describe('what a spec has itself', () => {
  it('covers its own key alone', () => {
    expect(keys(added('standard', { collectors: [{ clusterInfo: {} }, { logs: {} }] }))).toEqual(['clusterResources', 'images'])
  })

  it.each(COVERED)('$name covered', ({ given, profile = 'standard', namespaces = ['shop'], want }) => {
    const [key] = Object.keys(given)
    expect(added(profile, { collectors: [given] }, { namespaces }, key === undefined ? {} : { key })).toEqual(want)
  })

  it.each<[string, Item, boolean]>([
    ['all Deployments', { deploymentStatus: { outcomes: [] } }, false],
    ['one Deployment', { deploymentStatus: { name: 'a', namespace: 'shop' } }, true],
    ['one Deployment wherever', { deploymentStatus: { name: 'a' } }, true],
    ['Deployments of other namespaces', { deploymentStatus: { namespaces: ['x'] } }, true],
    ['some Jobs', { jobStatus: { selector: ['a=b'] } }, true],
    ['pods', { clusterPodStatuses: { namespaces: ['x'] } }, false],
    ['pods, not wanted', { clusterPodStatuses: { exclude: true } }, false],
    ['memory of nodes', { nodeResources: { outcomes: [] } }, true],
  ])('is judged by it alone, if it judges all: %s', (_, given, isAdded) => {
    const key = Object.keys(given)[0] ?? ''
    const found = added('standard', { analyzers: [given] }, shop, { list: 'analyzers', key })
    expect(found).toHaveLength(isAdded ? 1 : 0)
  })

  it('of clusterResources is one listing of all that is asked for', () => {
    const given = documents({ collectors: [{ clusterResources: { namespaces: ['x'], ignoreRBAC: true } }] })
    expect(mergeWithAuto(given, 'minimal', shop).spec.collectors[0]).toMatchObject({
      key: 'clusterResources',
      config: { namespaces: ['x', 'shop'], ignoreRBAC: true },
      source: 'given',
    })
  })
})

const names = fc.constantFrom('a', 'b', 'shop', '')
const config = fc.oneof(
  fc.constant({}),
  fc.record(
    {
      name: names,
      namespace: names,
      namespaces: fc.array(names, { maxLength: 2 }),
      selector: fc.constantFrom([], ['a=b']),
      exclude: fc.boolean(),
      releaseName: names,
      limits: fc.constantFrom({ maxLines: 5 }, { maxAge: '1h' }, {}),
    },
    { requiredKeys: [] },
  ),
)
const list = (keysOfList: string[]) =>
  fc.array(
    fc.tuple(fc.constantFrom(...keysOfList), config).map(([key, value]): Item => ({ [key]: value })),
    { maxLength: 8 },
  )
const given = fc.record({
  collectors: list(['clusterInfo', 'clusterResources', 'logs', 'images', 'helm', 'nodeMetrics', 'secret', 'data', 'copy']),
  analyzers: list(['deploymentStatus', 'jobStatus', 'clusterPodStatuses', 'nodeResources', 'textAnalyze']),
  hostCollectors: list(['cpu', 'time', 'diskUsage', 'copy']),
  hostAnalyzers: list(['cpu', 'diskUsage', 'textAnalyze']),
})
const place = fc.constantFrom<{ namespaces: string[] } | undefined>(
  undefined,
  { namespaces: ['*'] },
  { namespaces: ['shop'] },
  { namespaces: ['a', 'b'] },
)

/** Entries, but for the one listing of the cluster: that of several is made into one. */
const shown = (entries: MergedSpec['collectors']) =>
  entries
    .filter(({ key, isExcluded }) => key !== 'clusterResources' || isExcluded)
    .map(({ key, config: own, isExcluded }) => JSON.stringify([key, own, isExcluded]))

describe('whatever spec is given', () => {
  it('keeps all of its entries, in their order', () => {
    fc.assert(
      fc.property(given, fc.constantFrom(...AUTO_PROFILES), place, (entries, profile, where) => {
        const own = documents(entries)
        const before = mergeSpecs(own)
        const { spec: after } = mergeWithAuto(own, profile, where)
        for (const one of LISTS) {
          const wanted = shown(before[one])
          expect(shown(after[one]).filter((entry) => wanted.includes(entry))).toEqual(wanted)
        }
      }),
    )
  })

  it('still lists every namespace that it names', () => {
    fc.assert(
      fc.property(given, fc.constantFrom(...AUTO_PROFILES), place, (entries, profile, where) => {
        const own = documents(entries)
        const isListing = ({ key, isExcluded }: MergedSpec['collectors'][number]) => key === 'clusterResources' && !isExcluded
        const before = mergeSpecs(own).collectors.find(isListing)?.config
        const after = mergeWithAuto(own, profile, where).spec.collectors.find(isListing)?.config
        if (!before) return
        const { namespaces: wanted, ...rest } = before
        expect(after).toMatchObject(rest)
        const got = after?.['namespaces']
        // none = those of the run: enough only if it was so before, or the run looks everywhere
        if (got === undefined) expect(wanted === undefined || where?.namespaces.includes('*')).toBe(true)
        else if (wanted !== undefined) expect(got).toEqual(expect.arrayContaining(wanted as unknown[]))
      }),
    )
  })

  it('gets nothing the second time', () => {
    fc.assert(
      fc.property(given, fc.constantFrom(...AUTO_PROFILES), place, (entries, profile, where) => {
        const own = documents(entries)
        const first = mergeWithAuto(own, profile, where)
        const again = mergeWithAuto([...own, ...documentsFromObjects([first.document], 'auto').documents], profile, where)
        for (const one of LISTS) expect(again.spec[one].length).toBe(first.spec[one].length)
      }),
    )
  })
})
