import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Collected, collectFrom, removeCollected } from './collect-from.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import type { FakeKubelet } from './fake-kubelet.ts'
import { type Fault, startFaultProxy } from './fault-proxy.ts'
import { newFolder } from './sweep.ts'
import { fillTwoPages, GROUP, PLANTED } from './two-pages.ts'
import { type TestCluster, testCluster, useCluster } from './use-cluster.ts'
import { type Seen, watchFolder } from './watch-folder.ts'

/**
 * Each thing that can go wrong with an answer, at each place where a bundle asks the API server. The bundle is there, what was asked
 * elsewhere is whole, what is missing is named with the reason; only what broke makes it partial. All against a real API server.
 */

const shared = await useCluster()
const R = 'cluster-resources'

/** How a fault ends: nothing is missing; something is, as it was meant; something is, and should not be. */
type End = 'whole' | 'quiet' | 'broken'
interface Trouble {
  name: string
  fault: Fault
  times?: number
  end: End
}
const status = (code: number, more: Partial<Extract<Fault, { kind: 'status' }>> = {}): Fault => ({
  kind: 'status',
  status: code,
  ...more,
})
const TROUBLES: Trouble[] = [
  { name: 'forbidden', fault: status(403), end: 'quiet' },
  { name: 'not there', fault: status(404), end: 'quiet' },
  { name: 'asked to wait', fault: status(429, { retryAfter: '1' }), times: 1, end: 'whole' },
  { name: 'asked to wait again and again', fault: status(503, { retryAfter: '1' }), end: 'broken' },
  { name: 'asked to wait too long', fault: status(429, { retryAfter: '3600' }), end: 'broken' },
  { name: 'expired', fault: status(410, { reason: 'Expired' }), end: 'broken' },
  { name: 'expired once', fault: status(410, { reason: 'Expired' }), times: 1, end: 'whole' },
  { name: 'failing', fault: status(500), end: 'broken' },
  { name: 'not ready', fault: status(503, { body: '<html>no backend</html>' }), end: 'broken' },
  { name: 'answered by something else', fault: status(200, { body: '<html>log in</html>' }), end: 'broken' },
  { name: 'cut off', fault: { kind: 'reset' }, end: 'broken' },
  { name: 'cut in the middle', fault: { kind: 'truncate', bytes: 50 }, end: 'broken' },
  { name: 'short, as if it were whole', fault: { kind: 'truncate', bytes: 50, quietly: true }, end: 'broken' },
  { name: 'hung', fault: { kind: 'hang' }, end: 'broken' },
  { name: 'hung after its head', fault: { kind: 'hang', afterHead: true }, end: 'broken' },
]

