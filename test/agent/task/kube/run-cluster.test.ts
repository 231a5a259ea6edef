import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openCluster, type RunCluster } from '../../../../agent/task/kube/run-cluster.ts'
import { systemClock } from '../../../../core/clock.ts'
import type { Kube, Permission, RawList } from '../../../../core/contract/index.ts'
import { isFailure, type Problem } from '../../../../core/errors.ts'
import { handOver } from '../../../../core/kube/handed-connection.ts'
import type { ClusterRequest } from '../../../../core/task.ts'
import type { TestUser } from '../../../cluster/control-plane.ts'
import { type FaultProxy, startFaultProxy } from '../../../cluster/fault-proxy.ts'
import { connectionTo, useCluster } from '../../../cluster/use-cluster.ts'

const cluster = await useCluster()
const ANYTHING: Permission[] = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]
const opened: RunCluster[] = []
afterEach(() => opened.splice(0).forEach((one) => one.close()))

interface Options extends Partial<Omit<ClusterRequest, 'connection'>> {
  user?: TestUser | 'admin'
  server?: string
  permissions?: Permission[]
  defaultNamespace?: string
  signal?: AbortSignal
  needToken?: () => Promise<string>
}

/** The port of one collector, and what the host hears of it. */
async function openPort({ user = 'admin', server, permissions = ANYTHING, defaultNamespace, signal, ...options }: Options = {}) {
  const { info } = cluster
  const token = user === 'admin' ? info.adminToken : info.tokens[user]
  const connection = await handOver(connectionTo(info, token, server ?? info.server))
  const { needToken = () => Promise.resolve(''), namespaces = ['*'], ...rest } = options
  const request = { connection: { ...connection, namespace: defaultNamespace ?? 'default' }, namespaces, ...rest }
  const edge = {
    clock: systemClock,
    random: Math.random,
    version: '0',
    signal: new AbortController().signal,
    needToken,
    run: { id: 'nightly.29384751', job: 'nightly', namespace: 'default' },
    expiresAt: new Date(Date.parse('2100-01-01T00:00:00Z')),
    wishesOf: () => [],
  }
  const run = openCluster(request, edge)
  opened.push(run)
  const seen = { requests: 0, refused: 0, losses: [] as Problem[] }
  const manifest = { specKey: 'test', permissions } as Parameters<RunCluster['port']>[0]['manifest']
  const { kube, release } = run.port({
    manifest,
    signal: signal ?? new AbortController().signal,
    onRequest: () => void seen.requests++,
    onRefused: () => void seen.refused++,
    onLoss: (problem) => void seen.losses.push(problem),
  })
  return { kube, release, seen, run }
}

/** Of this file: others fill the same server. */
const LABELS = { port: 'test' }
const settings = (name: string) => ({ metadata: { name, labels: LABELS }, data: { a: 'b' } })
async function withConfigMaps(count: number): Promise<string> {
  const namespace = await cluster.newNamespace()
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  await Promise.all(
    Array.from({ length: count }, (_, index) => cluster.admin.json({ method: 'POST', path, body: settings(`c-${index}`) })),
  )
  return namespace
}

/** What a list gave, by namespace; failures as their message. */
async function byNamespace(parts: AsyncIterable<RawList>): Promise<Record<string, number | string>> {
  const found: Record<string, number | string> = {}
  for await (const { namespace = '', items, failure } of parts)
    // the last part of a list may be an empty one
    if (items.length > 0 || failure || Object.keys(found).length === 0)
      found[namespace] = failure ? failure.message : Number(found[namespace] ?? 0) + items.length
  return found
}
const configMaps = { version: 'v1', plural: 'configmaps' }

