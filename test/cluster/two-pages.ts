import { createObject, mergePatch } from '../../core/kube/objects.ts'
import { CRASHED } from '../collectors/clusters.ts'
import { type FakeKubelet, startFakeKubelet } from './fake-kubelet.ts'
import { type FixtureSize, fillCluster } from './fixture.ts'
import { defineKind } from './rich-namespace.ts'
import type { TestCluster } from './use-cluster.ts'

/** Stands in objects and logs, always where the default rules mask it. */
export const PLANTED = 'pl4nted'

/** More than a page of 500: `first` and `nodes` lie on the first page, `shop` on both, `zoo` on the second. */
const SIZES: [namespace: string, pods: number][] = [
  ['first', 3],
  ['shop', 520],
  ['zoo', 2],
]
export const GROUP = 'faults.example.com'

/**
 * Fills a control plane of one's own with pods of two pages, objects of a custom kind, and in `nodes` a pod that crashed, whose
 * logs can be had. Gives the node that has them.
 */
export async function fillTwoPages(cluster: TestCluster): Promise<FakeKubelet> {
  const { admin } = cluster
  for (const [namePrefix, podsPerNamespace] of SIZES) await fillOne(cluster, { namePrefix, podsPerNamespace })
  await defineKind(admin, {
    group: GROUP,
    plural: 'widgets',
    kind: 'Widget',
    scope: 'Namespaced',
    versions: [{ name: 'v1', served: true }],
  })
  for (const name of ['one', 'two'])
    await createObject(admin, `/apis/${GROUP}/v1/namespaces/first-000/widgets`, {
      apiVersion: `${GROUP}/v1`,
      kind: 'Widget',
      metadata: { name },
      spec: { password: `${PLANTED}-widget` },
    })
  await addPullSecret(cluster)
  await createObject(admin, '/api/v1/namespaces', { metadata: { name: 'nodes' } })
  await createObject(admin, '/api/v1/namespaces/nodes/serviceaccounts', { metadata: { name: 'default' } })
  const kubelet = await startFakeKubelet(cluster, (_, __, response) => {
    response.end(`first line\ntoken=${PLANTED}-log\nlast line\n`)
  })
  await kubelet.aPod('nodes', 'crashed', ['web'])
  await mergePatch(admin, '/api/v1/namespaces/nodes/pods/crashed/status', { status: { phase: 'Running', ...CRASHED } })
  return kubelet
}

/** Credentials of an image registry, of which the user alone may be seen. */
async function addPullSecret({ admin }: TestCluster): Promise<void> {
  const auth = Buffer.from(`bob:${PLANTED}-pull`).toString('base64')
  const config = Buffer.from(JSON.stringify({ auths: { 'r.example.com': { auth } } })).toString('base64')
  await createObject(admin, '/api/v1/namespaces/first-000/secrets', {
    metadata: { name: 'pull' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': config },
  })
}

async function fillOne({ admin }: TestCluster, size: Pick<FixtureSize, 'namePrefix' | 'podsPerNamespace'>): Promise<void> {
  const [namespace = ''] = await fillCluster(admin, { ...size, namespaces: 1, configMapsPerNamespace: 1, unhealthyOneIn: 10_000 })
  await createObject(admin, `/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name: 'planted' },
    data: { 'app.conf': `password=${PLANTED}-settings\n` },
  })
}
