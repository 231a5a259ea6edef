import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { collectFrom, removeCollected } from '../../cluster/collect-from.ts'
import { startFaultProxy } from '../../cluster/fault-proxy.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const cluster = await useCluster()
const R = 'cluster-resources'
const ENTRY = [{ clusterInfo: {} }, { clusterResources: {} }]

/** A namespace with a ConfigMap in it. */
async function aNamespace(): Promise<string> {
  const namespace = await cluster.newNamespace()
  await cluster.admin.json({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    body: { metadata: { name: 'c' } },
  })
  return namespace
}

describe.skipIf(cluster.skipped)('clusterResources where not all can be had', () => {
  let one = ''
  let two = ''
  beforeAll(async () => {
    one = await aNamespace()
    two = await aNamespace()
  })
  afterAll(removeCollected)

  it('a user with rights in one namespace gets that, and each refusal is written down', async () => {
    await cluster.allow('alice', ['get', 'list'], ['pods', 'configmaps'], { namespace: one })
    const bundle = await collectFrom(cluster, ENTRY, { user: 'alice', namespaces: [one, two] })
    expect(await bundle.json(`${R}/configmaps/${one}.json`)).toMatchObject({
      items: [{ kind: 'ConfigMap', metadata: { name: 'c' } }],
    })
    expect(await bundle.json(`${R}/pods/${one}.json`)).toMatchObject({ kind: 'PodList', items: [] })
    expect(await bundle.json(`${R}/configmaps-errors.json`)).toEqual({ [two]: expect.stringContaining('forbidden') })
    const services = (await bundle.json(`${R}/services-errors.json`)) as object
    expect(Object.keys(services).toSorted()).toEqual([one, two].toSorted())
    expect(await bundle.json(`${R}/nodes-errors.json`)).toEqual([expect.stringContaining('cannot list resource "nodes"')])
    expect(await bundle.json(`${R}/namespaces.json`)).toEqual([])
    expect(await bundle.json(`${R}/namespaces-errors.json`)).toHaveLength(2)
    expect(await bundle.json(`${R}/auth-cani-list/${one}.json`)).toEqual(
      expect.arrayContaining([expect.objectContaining({ apiGroups: [''], resources: ['pods', 'configmaps'] })]),
    )
    expect(bundle.paths).toEqual(
      expect.arrayContaining(['cluster-info/cluster_version.json', `${R}/resources.json`, `${R}/image-pull-secrets-errors.json`]),
    )
    // what was not granted is as it was meant, and said
    expect(bundle.result.archive.isPartial).toBe(false)
    expect((await bundle.report('clusterResources')).warnings.map(({ message }) => message).join('\n')).toContain(
      'services could not be listed',
    )
  })

  it('a user who may not even see which namespaces there are gets the one of the kubeconfig', async () => {
    const bundle = await collectFrom(cluster, ENTRY, { user: 'alice', defaultNamespace: one })
    expect(await bundle.json(`${R}/configmaps/${one}.json`)).toMatchObject({ items: [{ metadata: { name: 'c' } }] })
    expect(bundle.paths.filter((path) => path.startsWith(`${R}/pods/`))).toEqual([`${R}/pods/${one}.json`])
  })

  it('namespaces in which pods may not be read are left out, unless they are asked for', async () => {
    await cluster.allow('carol', ['list'], ['namespaces'])
    await cluster.allow('carol', ['get', 'list'], ['pods', 'services'], { namespace: one })
    const bundle = await collectFrom(cluster, [{ clusterResources: {} }], { user: 'carol' })
    expect(bundle.paths.filter((path) => path.startsWith(`${R}/services/`))).toEqual([`${R}/services/${one}.json`])
    expect(bundle.paths).toContain(`${R}/auth-cani-list/${two}.json`)
    const all = await collectFrom(cluster, [{ clusterResources: { ignoreRBAC: true } }], { user: 'carol' })
    expect(Object.keys((await all.json(`${R}/services-errors.json`)) as object)).toContain(two)
  })

  it('a list that fails is written down for each namespace, and makes the bundle partial', async () => {
    const proxy = await startFaultProxy(cluster.info)
    proxy.rules(
      { fault: { kind: 'status', status: 500 }, path: /\/deployments\?/ },
      { fault: { kind: 'status', status: 429, retryAfter: '0' }, path: /\/services\?/, times: 2 },
    )
    const bundle = await collectFrom(cluster, [{ clusterResources: { namespaces: [one, two] } }], { server: proxy.url })
    await proxy.close()
    expect(await bundle.json(`${R}/deployments-errors.json`)).toEqual({
      [one]: expect.stringContaining('injected 500'),
      [two]: expect.stringContaining('injected 500'),
    })
    expect(bundle.paths.filter((path) => path.startsWith(`${R}/services`))).toEqual(
      [`${R}/services/${one}.json`, `${R}/services/${two}.json`].toSorted(),
    )
    expect(bundle.result.archive.isPartial).toBe(true)
    const report = await bundle.report('clusterResources')
    expect(report).toMatchObject({ state: 'ran', isComplete: false })
    expect(report.warnings).toMatchObject([
      { code: 'CLUSTER_LIST_MISSING', message: expect.stringContaining('(and 1 more)') as string },
    ])
  })

  it('a list that is cut keeps what was whole', async () => {
    const proxy = await startFaultProxy(cluster.info)
    proxy.rules(
      { fault: { kind: 'truncate', bytes: 3000 }, path: /\/api\/v1\/namespaces\/[^/]+\/events\?/ },
      { fault: { kind: 'reset' }, path: /\/api\/v1\/nodes/ },
    )
    const bundle = await collectFrom(cluster, [{ clusterResources: { namespaces: [one] } }], { server: proxy.url })
    await proxy.close()
    expect(await bundle.json(`${R}/nodes-errors.json`)).toEqual([expect.stringContaining('cannot be reached')])
    expect(bundle.paths).toContain(`${R}/endpoints/${one}.json`)
    expect(bundle.result.archive.isPartial).toBe(true)
  })

  it('a server that is away altogether costs the entries, and says so soon', async () => {
    const proxy = await startFaultProxy(cluster.info)
    proxy.rules({ fault: { kind: 'reset' } })
    const begin = systemClock.monotonicMs()
    const bundle = await collectFrom(cluster, [...ENTRY, { data: { name: 'note', data: 'kept' } }], { server: proxy.url })
    await proxy.close()
    expect(systemClock.monotonicMs() - begin).toBeLessThan(20_000)
    expect(await bundle.json('cluster-info/errors.json')).toEqual([expect.stringContaining('cannot be reached')])
    expect(await bundle.text('note')).toBe('kept')
    expect(bundle.result.archive.isPartial).toBe(true)
    // Files with errors are no success.
    expect(bundle.result.collectors).toEqual({ ran: 1, failed: 2, skipped: 0 })
    expect(await bundle.report('clusterResources')).toMatchObject({ state: 'failed', error: { code: 'CLUSTER_UNREACHABLE' } })
  })

  it('a namespace that vanishes meanwhile is empty, and no error', async () => {
    const gone = await aNamespace()
    const proxy = await startFaultProxy(cluster.info)
    proxy.rules({ fault: { kind: 'delay', ms: 300 }, path: /configmaps/ })
    const collecting = collectFrom(cluster, [{ clusterResources: { namespaces: [gone] } }], { server: proxy.url })
    while (!proxy.requests.some((request) => request.includes('configmaps'))) await systemClock.sleep(5)
    await cluster.admin.json({ method: 'DELETE', path: `/api/v1/namespaces/${gone}/configmaps/c` })
    await cluster.admin.json({ method: 'DELETE', path: `/api/v1/namespaces/${gone}/serviceaccounts/default` })
    await cluster.admin.json({ method: 'DELETE', path: `/api/v1/namespaces/${gone}` })
    const finalized = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: gone }, spec: { finalizers: [] } }
    await cluster.admin.json({ method: 'PUT', path: `/api/v1/namespaces/${gone}/finalize`, body: finalized })
    const bundle = await collecting
    await proxy.close()
    expect(await bundle.json(`${R}/configmaps/${gone}.json`)).toMatchObject({ items: [] })
    expect(bundle.result.archive.isPartial).toBe(false)
  })

  it('no token, and nothing of one, stands in a bundle', async () => {
    const path = `/api/v1/namespaces/${one}/configmaps`
    const body = {
      metadata: { name: 'leak' },
      data: { plain: cluster.info.adminToken, encoded: Buffer.from(cluster.info.adminToken).toString('base64') },
    }
    await cluster.admin.json({ method: 'POST', path, body })
    for (const redact of [true, false]) {
      const bundle = await collectFrom(cluster, [{ clusterResources: { namespaces: [one] } }], { redact })
      const text = await bundle.text(`${R}/configmaps/${one}.json`)
      expect(text).toContain('***HIDDEN***')
      expect(text).not.toContain(cluster.info.adminToken)
      expect(JSON.stringify(bundle.messages)).not.toContain(cluster.info.adminToken)
    }
  })
})