describe.skipIf(cluster.skipped)('Secrets that jobs upload with', () => {
  const secrets = { version: 'v1', plural: 'secrets' }
  async function withSecrets() {
    const namespace = await cluster.newNamespace()
    const path = `/api/v1/namespaces/${namespace}/secrets`
    for (const name of ['s3-upload', 'other'])
      await cluster.admin.json({ method: 'POST', path, body: { metadata: { name }, stringData: { key: name } } })
    const opened = await openPort({ withheld: [`${namespace}/s3-upload`] })
    return { ...opened, namespace, path }
  }

  it('are in no list, and each that was left out is told', async () => {
    const { kube, seen, namespace } = await withSecrets()
    const names = []
    for await (const { items } of kube.list({ ...secrets, namespace })) names.push(...items.map(({ json }) => json['metadata']))
    expect(names).toEqual([expect.objectContaining({ name: 'other' })])
    expect(seen.losses).toEqual([expect.objectContaining({ code: 'SECRET_WITHHELD' })])
    const everywhere = []
    for await (const { items } of kube.list(secrets)) everywhere.push(...items.map(({ text }) => text))
    expect(everywhere.join()).not.toContain('s3-upload')
  })

  it('cannot be had by their path, nor by that of a list', async () => {
    const { kube, path } = await withSecrets()
    const bytes = async (url: string) => {
      for await (const _ of kube.raw(url)) throw new Error('it gave something')
    }
    for (const url of [`${path}/s3-upload`, path, '/api/v1/secrets']) {
      await expect(kube.get(url), url).rejects.toMatchObject({ code: 'SECRET_WITHHELD' })
      await expect(bytes(url), url).rejects.toMatchObject({ code: 'SECRET_WITHHELD' })
    }
    expect((await kube.get(`${path}/other`))?.json).toMatchObject({ metadata: { name: 'other' } })
    expect(await kube.get(path.replace('secrets', 'configmaps/s3-upload'))).toBeUndefined()
  })
})

describe.skipIf(cluster.skipped)('the port to a real API server', () => {
  let one = ''
  let two = ''
  beforeAll(async () => {
    one = await withConfigMaps(3)
    two = await withConfigMaps(2)
  })

  it('lists all at once, split by namespace', async () => {
    const { kube, seen } = await openPort()
    const found = await byNamespace(kube.list(configMaps, { labelSelector: 'port=test' }))
    expect(found).toMatchObject({ [one]: 3, [two]: 2 })
    expect(seen.requests).toBe(1)
  })

  it('lists page by page, and gives the bytes of the server', async () => {
    const { kube, seen } = await openPort()
    const { kube: other } = await openPort()
    const found = await byNamespace(kube.list({ ...configMaps, namespace: one }, { limit: 500 }))
    expect(found).toEqual({ [one]: 3 })
    for await (const { items } of other.list({ ...configMaps, namespace: two }))
      for (const { bytes, text, json } of items) {
        expect(Buffer.from(bytes ?? []).toString()).toBe(text)
        expect(JSON.parse(text)).toEqual(json)
      }
    expect(seen.requests).toBe(1)
  })

  it('lists a kind of the whole cluster, and one without objects', async () => {
    const { kube } = await openPort()
    expect(Object.keys(await byNamespace(kube.list({ version: 'v1', plural: 'namespaces' })))).toEqual([''])
    expect(await byNamespace(kube.list({ version: 'v1', plural: 'podtemplates' }))).toEqual({ '': 0 })
  })

  it('reads one object, and undefined when there is none', async () => {
    const { kube } = await openPort()
    const path = `/api/v1/namespaces/${one}/configmaps/c-0`
    expect((await kube.get(path))?.json).toMatchObject({ kind: 'ConfigMap', data: { a: 'b' } })
    expect(await kube.get(`${path}0`)).toBeUndefined()
    let text = ''
    for await (const piece of kube.raw(path)) text += Buffer.from(piece).toString()
    expect(JSON.parse(text)).toMatchObject({ kind: 'ConfigMap' })
  })

  it('asks what may be done', async () => {
    const { kube } = await openPort({ user: 'carol', permissions: [] })
    const access = await kube.review('access', { resourceAttributes: { verb: 'list', resource: 'pods' } })
    expect(access.json['status']).toMatchObject({ allowed: false })
    expect((await kube.review('rules', { namespace: one })).json['status']).toHaveProperty('resourceRules')
  })

  it('refuses what the manifest does not declare, without asking', async () => {
    const permissions = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]
    const { kube, seen } = await openPort({ permissions })
    const drain = async (values: AsyncIterable<unknown>) => {
      for await (const _ of values);
    }
    const attempts: (() => unknown)[] = [
      () => drain(kube.list({ version: 'v1', plural: 'secrets' })),
      () => drain(kube.list({ group: 'metrics.k8s.io', version: 'v1', plural: 'pods' })),
      () => kube.get(`/api/v1/namespaces/${one}/pods/x`),
      () => kube.get(`/api/v1/namespaces/${one}/secrets/x`),
      () => drain(kube.raw('/metrics')),
      () => drain(kube.pods({ name: 'x', namespace: one })),
      () => kube.logs({ namespace: one, name: 'x', container: 'y' }, {}),
      () => kube.exec({ namespace: one, name: 'x' }, []),
      () => kube.own({ kind: 'Pod' }),
    ]
    for (const attempt of attempts) {
      const error = await (async () => attempt())().catch((thrown: unknown) => thrown)
      expect(isFailure(error, 'COLLECTOR_PERMISSION')).toBe(true)
    }
    expect(seen.requests).toBe(0)
  })
})

