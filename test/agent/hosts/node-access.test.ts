import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolve } from 'node:path'
import { tenantAccess } from '../../../agent/identity/tenant-access.ts'
import { AgentConfig } from '../../../agent/config.ts'
import { systemClock } from '../../../core/clock.ts'
import type { ProductError } from '../../../core/errors.ts'
import { listPages } from '../../../core/kube/list.ts'
import { createObject, mergePatch } from '../../../core/kube/objects.ts'
import { HOST_NAMESPACE, STORE_ACCOUNT } from '../../../core/names.ts'
import type { NodeWord } from '../../../core/node-words.ts'
import { type ControlPlane, startControlPlane } from '../../cluster/control-plane.ts'
import { newFolder } from '../../cluster/sweep.ts'
import { type TestCluster, testCluster, useCluster } from '../../cluster/use-cluster.ts'
import { kubectl, MANIFESTS } from '../../manifests/kustomize.ts'
import type { FakePod } from './fake-nodes.ts'

const { skipped } = await useCluster()
const RUN = {
  id: 'nightly.1',
  uid: 'run-1',
  job: 'nightly',
  namespace: 'looks',
  slot: '2026-01-01T02:00:00.000Z',
  trigger: 'schedule',
} as const
const PODS = `/api/v1/namespaces/${HOST_NAMESPACE}/pods`

// A server of its own: the names are fixed, and all nodes are looked at.
describe.skipIf(skipped)('work on nodes of a real API server', () => {
  let server: ControlPlane
  let cluster: TestCluster
  beforeAll(async () => {
    server = await startControlPlane({ folder: newFolder() })
    cluster = testCluster(server)
    for (const [name, status] of [
      ['n1', 'True'],
      ['n2', 'True'],
      ['n3', 'False'],
    ]) {
      await createObject(cluster.admin, '/api/v1/nodes', { metadata: { name } })
      const conditions = [{ type: 'Ready', status }]
      await mergePatch(cluster.admin, `/api/v1/nodes/${name}/status`, { status: { conditions } })
    }
  }, 120_000)
  afterAll(async () => {
    cluster?.admin.close()
    await server?.stop()
  })

  const access = (namespace: string) =>
    tenantAccess(cluster.admin, namespace, AgentConfig.parse({ hosts: ['looks'] }), () => undefined).outside.nodes
  const pods = async () => {
    const found: FakePod[] = []
    for await (const { items } of listPages(cluster.admin, { path: PODS }))
      found.push(...items.map(({ text }) => JSON.parse(text) as FakePod))
    return found
  }

  async function work(onPods: (all: FakePod[]) => Promise<void>) {
    const said: Record<string, NodeWord> = {}
    const listener = { nodes: () => undefined, say: async (node: string, word: NodeWord) => void (said[node] = word) }
    const stop = new AbortController()
    const done = access('looks')?.work(RUN)({ entries: [], timeoutMs: 30_000 }, listener, stop.signal)
    await onPods(await pods())
    await done
    return Object.fromEntries(
      Object.entries(said).map(([node, word]) => [node, word.kind === 'over' ? word.problem?.message : '']),
    )
  }

  it('is for namespaces that the config names', () => {
    expect(access('other')).toBeUndefined()
    expect(access('looks')).toBeDefined()
  })

  it('is refused, with what lets it, until the manifest is there', async () => {
    const error = await work(async () => undefined).catch((thrown: ProductError) => thrown)
    expect(error).toMatchObject({ code: 'HOSTS_UNAVAILABLE', remedy: expect.stringContaining('install --with host-access') })
  })

  it('takes no more than what the manifest grants, and leaves nothing', async () => {
    await kubectl(['apply', '-k', resolve(MANIFESTS, 'host-access')], server.kubeconfig)
    // A controller makes it where there are some.
    await createObject(cluster.admin, `/api/v1/namespaces/${HOST_NAMESPACE}/serviceaccounts`, { metadata: { name: 'default' } })
    const setStatus = (name: string, status: object) => mergePatch(cluster.admin, `${PODS}/${name}/status`, { status })
    const reasons = await work(async () => {
      let made: FakePod[] = []
      for (let turn = 0; made.length < 2 && turn < 100; turn++) {
        made = await pods()
        await systemClock.sleep(50)
      }
      const [first, second] = ['n1', 'n2'].map((node) => made.find(({ spec }) => spec.nodeName === node))
      expect(first?.metadata.labels).toMatchObject({ 'support-bundle-schedule.io/run-uid': 'run-1' })
      await setStatus(first?.metadata.name ?? '', { phase: 'Running' })
      const state = { waiting: { reason: 'ImagePullBackOff', message: 'there is no such image' } }
      await setStatus(second?.metadata.name ?? '', {
        containerStatuses: [{ name: 'host', state, ready: false, restartCount: 0, image: '', imageID: '' }],
      })
    })
    // There is no kubelet: it may be asked for, which is all that rights say.
    expect(reasons['n1']).not.toMatch(/forbidden|cannot/)
    expect(reasons['n1']).toMatch(/n1|dial|address|kubelet|upgrade/i)
    expect(reasons['n2']).toMatch(/ImagePullBackOff: there is no such image/)
    expect(reasons['n3']).toMatch(/it is not ready/)
    expect(await pods()).toEqual([])
  })

  it('is all that its identity may do', async () => {
    const may = async (verb: string, resource: string, namespace: string, subresource = '') => {
      const user = `system:serviceaccount:${HOST_NAMESPACE}:${STORE_ACCOUNT}`
      const spec = { user, resourceAttributes: { verb, resource, namespace, subresource } }
      const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec }
      const { json } = await createObject(cluster.admin, '/apis/authorization.k8s.io/v1/subjectaccessreviews', review)
      return (json['status'] as { allowed: boolean }).allowed
    }
    expect(await may('create', 'pods', HOST_NAMESPACE)).toBe(true)
    expect(await may('create', 'pods', HOST_NAMESPACE, 'exec')).toBe(true)
    expect(await may('list', 'nodes', '')).toBe(true)
    expect(await may('get', 'secrets', HOST_NAMESPACE)).toBe(false)
    expect(await may('create', 'pods', 'default')).toBe(false)
    expect(await may('get', 'nodes', '', 'proxy')).toBe(false)
  })
})
