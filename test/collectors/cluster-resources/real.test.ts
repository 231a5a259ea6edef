import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KINDS } from '../../../collectors/cluster-resources/kinds.ts'
import { type Collected, collectFrom, removeCollected } from '../../cluster/collect-from.ts'
import { startFaultProxy } from '../../cluster/fault-proxy.ts'
import { emptyCluster, fillCluster } from '../../cluster/fixture.ts'
import { defineKind, fillRichly } from '../../cluster/rich-namespace.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const cluster = await useCluster()
const R = 'cluster-resources'
/** This server has no metrics: nothing runs beside it. */
const [SERVED, ABSENT] = [
  KINDS.filter(({ kind }) => !kind.endsWith('Metrics')),
  KINDS.filter(({ kind }) => kind.endsWith('Metrics')),
]

const template = { metadata: { labels: { app: 'one' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const MORE_OBJECTS: [path: string, object: object][] = [
  [
    '/apis/autoscaling/v2/namespaces/%/horizontalpodautoscalers',
    {
      metadata: { name: 'one' },
      spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
    },
  ],
  ['/api/v1/namespaces/%/replicationcontrollers', { metadata: { name: 'one' }, spec: { selector: { app: 'one' }, template } }],
  ['/apis/apps/v1/namespaces/%/controllerrevisions', { metadata: { name: 'one' }, revision: 1, data: { spec: { template } } }],
  [
    '/apis/storage.k8s.io/v1/namespaces/%/csistoragecapacities',
    { metadata: { name: 'one' }, storageClassName: 's', capacity: '1Gi' },
  ],
]

describe.skipIf(cluster.skipped)('clusterResources on a real API server', () => {
  let rich = ''
  let names: string[] = []
  let all: Collected
  beforeAll(async () => {
    const { admin } = cluster
    rich = await cluster.newNamespace()
    await fillRichly(admin, rich)
    names = await fillCluster(admin, {
      namespaces: 2,
      podsPerNamespace: 3,
      unhealthyOneIn: 3,
      configMapsPerNamespace: 1,
      namePrefix: `${rich}-x`,
    })
    const group = `${rich}.example.com`
    await defineKind(admin, {
      group,
      plural: 'widgets',
      kind: 'Widget',
      scope: 'Namespaced',
      versions: [
        { name: 'v1beta1', served: true },
        { name: 'v1', served: true },
        { name: 'v2', served: false },
      ],
    })
    await defineKind(admin, { group, plural: 'zones', kind: 'Zone', scope: 'Cluster', versions: [{ name: 'v1', served: true }] })
    const widget = {
      apiVersion: `${group}/v1`,
      kind: 'Widget',
      metadata: { name: 'w' },
      spec: { big: 12_345_678_901_234_567n.toString(), '9': 1, '10': 2 },
    }
    await admin.json({ method: 'POST', path: `/apis/${group}/v1/namespaces/${rich}/widgets`, body: widget })
    await admin.json({
      method: 'POST',
      path: `/apis/${group}/v1/zones`,
      body: { apiVersion: `${group}/v1`, kind: 'Zone', metadata: { name: 'z' } },
    })
    const auth = Buffer.from('bob:geheim').toString('base64')
    const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { 'r.example.com': { auth } } })).toString('base64') }
    for (const [path, body] of MORE_OBJECTS) await admin.json({ method: 'POST', path: path.replace('%', rich), body })
    await admin.json({
      method: 'POST',
      path: `/api/v1/namespaces/${rich}/secrets`,
      body: { metadata: { name: 'pull' }, type: 'kubernetes.io/dockerconfigjson', data },
    })
    all = await collectFrom(cluster, [{ clusterInfo: {} }, { clusterResources: {} }], { redact: false })
  }, 120_000)
  afterAll(async () => {
    await emptyCluster(cluster.admin, names)
    await removeCollected()
  })

  it('gives what the server gives, kind by kind, with kinds filled in', async () => {
    for (const { name, kind, plural, apis, isNamespaced } of SERVED) {
      const api = apis[0] ?? ''
      const root = `/${api.includes('/') ? 'apis' : 'api'}/${api}`
      const path = isNamespaced ? `${root}/namespaces/${rich}/${plural}` : `${root}/${plural}`
      const real = (await cluster.admin.json({ path })) as { items: object[] }
      const ours = (await all.json(`${R}/${name}${isNamespaced ? `/${rich}` : ''}.json`)) as { items: { metadata: object }[] }
      expect(ours).toMatchObject({ kind: `${kind}List`, apiVersion: api })
      const wanted = real.items.map((item) => ({ ...item, kind, apiVersion: api }))
      // other tests share the server: what changes there meanwhile is none of ours
      if (isNamespaced) expect(ours.items).toEqual(wanted)
      else expect(ours.items.every((item) => 'kind' in item && item.kind === kind)).toBe(true)
    }
    const empty = ['pods', 'serviceaccounts'].map(
      async (name) => ((await all.json(`${R}/${name}/${rich}.json`)) as { items: object[] }).items.length,
    )
    expect(await Promise.all(empty)).toEqual([0, 1])
  })

  it('has what is beyond the peer, and nothing of kinds that the server has not', async () => {
    for (const name of ['horizontalpodautoscalers', 'replicationcontrollers', 'controllerrevisions', 'csistoragecapacities'])
      expect(await all.json(`${R}/${name}/${rich}.json`)).toMatchObject({ items: [{ metadata: { name: 'one' } }] })
    const flows = (await all.json(`${R}/flowschemas.json`)) as { items: { metadata: { name: string } }[] }
    expect(flows.items.map(({ metadata }) => metadata.name)).toContain('global-default')
    const services = (await all.json(`${R}/apiservices.json`)) as { items: { metadata: { name: string } }[] }
    expect(services.items.map(({ metadata }) => metadata.name)).toContain('v1.apps')
    expect(ABSENT).toHaveLength(2)
    expect(all.paths.filter((path) => ABSENT.some(({ name }) => path.startsWith(`${R}/${name}`)))).toEqual([])
  })

  it('is indented by two, and keeps the very characters of the server', async () => {
    const text = await all.text(`${R}/configmaps/${rich}.json`)
    expect(text).toContain('\n      "kind": "ConfigMap",\n      "apiVersion": "v1",\n      "metadata": {\n')
    expect(text.indexOf('"10": "ten"')).toBeLessThan(text.indexOf('"9": "nine"'))
    expect(await all.text(`${R}/events/${rich}.json`)).toContain('"message": "a \\u003cb\\u003e \\u0026 \\"c\\""')
  })

  it('has a file for each namespace, the system’s too', async () => {
    for (const namespace of [rich, ...names, 'default', 'kube-system'])
      for (const { name, isNamespaced } of SERVED) if (isNamespaced) expect(all.paths).toContain(`${R}/${name}/${namespace}.json`)
    const listed = (await all.json(`${R}/namespaces.json`)) as { kind: string; items: { kind: string }[] }
    expect(listed).toMatchObject({
      kind: 'NamespaceList',
      items: expect.arrayContaining([expect.objectContaining({ kind: 'Namespace' })]) as unknown[],
    })
  })

  it('has custom kinds in their newest version that is served, with links for who looks for YAML', async () => {
    const folder = `${R}/custom-resources/widgets.${rich}.example.com`
    expect(await all.json(`${folder}/${rich}.json`)).toMatchObject([{ apiVersion: `${rich}.example.com/v1`, kind: 'Widget' }])
    expect(await all.link(`${folder}/${rich}.yaml`)).toBe(`${rich}.json`)
    expect(await all.json(`${R}/custom-resources/zones.${rich}.example.com.json`)).toMatchObject([{ metadata: { name: 'z' } }])
  })

  it('has rules, registries, discovery and the version', async () => {
    expect(await all.json(`${R}/auth-cani-list/${rich}.json`)).toEqual(
      expect.arrayContaining([
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
        { verbs: ['*'], nonResourceURLs: ['*'] },
      ]),
    )
    expect(await all.json(`${R}/image-pull-secrets/${rich}/pull.json`)).toEqual({ 'r.example.com': 'bob' })
    const groups = (await all.json(`${R}/groups.json`)) as { name: string }[]
    expect(groups.map(({ name }) => name)).toEqual(expect.arrayContaining(['', 'apps', 'rbac.authorization.k8s.io']))
    const resources = (await all.json(`${R}/resources.json`)) as { groupVersion: string; resources: { name: string }[] }[]
    const core = resources.find(({ groupVersion }) => groupVersion === 'v1')
    expect(core?.resources.map(({ name }) => name)).toEqual(expect.arrayContaining(['pods', 'pods/log']))
    expect(await all.json('cluster-info/cluster_version.json')).toMatchObject({ info: { major: '1' }, string: 'v1.34.4' })
  })

  it('writes down why logs of pods that are not well cannot be had, and is whole all the same', async () => {
    const errors = all.paths.filter((path) => path.startsWith(`${R}/pods/logs/${rich}-x`))
    expect(errors).toHaveLength(2)
    expect(await all.text(errors[0] ?? '')).toContain('"node-1" not found')
    // in the namespaces of this test: others may break what is theirs meanwhile
    const { result, paths } = await collectFrom(cluster, [{ clusterResources: { namespaces: names } }])
    expect(result.archive.isPartial).toBe(false)
    expect(paths.filter((path) => path.endsWith('errors.json'))).toEqual([])
  })

  it('asks at most twice for a kind and page, and counts it', async () => {
    const proxy = await startFaultProxy(cluster.info)
    const { report } = await collectFrom(cluster, [{ clusterResources: {} }], { server: proxy.url })
    const lists = proxy.requests.filter((request) => request.startsWith('GET') && !request.includes('/log?'))
    const counts = new Map(lists.map((one) => [one, lists.filter((other) => other === one).length]))
    expect([...counts].filter(([, count]) => count > 1)).toEqual([])
    // one a kind, however many namespaces there are; only those that are too large to hold are listed again
    expect(lists.filter((one) => [rich, ...names].some((name) => one.includes(`/namespaces/${name}/`)))).toEqual([])
    expect(lists).toEqual(expect.arrayContaining(['GET /api/v1/pods?limit=500', 'GET /apis/batch/v1/cronjobs?limit=500']))
    expect((await report('clusterResources')).requests).toBe(proxy.requests.length)
    await proxy.close()
  })

  it('reads names that look like something else', async () => {
    const namespace = await cluster.newNamespace()
    const odd = ['a.b--c', '0', 'x'.repeat(253), 'system.node']
    for (const name of odd)
      await cluster.admin
        .json({
          method: 'POST',
          path: `/api/v1/namespaces/${namespace}/configmaps`,
          body: { metadata: { name }, data: { '..': 'x', '{': '}' } },
        })
        .catch(() =>
          cluster.admin.json({
            method: 'POST',
            path: `/api/v1/namespaces/${namespace}/configmaps`,
            body: { metadata: { name }, data: { x: '{"namespace":"other"}' } },
          }),
        )
    await cluster.admin.json({
      method: 'POST',
      path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
      body: { metadata: { name: `odd:${namespace}` }, rules: [] },
    })
    const { json } = await collectFrom(cluster, [{ clusterResources: { namespaces: [namespace] } }])
    const listed = (await json(`${R}/configmaps/${namespace}.json`)) as { items: { metadata: { name: string } }[] }
    expect(listed.items.map(({ metadata }) => metadata.name)).toEqual(odd.toSorted())
    const roles = (await json(`${R}/clusterroles.json`)) as { items: { metadata: { name: string } }[] }
    expect(roles.items.map(({ metadata }) => metadata.name)).toContain(`odd:${namespace}`)
  })
})
