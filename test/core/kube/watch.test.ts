import { describe, expect, it } from 'vitest'
import type { KubeClient } from '../../../core/kube/client.ts'
import { createObject, deleteObject, mergePatch } from '../../../core/kube/objects.ts'
import { resourcePath } from '../../../core/kube/path.ts'
import { watch, type WatchEvent } from '../../../core/kube/watch.ts'
import { type FaultProxy, startFaultProxy } from '../../cluster/fault-proxy.ts'
import { useCluster } from '../../cluster/use-cluster.ts'
import { follow } from './follow.ts'

const cluster = await useCluster()
const configMaps = (namespace: string, name?: string) => resourcePath({ version: 'v1', plural: 'configmaps', namespace, name })

describe.skipIf(cluster.skipped)('a watch of a real API server', () => {
  const put = (namespace: string, name: string, data: Record<string, string> = {}) =>
    createObject(cluster.admin, configMaps(namespace), { metadata: { name }, data })

  async function proxied(test: (proxy: FaultProxy, client: KubeClient) => Promise<void>): Promise<void> {
    const proxy = await startFaultProxy(cluster.info)
    const client = cluster.client('admin', { server: proxy.url })
    try {
      await test(proxy, client)
    } finally {
      client.close()
      await proxy.close()
    }
  }

  it('begins with all there is, and tells of each change with the bytes that the server sent', async () => {
    const namespace = await cluster.newNamespace()
    await put(namespace, 'a')
    const seen = follow(cluster.admin, { path: configMaps(namespace) })
    await seen.until(() => seen.resyncs() === 1)
    const b = await put(namespace, 'b', { x: '}"\n' })
    const patched = await mergePatch(cluster.admin, configMaps(namespace, 'a'), { data: { y: '1' } })
    await deleteObject(cluster.admin, configMaps(namespace, 'b'))
    await seen.until(() => seen.events.length === 4)
    expect(seen.events.map((event) => event.type)).toEqual(['resync', 'added', 'modified', 'deleted'])
    const [, added, modified] = seen.events
    expect(added && 'object' in added && added.object.json).toEqual(b.json)
    expect(modified && 'object' in modified && modified.object.json).toEqual(patched.json)
    expect([...seen.world.keys()]).toEqual(['a'])
    await seen.stop()
    expect(seen.problems).toEqual([])
  })

  it('keeps to its selector', async () => {
    const namespace = await cluster.newNamespace()
    const seen = follow(cluster.admin, { path: configMaps(namespace), query: { fieldSelector: 'metadata.name=b' } })
    await seen.until(() => seen.resyncs() === 1)
    await put(namespace, 'a')
    await put(namespace, 'b')
    await seen.until(() => seen.events.length === 2)
    expect([...seen.world.keys()]).toEqual(['b'])
    await seen.stop()
  })

  it.each([
    ['ended each 60 ms', { kind: 'cut', afterMs: 60 }],
    ['cut off each 60 ms', { kind: 'cut', afterMs: 60, abruptly: true }],
    ['cut off in the middle of lines', { kind: 'truncate', bytes: 1_500 }],
    ['shortened in the middle of lines', { kind: 'truncate', bytes: 1_500, quietly: true }],
  ] as const)('misses nothing when it is %s, and needs no new list', async (_, fault) => {
    const namespace = await cluster.newNamespace()
    await proxied(async (proxy, client) => {
      proxy.rules({ path: /watch=true/, fault })
      const seen = follow(client, { path: configMaps(namespace) })
      await seen.until(() => seen.resyncs() === 1)
      const sessions = () => proxy.requests.filter((request) => request.includes('watch=true')).length
      const kept: string[] = []
      for (let index = 0; index < 12 || sessions() < 4; index++) {
        await put(namespace, `n${index}`)
        if (index % 3 === 0) await deleteObject(cluster.admin, configMaps(namespace, `n${index}`))
        else kept.push(`n${index}`)
      }
      await put(namespace, 'last')
      await seen.until(() => seen.world.has('last'))
      expect([...seen.world.keys()].toSorted()).toEqual([...kept, 'last'].toSorted())
      const types = seen.events.map((event) => `${event.type} ${'object' in event ? event.object.metadata.name : ''}`)
      expect(new Set(types).size).toBe(types.length)
      expect(seen.resyncs()).toBe(1)
      await seen.stop()
    })
  })

  it.each([
    ['429 with Retry-After', { kind: 'status', status: 429, retryAfter: '0' }],
    ['500', { kind: 'status', status: 500 }],
    ['a reset', { kind: 'reset' }],
    ['a reset after the server answered', { kind: 'reset', afterServer: true }],
    ['a shortened list', { kind: 'truncate', bytes: 40, quietly: true }],
    ['something that is no API server', { kind: 'status', status: 200, body: '<html>' }],
  ] as const)('goes on after %s, on the list and on the watch', async (_, fault) => {
    const namespace = await cluster.newNamespace()
    await put(namespace, 'a')
    await proxied(async (proxy, client) => {
      proxy.rules({ path: /watch=true/, times: 2, fault }, { path: /limit=/, times: 2, fault })
      const seen = follow(client, { path: configMaps(namespace) })
      await seen.until(() => seen.resyncs() >= 1)
      await put(namespace, 'b')
      await seen.until(() => seen.world.has('b'))
      expect([...seen.world.keys()].toSorted()).toEqual(['a', 'b'])
      await seen.stop()
    })
  })

  it('gives up a connection that says nothing, and goes on with another', async () => {
    const namespace = await cluster.newNamespace()
    await proxied(async (proxy, client) => {
      proxy.rules({ path: /watch=true/, times: 1, fault: { kind: 'hang', afterHead: true } })
      const seen = follow(client, { path: configMaps(namespace), idleMs: 200 })
      await seen.until(() => seen.resyncs() === 1)
      await put(namespace, 'a')
      await seen.until(() => seen.world.has('a'))
      expect(seen.problems[0]).toMatchObject({
        code: 'CLUSTER_UNREACHABLE',
        message: expect.stringContaining('stopped in the middle') as string,
      })
      await seen.stop()
    })
  })

  it('follows the bookmarks of a quiet collection, so that its place is never forgotten', async () => {
    const namespace = await cluster.newNamespace()
    await proxied(async (proxy, client) => {
      // the server sends a bookmark shortly before it ends a watch: it is told to end this one after a second
      const seen = follow(client, { path: configMaps(namespace), relistMs: 1_000 })
      await seen.until(() => seen.resyncs() === 1)
      const first = seen.events[0]?.resourceVersion
      await createObject(cluster.admin, configMaps(await cluster.newNamespace()), { metadata: { name: 'elsewhere' } })
      const sessions = () => proxy.requests.filter((request) => request.includes('watch=true'))
      await seen.until(() => seen.resyncs() === 2)
      expect(Number(seen.events[1]?.resourceVersion)).toBeGreaterThan(Number(first))
      expect(sessions()[0]).toContain('allowWatchBookmarks=true')
      await seen.stop()
    })
  })

  it('says that it may not look, and sees all once it may', async () => {
    const namespace = await cluster.newNamespace()
    await put(namespace, 'a')
    const waits: number[] = []
    const bob = cluster.client('bob')
    const stop = new AbortController()
    const events: WatchEvent[] = []
    const options = {
      path: configMaps(namespace),
      signal: stop.signal,
      onProblem: (error: unknown, retryMs: number) => {
        waits.push(retryMs)
        stop.abort(error)
      },
    }
    for await (const event of watch(bob, options)) events.push(event)
    expect(stop.signal.reason).toMatchObject({ status: 403 })
    expect(waits[0]).toBeGreaterThanOrEqual(30_000)
    expect(events).toEqual([])
    bob.close()
  })
})
