import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mergePatch } from '../../core/kube/objects.ts'
import { collectFrom, removeCollected } from './collect-from.ts'
import { type FakeKubelet, startFakeKubelet } from './fake-kubelet.ts'
import { useCluster } from './use-cluster.ts'

/** A node that died keeps its pods, none of them well: all their logs are asked for, and none is answered. */

const cluster = await useCluster()
const L = 'cluster-resources/pods/logs'
const COUNT = 24

describe.skipIf(cluster.skipped)('a node that answers no more', () => {
  let dead: FakeKubelet
  let alive: FakeKubelet
  let asked = 0
  let namespace = ''
  beforeAll(async () => {
    dead = await startFakeKubelet(cluster, () => void asked++)
    alive = await startFakeKubelet(cluster, (_, __, response) => void response.end('a line\n'))
    namespace = await cluster.newNamespace()
    const names = Array.from({ length: COUNT }, (_, index) => `dead-${String(index).padStart(2, '0')}`)
    for (const name of names) await anUnreadyPod(dead, name)
    await anUnreadyPod(alive, 'well')
  }, 60_000)
  afterAll(async () => {
    await dead?.close()
    await alive?.close()
    await removeCollected()
  })

  async function anUnreadyPod(node: FakeKubelet, name: string): Promise<void> {
    await node.aPod(namespace, name, ['web'])
    const container = { name: 'web', image: 'i', imageID: '', ready: false, restartCount: 0, state: { running: {} } }
    const status = { phase: 'Running', containerStatuses: [container] }
    await mergePatch(cluster.admin, `/api/v1/namespaces/${namespace}/pods/${name}/status`, { status })
  }

  it('is not waited for once for each of its pods: all else is there', { timeout: 60_000 }, async () => {
    const bundle = await collectFrom(cluster, [{ clusterResources: {} }], {
      namespaces: [namespace],
      change: { timeoutMs: 15_000 },
    })
    const report = await bundle.report('clusterResources')
    expect(report).toMatchObject({ state: 'ran', isComplete: false })
    expect(asked).toBeLessThan(COUNT / 2)
    for (const name of ['dead-00', `dead-${COUNT - 1}`])
      expect((await bundle.text(`${L}/${namespace}/${name}/web-logs-errors.log`)).length).toBeGreaterThan(20)
    expect(await bundle.text(`${L}/${namespace}/dead-${COUNT - 1}/web-logs-errors.log`)).toContain(
      `node "${dead.node}" gave none`,
    )
    expect(await bundle.text(`${L}/${namespace}/well/web.log`)).toBe('a line\n')
    expect(bundle.paths).toContain(`cluster-resources/configmaps/${namespace}.json`)
    expect(bundle.paths).toContain('cluster-resources/groups.json')
  })
})
