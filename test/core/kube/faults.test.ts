import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeClient } from '../../../core/kube/client.ts'
import { listAll } from '../../../core/kube/list.ts'
import { applyObject, createObject, deleteObject, getObject, mergePatch, replaceObject } from '../../../core/kube/objects.ts'
import { resourcePath } from '../../../core/kube/path.ts'
import { type Fault, type FaultProxy, startFaultProxy } from '../../cluster/fault-proxy.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const cluster = await useCluster()

describe.skipIf(cluster.skipped)('one fault on the way to a real API server', () => {
  let proxy: FaultProxy
  let client: KubeClient
  let namespace: string
  beforeAll(async () => {
    namespace = await cluster.newNamespace()
    proxy = await startFaultProxy(cluster.info)
    client = cluster.client('admin', { server: proxy.url })
  })
  afterAll(async () => {
    client.close()
    await proxy.close()
  })

  const path = (name?: string) => resourcePath({ version: 'v1', plural: 'configmaps', namespace, name })
  const options = { timeoutMs: 300 }
  const owned = { apiVersion: 'v1', kind: 'ConfigMap' }
  let count = 0

  /** Each works on an object of its own that is there, and `isDone` looks past the fault whether it happened. */
  const operations: Record<string, { run: (name: string) => Promise<unknown>; isDone?: (name: string) => Promise<boolean> }> = {
    get: { run: (name) => getObject(client, path(name), options) },
    list: { run: () => listAll(client, { path: path(), ...options }) },
    create: {
      run: (name) => createObject(client, path(), { metadata: { name: `${name}-new` } }, options),
      isDone: async (name) => (await getObject(cluster.admin, path(`${name}-new`))) !== undefined,
    },
    replace: { run: (name) => replaceObject(client, path(name), { metadata: { name }, data: { done: '' } }, options), isDone },
    merge: { run: (name) => mergePatch(client, path(name), { data: { done: '' } }, options), isDone },
    apply: {
      run: (name) =>
        applyObject(client, path(name), { ...owned, metadata: { name }, data: { done: '' } }, { fieldManager: 'f', ...options }),
      isDone,
    },
    delete: {
      run: (name) => deleteObject(client, path(name), options),
      isDone: async (name) => (await getObject(cluster.admin, path(name))) === undefined,
    },
  }
  async function isDone(name: string): Promise<boolean> {
    const object = await getObject(cluster.admin, path(name))
    return Object.hasOwn(object?.json['data'] ?? {}, 'done')
  }

  /**
   * What each fault leads to, for all and for `create`, which is never sent twice; and whether the server did it although the
   * caller got an error.
   */
  const faults: [string, Fault, { all: string; create?: string; wasDone?: boolean }][] = [
    ['delay', { kind: 'delay', ms: 100 }, { all: 'ok' }],
    ['429 with Retry-After', { kind: 'status', status: 429, retryAfter: '0' }, { all: 'ok', create: 'API_UNAVAILABLE' }],
    ['503 with Retry-After', { kind: 'status', status: 503, retryAfter: '0' }, { all: 'ok', create: 'API_UNAVAILABLE' }],
    ['429 without', { kind: 'status', status: 429 }, { all: 'API_UNAVAILABLE' }],
    ['500', { kind: 'status', status: 500 }, { all: 'API_UNAVAILABLE' }],
    ['410', { kind: 'status', status: 410 }, { all: 'API_EXPIRED' }],
    ['reset', { kind: 'reset' }, { all: 'CLUSTER_UNREACHABLE' }],
    ['reset after the server', { kind: 'reset', afterServer: true }, { all: 'CLUSTER_UNREACHABLE', wasDone: true }],
    ['hang', { kind: 'hang' }, { all: 'CLUSTER_UNREACHABLE' }],
    ['hang after the head', { kind: 'hang', afterHead: true }, { all: 'CLUSTER_UNREACHABLE', wasDone: true }],
    ['cut body', { kind: 'truncate', bytes: 20 }, { all: 'CLUSTER_UNREACHABLE', wasDone: true }],
  ]
  const matrix = faults.flatMap(([name, fault, want]) =>
    Object.keys(operations).map((operation) => ({ name, operation, fault, want })),
  )

  it.each(matrix)('$name: $operation', async ({ operation, fault, want }) => {
    const name = `cm-${count++}`
    await createObject(cluster.admin, path(), { metadata: { name } })
    const { run, isDone: look } = operations[operation] ?? { run: () => Promise.reject(new Error('no such operation')) }
    client.close() // a kept connection that breaks would be tried again, and hide the fault
    proxy.rules({ fault, times: 1 })
    const before = proxy.requests.length
    const outcome = await run(name).then(
      () => 'ok',
      (error: unknown) => (error as { code: string }).code,
    )
    const expected = operation === 'create' ? (want.create ?? want.all) : want.all
    expect(outcome).toBe(expected)
    expect(proxy.requests.length - before).toBe(outcome === 'ok' && fault.kind === 'status' ? 2 : 1)
    if (look) expect(await look(name)).toBe(outcome === 'ok' || (want.wasDone ?? false))
  })
})
