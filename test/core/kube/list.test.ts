import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listAll, type ListPage, listPages } from '../../../core/kube/list.ts'
import { createObject } from '../../../core/kube/objects.ts'
import { resourcePath } from '../../../core/kube/path.ts'
import { isStatus } from '../../../core/kube/status-error.ts'
import { systemClock } from '../../../core/clock.ts'
import { startFaultProxy } from '../../cluster/fault-proxy.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const cluster = await useCluster()
const COUNT = 1_200

/** The API of a new definition is served a moment after it was created. */
function ifMissing(error: unknown): undefined {
  if (!isStatus(error, 404)) throw error
}

describe.skipIf(cluster.skipped)('lists of a real API server', () => {
  let namespace: string
  let path: string
  const warnings: string[] = []
  const onWarning = (warning: Error) => void warnings.push(warning.message)
  beforeAll(async () => {
    process.on('warning', onWarning)
    namespace = await cluster.newNamespace()
    path = resourcePath({ version: 'v1', plural: 'configmaps', namespace })
    const names = Array.from({ length: COUNT }, (_, index) => `cm-${String(index).padStart(4, '0')}`)
    await Promise.all(
      names.map((name) =>
        createObject(cluster.admin, path, {
          metadata: { name, labels: { half: String(Number(name.slice(3)) % 2) } },
          data: { name, text: '"}],[{"\\' },
        }),
      ),
    )
  }, 60_000)

  afterAll(() => void process.off('warning', onWarning))

  async function pages(
    options: Partial<Parameters<typeof listPages>[1]> = {},
    client = cluster.admin,
    onPage: (page: ListPage) => unknown = () => undefined,
  ): Promise<ListPage[]> {
    const all: ListPage[] = []
    for await (const page of listPages(client, { path, ...options })) {
      all.push(page)
      await onPage(page)
    }
    return all
  }
  const names = (all: ListPage[]) => all.flatMap((page) => page.items.map((item) => item.metadata.name ?? ''))

  it('come in pages, in order, with the bytes that the server sent', async () => {
    const all = await pages()
    expect(all.map((page) => page.items.length)).toEqual([500, 500, 200])
    expect(new Set(names(all)).size).toBe(COUNT)
    expect(new Set(all.map((page) => page.resourceVersion)).size).toBe(1)
    const whole = (await cluster.admin.bytes({ path })).toString('utf8')
    expect(whole).toContain(`"items":[${all.flatMap((page) => page.items.map((item) => item.text)).join(',')}]`)
    const parsed = await pages({ isParsed: true })
    expect(parsed.map(({ items, ...page }) => ({ ...page, items: items.map((item) => item.json) }))).toEqual(
      all.map(({ items, ...page }) => ({ ...page, items: items.map((item) => item.json) })),
    )
  })

  it('and the many calls before them left no listener on the connections that they shared', () => {
    expect(warnings).toEqual([])
  })

  it('keep selectors on every page, and are the same when packed', async () => {
    const options = { limit: 100, query: { labelSelector: 'half=1', resourceVersion: '0', resourceVersionMatch: 'NotOlderThan' } }
    const half = names(await pages(options))
    expect(half).toHaveLength(COUNT / 2)
    expect(half.every((name) => Number(name.slice(3)) % 2 === 1)).toBe(true)
    expect(names(await pages({ ...options, compress: true }))).toEqual(half)
  })

  it('ask for no more than is read', async () => {
    const proxy = await startFaultProxy(cluster.info)
    const client = cluster.client('admin', { server: proxy.url })
    for await (const page of listPages(client, { path, limit: 10 })) if (page.items.length > 0) break
    expect(proxy.requests).toHaveLength(1)
    client.close()
    await proxy.close()
  })

  it('are handed on in parts when they are large', async () => {
    const all = await pages({ limit: COUNT, pageBytes: 100_000 })
    expect(all.length).toBeGreaterThan(3)
    expect(names(all)).toHaveLength(COUNT)
    expect(all.at(-1)?.resourceVersion).toMatch(/^\d+$/)
  })

  it('of one state are whole, even when it takes a restart', async () => {
    const proxy = await startFaultProxy(cluster.info)
    const client = cluster.client('admin', { server: proxy.url })
    proxy.rules({ path: /continue=/, after: 1, times: 1, fault: { kind: 'status', status: 410, reason: 'Expired' } })
    const all = await listAll(client, { path })
    expect(new Set(all.items.map((item) => item.metadata.uid)).size).toBe(COUNT)
    expect(all.items).toHaveLength(COUNT)
    expect(proxy.requests).toHaveLength(6)
    client.close()
    await proxy.close()
  })

  it.each([1, 2])('go on where the server forgot their state %d times and gave no token, each object once', async (times) => {
    const proxy = await startFaultProxy(cluster.info)
    const client = cluster.client('admin', { server: proxy.url })
    proxy.rules({ path: /continue=/, after: 1, times, fault: { kind: 'status', status: 410, reason: 'Expired' } })
    let told = 0
    const all = await pages({ onNewerState: () => void told++, pageBytes: 20_000 }, client)
    expect(names(all)).toEqual(names(await pages()))
    expect(all.filter((page) => page.isRestart)).toEqual([])
    expect(told).toBe(times)
    client.close()
    await proxy.close()
  })

  it('of custom resources work, whose metadata comes last', async () => {
    const group = `${namespace}.example.com`
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
    await createObject(cluster.admin, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: `things.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    })
    const things = resourcePath({ group, version: 'v1', plural: 'things', namespace })
    const served = async () => {
      for (;;) {
        const made = await createObject(cluster.admin, things, {
          apiVersion: `${group}/v1`,
          kind: 'Thing',
          metadata: { name: 'a' },
          spec: { items: [1] },
        }).catch(ifMissing)
        if (made) return
        await systemClock.sleep(50)
      }
    }
    await served()
    const { items, resourceVersion } = await listAll(cluster.admin, { path: things })
    expect(items.map((item) => item.json['spec'])).toEqual([{ items: [1] }])
    expect(resourceVersion).toMatch(/^\d+$/)
  })

  it.each([
    ['cut', { kind: 'truncate', bytes: 50_000 }],
    ['shortened on the way', { kind: 'truncate', bytes: 50_000, quietly: true }],
  ] as const)('that are %s are errors, never short lists', async (_, fault) => {
    const proxy = await startFaultProxy(cluster.info)
    const client = cluster.client('admin', { server: proxy.url })
    proxy.rules({ fault })
    await expect(pages({}, client)).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    client.close()
    await proxy.close()
  })
})