describe.skipIf(cluster.skipped)('a user who may not see everything', () => {
  let one = ''
  let two = ''
  beforeAll(async () => {
    one = await withConfigMaps(3)
    two = await withConfigMaps(2)
    await cluster.allow('bob', ['list'], ['configmaps'], { namespace: one })
  })

  it('sees the namespaces of the run that may be seen, and why not the others', async () => {
    const { kube, seen } = await openPort({ user: 'bob', namespaces: [two, one] })
    const found = await byNamespace(kube.list(configMaps))
    expect(found).toEqual({
      [one]: 3,
      [two]: expect.stringContaining(`cannot list resource "configmaps" in API group "" in the namespace "${two}"`),
    })
    expect(seen.requests).toBe(3)
  })

  it('sees all that there are, when namespaces may be listed', async () => {
    await cluster.allow('carol', ['list'], ['namespaces'])
    await cluster.allow('carol', ['list'], ['configmaps'], { namespace: one })
    const { kube, seen } = await openPort({ user: 'carol' })
    const found = await byNamespace(kube.list(configMaps))
    // the list of all, and that of each namespace but one
    expect(seen.refused).toBeGreaterThan(1)
    expect(seen.refused).toBeLessThan(seen.requests)
    expect(found[one]).toBe(3)
    expect(found[two]).toContain('forbidden')
    expect(found['kube-system']).toContain('forbidden')
  })

  it('sees the namespace of the kubeconfig, when they may not', async () => {
    const { kube } = await openPort({ user: 'bob', defaultNamespace: one })
    expect(await byNamespace(kube.list(configMaps))).toEqual({ [one]: 3 })
  })

  it('is told what the server said of all, when none may be seen', async () => {
    const { kube } = await openPort({ user: 'bob', namespaces: [two] })
    await expect(byNamespace(kube.list(configMaps))).rejects.toThrow('at the cluster scope')
  })

  it.each([
    ['without a word of it', {}, 2],
    ['that says what it is', { isNamespaced: false } as const, 1],
  ])('is refused a kind of the whole cluster, %s', async (_, more, requests) => {
    await cluster.allow('alice', ['list'], ['*'], { namespace: one })
    const { kube, seen } = await openPort({ user: 'alice', namespaces: [one] })
    const parts: RawList[] = []
    const listing = (async () => {
      for await (const part of kube.list({ version: 'v1', plural: 'nodes', ...more })) parts.push(part)
    })()
    await expect(listing).rejects.toThrow('at the cluster scope')
    expect(parts).toEqual([])
    expect(seen.requests).toBe(requests)
  })

  it('gets pods first and the refusal of other namespaces last', async () => {
    await cluster.allow('bob', ['list'], ['pods'], { namespace: one })
    const pod = { metadata: { name: 'p', labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    await cluster.admin.json({ method: 'POST', path: `/api/v1/namespaces/${one}/pods`, body: pod })
    const { kube } = await openPort({ user: 'bob', namespaces: [two, one] })
    const names: unknown[] = []
    const taking = (async () => {
      for await (const { json } of kube.pods({ selector: ['app=x'] })) names.push((json['metadata'] as { name: string }).name)
    })()
    await expect(taking).rejects.toThrow('forbidden')
    expect(names).toEqual(['p'])
  })
})

describe.skipIf(cluster.skipped)('an API server in trouble', () => {
  let proxy: FaultProxy
  let namespace = ''
  beforeAll(async () => {
    proxy = await startFaultProxy(cluster.info)
    namespace = await withConfigMaps(5)
  })
  afterAll(() => proxy?.close())
  afterEach(() => proxy?.rules())
  const listed = async (kube: Kube) => byNamespace(kube.list({ ...configMaps, namespace }))

  it('that asks for patience gets it', async () => {
    proxy.rules({ fault: { kind: 'status', status: 429, retryAfter: '0' }, path: /configmaps/, times: 2 })
    const { kube } = await openPort({ server: proxy.url })
    expect(await listed(kube)).toEqual({ [namespace]: 5 })
  })

  it('that answers 500 fails this list, and no other', async () => {
    proxy.rules({ fault: { kind: 'status', status: 500 }, path: /configmaps/ })
    const { kube } = await openPort({ server: proxy.url })
    await expect(listed(kube)).rejects.toSatisfy((error) => isFailure(error, 'API_UNAVAILABLE'))
    expect(await byNamespace(kube.list({ version: 'v1', plural: 'services', namespace }))).toEqual({ '': 0 })
  })

  it('that cuts a list says so, and what was whole stays', async () => {
    proxy.rules({ fault: { kind: 'truncate', bytes: 900 }, path: /configmaps/ })
    const { kube } = await openPort({ server: proxy.url })
    await expect(listed(kube)).rejects.toSatisfy((error) => isFailure(error, 'CLUSTER_UNREACHABLE'))
  })

  it('that fails once when it is asked which namespaces there are is asked again', async () => {
    await cluster.allow('carol', ['list'], ['namespaces'])
    await cluster.allow('carol', ['list'], ['configmaps'], { namespace })
    proxy.rules({ fault: { kind: 'status', status: 500 }, path: '/api/v1/namespaces?', times: 1 })
    const { kube } = await openPort({ server: proxy.url, user: 'carol' })
    await expect(byNamespace(kube.list(configMaps))).rejects.toMatchObject({ code: 'API_UNAVAILABLE' })
    expect(await byNamespace(kube.list(configMaps))).toMatchObject({ [namespace]: 5 })
  })

  it('that fails for one namespace of many gives the others', async () => {
    const other = await withConfigMaps(1)
    proxy.rules({ fault: { kind: 'status', status: 500 }, path: new RegExp(`${namespace}/configmaps`) })
    const { kube } = await openPort({ server: proxy.url })
    const found = await byNamespace(kube.list({ ...configMaps, namespaces: [namespace, other] }))
    expect(found).toEqual({ [namespace]: expect.stringContaining('injected 500'), [other]: 1 })
  })

  it('is left alone once the run is aborted', async () => {
    const stop = new AbortController()
    proxy.rules({ fault: { kind: 'hang' }, path: /configmaps/ })
    const { kube } = await openPort({ server: proxy.url, signal: stop.signal })
    const listing = listed(kube)
    listing.catch(() => undefined)
    await systemClock.sleep(50)
    stop.abort(new Error('enough'))
    await expect(listing).rejects.toThrow('enough')
    const { kube: again } = await openPort({ server: proxy.url, signal: stop.signal })
    await expect(again.get('/version')).rejects.toThrow('enough')
  })
})

/** A server that answers when told to, and counts who waits. */
async function slowServer() {
  const waiting: (() => void)[] = []
  let most = 0
  const server = createServer((_, response) => {
    waiting.push(() => void response.end('{"metadata":{"resourceVersion":"1"},"items":[]}'))
    most = Math.max(most, waiting.length)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, most: () => most, waiting, close: () => (server.closeAllConnections(), server.close()) }
}

describe.skipIf(cluster.skipped)('over the whole run', () => {
  it('no more than 8 requests are at work', async () => {
    const server = await slowServer()
    const { run, seen } = await openPort({ server: server.url })
    const manifest = { specKey: 'x', permissions: ANYTHING } as Parameters<RunCluster['port']>[0]['manifest']
    const ports = Array.from({ length: 5 }, () =>
      run.port({
        manifest,
        signal: new AbortController().signal,
        onRequest: () => void seen.requests++,
        onRefused: () => undefined,
        onLoss: () => undefined,
      }),
    )
    const lists = ports.flatMap(({ kube }) =>
      Array.from({ length: 6 }, (_, index) => byNamespace(kube.list({ version: 'v1', plural: `kind${index}` }))),
    )
    const all = Promise.all(lists)
    for (let answered = 0; answered < 30;) {
      await systemClock.sleep(10)
      for (const answer of server.waiting.splice(0)) {
        answer()
        answered++
      }
    }
    await all
    expect(server.most()).toBe(8)
    server.close()
  })

  it('lists that nobody reads on do not keep others from working', async () => {
    const large = 'x'.repeat(900_000)
    const namespace = await cluster.newNamespace()
    const path = `/api/v1/namespaces/${namespace}/configmaps`
    for (let index = 0; index < 24; index++)
      await cluster.admin.json({ method: 'POST', path, body: { metadata: { name: `l-${index}` }, data: { large } } })
    const { kube } = await openPort()
    const started = Array.from({ length: 12 }, () => kube.list({ ...configMaps, namespace })[Symbol.asyncIterator]())
    for (const list of started) await list.next()
    expect(await kube.get('/version')).toBeDefined()
    expect(await byNamespace(kube.list({ ...configMaps, namespace }))).toEqual({ [namespace]: 24 })
    for (const list of started) await list.return?.()
  }, 60_000)

  it('no more requests a second than it may', async () => {
    const { kube } = await openPort({ apiQps: 20 })
    const begin = systemClock.monotonicMs()
    await Promise.all(Array.from({ length: 7 }, () => kube.get('/version')))
    expect(systemClock.monotonicMs() - begin).toBeGreaterThan(280)
  })

  it('a refused token is asked for anew', async () => {
    const { info } = cluster
    const connection = { ...(await handOver(connectionTo(info, 'expired'))), namespace: 'default' }
    let asked = 0
    const needToken = () => (asked++, Promise.resolve(info.adminToken))
    const edge = {
      clock: systemClock,
      random: Math.random,
      version: '0',
      signal: new AbortController().signal,
      needToken,
      run: { id: 'nightly.1', job: 'nightly', namespace: 'default' },
      expiresAt: new Date(Date.parse('2100-01-01T00:00:00Z')),
      wishesOf: () => [],
    }
    const run = openCluster({ connection, namespaces: ['*'] }, edge)
    opened.push(run)
    const manifest = { specKey: 'x', permissions: ANYTHING } as Parameters<RunCluster['port']>[0]['manifest']
    const { kube } = run.port({
      manifest,
      signal: edge.signal,
      onRequest: () => undefined,
      onRefused: () => undefined,
      onLoss: () => undefined,
    })
    expect(await Promise.all([kube.get('/api/v1/namespaces/default'), kube.get('/version')])).toHaveLength(2)
    expect(asked).toBe(1)
  })
})