interface Phase {
  name: string
  path: RegExp
  /** what is not there, or not all of it, when it fails */
  lost: RegExp
  /** the file that says why */
  errors: string
  /** where it ends otherwise */
  but?: Record<string, End>
  /** these troubles alone; default: all */
  only?: string[]
}
/** Where asking works as it does elsewhere. */
const SOME = ['forbidden', 'failing', 'cut in the middle', 'hung']
const PHASES: Phase[] = [
  {
    name: 'namespaces',
    path: /^\/api\/v1\/namespaces\?/,
    lost: /^(namespaces\.json|auth-cani-list\/)/,
    errors: 'namespaces-errors.json',
  },
  {
    name: 'definitions of custom kinds',
    path: /\/customresourcedefinitions\?/,
    lost: /^(custom-resource-definitions\.json|custom-resources\/)/,
    errors: 'custom-resource-definitions-errors.json',
  },
  {
    name: 'the first page of pods',
    path: /^\/api\/v1\/pods\?limit/,
    lost: /^pods\//,
    errors: 'pods-errors.json',
    // what may not be listed at once may be listed one by one
    but: { forbidden: 'whole' },
  },
  {
    name: 'the second page of pods',
    path: /^\/api\/v1\/pods\?.*continue=/,
    lost: /^pods\/(shop|zoo)-000\.json/,
    errors: 'pods-errors.json',
  },
  {
    name: 'a custom kind',
    path: new RegExp(`^/apis/${GROUP}/v1/widgets`),
    lost: /^custom-resources\/widgets/,
    errors: 'custom-resources/custom-resources-errors.json',
    but: { forbidden: 'whole' },
  },
  {
    name: 'rules',
    path: /selfsubjectrulesreviews/,
    lost: /^auth-cani-list\//,
    errors: 'auth-cani-list-errors.json',
  },
  {
    name: 'discovery',
    path: /^\/apis\/apps\/v1$/,
    lost: /^resources\.json/,
    errors: 'groups-resources-errors.json',
  },
  {
    name: 'groups',
    path: /^\/apis$/,
    lost: /^(groups|resources)\.json/,
    errors: 'groups-resources-errors.json',
    only: SOME,
  },
  {
    name: 'Secrets with credentials of registries',
    path: /^\/api\/v1\/secrets\?/,
    lost: /^image-pull-secrets\//,
    errors: 'image-pull-secrets-errors.json',
    but: { forbidden: 'whole' },
    only: SOME,
  },
  {
    name: 'a log',
    path: /\/log\?/,
    lost: /^pods\/logs\//,
    errors: 'pods/logs/nodes/crashed/web-logs-errors.log',
  },
]
/** Bytes are a log, whoever sends them; and half a log is better than none. Both are looked at in odd-logs.test.ts. */
const NOT_OF_LOGS = ['answered by something else', 'cut in the middle', 'short, as if it were whole']
/** Who may not see which namespaces there are is looked at in test/collectors/cluster-resources/refused.test.ts. */
const NOT_OF_NAMESPACES = ['forbidden']

/** Where nothing goes on, the first refusal is the last. */
const ONLY_OF_PAGES = ['expired once']

const ROWS = PHASES.flatMap((phase) => TROUBLES.map((trouble) => ({ phase, trouble })))
  .filter(({ phase, trouble }) => phase.name !== 'a log' || !NOT_OF_LOGS.includes(trouble.name))
  .filter(({ phase, trouble }) => phase.name !== 'namespaces' || !NOT_OF_NAMESPACES.includes(trouble.name))
  .filter(({ phase, trouble }) => phase.name === 'the second page of pods' || !ONLY_OF_PAGES.includes(trouble.name))
  .filter(({ phase, trouble }) => phase.only?.includes(trouble.name) ?? true)
  .map((row) => ({ ...row, title: `${row.phase.name}: ${row.trouble.name}` }))

/** What each file of the bundle holds, as far as the same cluster always gives the same; empty lists count for nothing. */
async function contents({ paths, text }: Collected): Promise<Map<string, string>> {
  const own = paths.filter((path) => path.startsWith(`${R}/`) && !path.startsWith(`${R}/leases/`) && !path.includes('errors'))
  const all = await Promise.all(own.map(async (path) => [path.slice(R.length + 1), gist(path, await text(path))] as const))
  return new Map(all.filter(([, what]) => what !== ''))
}

function gist(path: string, text: string): string {
  if (!path.endsWith('.json')) return text
  const value = JSON.parse(text) as { items?: object[] } | object[]
  const items = Array.isArray(value) ? value : value.items
  const keyOf = (item: { metadata?: { uid?: string }; groupVersion?: string }) => item.metadata?.uid ?? item.groupVersion ?? '?'
  return items === undefined ? text : items.map(keyOf).join()
}

