import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { createObject } from '../../core/kube/objects.ts'
import { type Collected, collectFrom, removeCollected } from './collect-from.ts'
import { compact, FORGETFUL } from './compact.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import type { FakeKubelet } from './fake-kubelet.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { newFolder } from './sweep.ts'
import { fillTwoPages } from './two-pages.ts'
import { type TestCluster, testCluster, useCluster } from './use-cluster.ts'

/** A list of several pages whose state the server forgets before its end. */

const shared = await useCluster()
const SECOND_PAGE = /^\/api\/v1\/pods\?.*continue=/

describe.skipIf(shared.skipped)('a list that the server forgets', () => {
  let server: ControlPlane
  let cluster: TestCluster
  let kubelet: FakeKubelet
  let proxy: FaultProxy
  let sound: string[]
  beforeAll(async () => {
    server = await startControlPlane({ folder: newFolder(), apiServerFlags: FORGETFUL })
    cluster = testCluster(server)
    kubelet = await fillTwoPages(cluster)
    proxy = await startFaultProxy(cluster.info)
    sound = await podsIn(await collect())
  }, 120_000)
  afterAll(async () => {
    await proxy?.close()
    await kubelet?.close()
    await server?.stop()
    await removeCollected()
  })

  const collect = (url = cluster.info.server) => collectFrom(cluster, [{ clusterResources: {} }], { server: url })
  async function podsIn(bundle: Collected): Promise<string[]> {
    const files = bundle.paths.filter((path) => /^cluster-resources\/pods\/[^/]+\.json$/.test(path))
    const lists = await Promise.all(files.map((path) => bundle.json(path) as Promise<{ items: { metadata: { uid: string } }[] }>))
    return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.uid))
  }
  async function notes(bundle: Collected): Promise<string[]> {
    return (await bundle.report('clusterResources')).warnings.map(({ code, message }) => `${code} ${message}`)
  }
  const NEWER = expect.stringMatching(/^LIST_NEWER_STATE pods: the server forgot/) as string

  it('goes on with the token that the server gives with its refusal', async () => {
    proxy.rules({ fault: { kind: 'delay', ms: 1500 }, path: SECOND_PAGE, times: 1 })
    const asked = proxy.requests.length
    const collecting = collect(proxy.url)
    while (
      !proxy.requests.slice(asked).some((request) => request.startsWith('GET /api/v1/pods?') && request.includes('continue='))
    )
      await systemClock.sleep(5)
    await createObject(cluster.admin, '/api/v1/namespaces/zoo-000/configmaps', { metadata: { name: 'later' } })
    await compact(cluster.info.etcd)
    const bundle = await collecting
    expect(sound).toHaveLength(526)
    expect(await podsIn(bundle)).toEqual(sound)
    expect(await notes(bundle)).toEqual([NEWER])
    expect(bundle.result.archive.isPartial).toBe(false)
  })

  it('begins anew without one, and gives nothing twice', async () => {
    proxy.rules({ fault: { kind: 'status', status: 410, reason: 'Expired' }, path: SECOND_PAGE, times: 2 })
    const bundle = await collect(proxy.url)
    expect(await podsIn(bundle)).toEqual(sound)
    expect(await notes(bundle)).toEqual([NEWER, NEWER])
    expect(bundle.paths.filter((path) => path.includes('errors'))).toEqual([])
    expect(bundle.result.archive.isPartial).toBe(false)
  })
})