describe.skipIf(shared.skipped)('a bundle of a cluster', () => {
  let server: ControlPlane
  let cluster: TestCluster
  let kubelet: FakeKubelet
  /** without any fault, and what it holds */
  let first: Awaited<ReturnType<typeof collected>>
  let sound: Map<string, string>
  beforeAll(async () => {
    server = await startControlPlane({ folder: newFolder() })
    cluster = testCluster(server)
    kubelet = await fillTwoPages(cluster)
    first = await collected(cluster.info.server)
    sound = await contents(first.bundle)
  }, 120_000)
  afterAll(async () => {
    await kubelet?.close()
    await server?.stop()
    await removeCollected()
  })

  async function collected(url: string): Promise<{ bundle: Collected; seen: Seen }> {
    let stop = () => Promise.resolve<Seen>({ leaks: [], staged: [] })
    const bundle = await collectFrom(cluster, [{ clusterResources: {} }], {
      server: url,
      change: { timeoutMs: 20_000 },
      onFolder: (folder) => void (stop = watchFolder(folder, [PLANTED])),
    })
    return { bundle, seen: await stop() }
  }

  it('is whole without a fault, and has something at each place', () => {
    expect(first.seen).toEqual({ leaks: [], staged: ['staged-0'] })
    expect(first.bundle.result.archive.isPartial).toBe(false)
    expect(first.bundle.paths.filter((path) => path.includes('errors'))).toEqual([])
    for (const { lost } of PHASES) expect([...sound.keys()].filter((path) => lost.test(path))).not.toEqual([])
  })

  it.concurrent.each(ROWS)('is there in spite of $title', { timeout: 60_000 }, async ({ phase, trouble }) => {
    const proxy = await startFaultProxy(cluster.info)
    const { times } = trouble
    proxy.rules({ fault: trouble.fault, path: phase.path, ...(times === undefined ? {} : { times }) })
    const { bundle, seen } = await collected(proxy.url)
    await proxy.close()
    const end = phase.but?.[trouble.name] ?? trouble.end

    const found = await contents(bundle)
    const differing = [...sound].flatMap(([path, what]) => (found.get(path) === what ? [] : [path]))
    const lost = end === 'whole' ? [] : [...sound.keys()].filter((path) => phase.lost.test(path))
    expect(differing).toEqual(lost)
    expect([...found.keys()].filter((path) => !sound.has(path))).toEqual([])
    expect(bundle.result.archive.isPartial).toBe(end === 'broken')
    const report = await bundle.report('clusterResources')
    expect(report).toMatchObject({ state: 'ran', isComplete: end !== 'broken' })
    if (end === 'whole') expect(bundle.paths.filter((path) => path.includes('errors'))).toEqual([])
    else expect((await bundle.text(`${R}/${phase.errors}`)).length).toBeGreaterThan(20)
    if (end === 'broken') expect(report.warnings.map(({ message }) => message)).not.toEqual([])

    expect(seen.leaks).toEqual([])
    expect(bundle.left).toEqual(['b.tar.gz'])
  })

  it.concurrent.each(TROUBLES.filter(({ end }) => end === 'broken'))(
    'says that a namespace that was named is $name',
    async ({ fault }) => {
      const proxy = await startFaultProxy(cluster.info)
      proxy.rules({ fault, path: /^\/api\/v1\/namespaces\/first-000$/ })
      const bundle = await collectFrom(cluster, [{ clusterResources: {} }], {
        server: proxy.url,
        namespaces: ['first-000', 'zoo-000', 'no-such'],
        change: { timeoutMs: 20_000 },
      })
      await proxy.close()
      expect(await bundle.json(`${R}/namespaces.json`)).toMatchObject([{ metadata: { name: 'zoo-000' } }])
      expect(await bundle.json(`${R}/namespaces-errors.json`)).toHaveLength(2)
      expect(await bundle.json(`${R}/configmaps/first-000.json`)).toMatchObject({ items: [{}, {}] })
      expect(bundle.result.archive.isPartial).toBe(true)
    },
  )

  it.concurrent(
    'is there when nothing answers any more, with what is no matter of the cluster',
    { timeout: 60_000 },
    async () => {
      const proxy = await startFaultProxy(cluster.info)
      proxy.rules({ fault: { kind: 'hang' }, after: 20 })
      const entries = [{ clusterInfo: {} }, { clusterResources: {} }, { data: { name: 'note', data: 'kept' } }]
      const bundle = await collectFrom(cluster, entries, { server: proxy.url, change: { timeoutMs: 5_000 } })
      await proxy.close()
      expect(await bundle.text('note')).toBe('kept')
      expect(bundle.paths).toContain(`${R}/namespaces.json`)
      expect(await bundle.report('clusterResources')).toMatchObject({ state: 'failed', error: { code: 'COLLECTOR_TIMED_OUT' } })
      expect(bundle.paths.filter((path) => path.startsWith('collector-errors/'))).toHaveLength(1)
      expect(bundle.left).toEqual(['b.tar.gz'])
    },
  )
})
