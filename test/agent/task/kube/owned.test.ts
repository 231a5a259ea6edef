import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { createOwned } from '../../../../agent/task/kube/owned.ts'
import { openCluster, type RunCluster } from '../../../../agent/task/kube/run-cluster.ts'
import { expired, leftBy } from '../../../../agent/task/kube/sweep.ts'
import { systemClock } from '../../../../core/clock.ts'
import type { Permission } from '../../../../core/contract/index.ts'
import type { Problem } from '../../../../core/errors.ts'
import { handOver } from '../../../../core/kube/handed-connection.ts'
import type { ClusterRequest } from '../../../../core/task.ts'
import { connectionTo, useCluster } from '../../../cluster/use-cluster.ts'

const cluster = await useCluster()
const opened: RunCluster[] = []
afterEach(() => opened.splice(0).forEach((one) => one.close()))

const ALL: Permission[] = [{ apiGroups: [''], resources: ['*'], verbs: ['*'] }]
const FAR = '2060-01-01T00:00:00Z'
const pod = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { mine: 'yes' } },
  spec: { containers: [{ name: 'a', image: 'busybox' }], ...spec },
})

interface Opened {
  uid?: string
  expiresAt?: string
  permissions?: Permission[]
  signal?: AbortSignal
  token?: string
}

async function open(request: Partial<ClusterRequest> & { namespaces: string[] }, options: Opened = {}) {
  const { uid = randomUUID(), expiresAt = FAR, permissions = ALL, signal = new AbortController().signal } = options
  const connection = {
    ...(await handOver(connectionTo(cluster.info, options.token ?? cluster.info.adminToken))),
    namespace: request.namespaces[0] ?? '',
  }
  const run = openCluster(
    { connection, ...request },
    {
      clock: systemClock,
      random: Math.random,
      version: '0',
      signal,
      needToken: () => Promise.resolve(''),
      run: { id: 'nightly.29384751', uid, job: 'nightly', namespace: request.namespaces[0] ?? '' },
      expiresAt: new Date(expiresAt),
      wishesOf: () => [],
    },
  )
  opened.push(run)
  const losses: Problem[] = []
  const manifest = { specKey: 'test', permissions } as Parameters<RunCluster['port']>[0]['manifest']
  const ignore = () => undefined
  const port = run.port({ manifest, signal, onRequest: ignore, onRefused: ignore, onLoss: (problem) => losses.push(problem) })
  return { run, ...port }
}

interface Made {
  metadata: {
    name: string
    namespace: string
    labels: Record<string, string>
    annotations: Record<string, string>
    ownerReferences?: object[]
  }
  spec: Record<string, unknown>
}
async function names(namespace: string, plural = 'pods'): Promise<string[]> {
  const { items } = (await cluster.admin.json({ path: `/api/v1/namespaces/${namespace}/${plural}` })) as { items: Made[] }
  return items.map(({ metadata }) => metadata.name).filter((name) => !['default', 'kube-root-ca.crt'].includes(name))
}

describe.skipIf(cluster.skipped)('an object for the time of a run', () => {
  it('has label, owner, deadline, and a name of its own', async () => {
    const namespace = await cluster.newNamespace()
    const owner = (await cluster.admin.json({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/configmaps`,
      body: { metadata: { name: 'nightly.29384751' } },
    })) as { metadata: { uid: string } }
    const inSeconds = 600
    const expiresAt = new Date(systemClock.now().getTime() + inSeconds * 1000).toISOString()
    const { uid } = owner.metadata
    const { kube } = await open({ namespaces: [namespace], hasRuns: true }, { expiresAt, uid })
    const { json } = await kube.own(pod('collector'))
    const { metadata, spec } = json as unknown as Made
    expect(metadata.name).toMatch(/^collector-[a-z0-9]{6}$/)
    expect(metadata.labels).toEqual({
      mine: 'yes',
      'support-bundle-schedule.io/run': 'nightly.29384751',
      'support-bundle-schedule.io/run-uid': uid,
      'support-bundle-schedule.io/job': 'nightly',
    })
    expect(metadata.annotations['support-bundle-schedule.io/expires-at']).toBe(expiresAt)
    expect(metadata.ownerReferences).toMatchObject([{ kind: 'ConfigMap', name: 'nightly.29384751', uid }])
    expect(spec).toMatchObject({ restartPolicy: 'Never', automountServiceAccountToken: false })
    expect(spec['activeDeadlineSeconds']).toBeLessThanOrEqual(inSeconds)
    expect(spec['activeDeadlineSeconds']).toBeGreaterThan(inSeconds - 60)
  })

  it('keeps a shorter deadline, and a token where that is allowed', async () => {
    const namespace = await cluster.newNamespace()
    const { kube } = await open({ namespaces: [namespace], podTokens: true })
    const { json } = await kube.own(pod('a', { activeDeadlineSeconds: 5 }))
    const { spec, metadata } = json as unknown as Made
    expect(spec).toMatchObject({ activeDeadlineSeconds: 5 })
    expect(spec).not.toHaveProperty('automountServiceAccountToken')
    expect(metadata).not.toHaveProperty('ownerReferences')
  })

  it('is gone when the entry ends, also after the run was aborted', async () => {
    const namespace = await cluster.newNamespace()
    const stop = new AbortController()
    const { kube, release } = await open({ namespaces: [namespace] }, { signal: stop.signal })
    await kube.own(pod('a'))
    await kube.own({ kind: 'Secret', metadata: { name: 'pull' }, stringData: { a: 'b' } })
    expect([await names(namespace), await names(namespace, 'secrets')].map((all) => all.length)).toEqual([1, 1])
    stop.abort(new Error('cancelled'))
    expect(await release()).toEqual([])
    expect([...(await names(namespace)), ...(await names(namespace, 'secrets'))]).toEqual([])
  })

  it('takes no other rights than its manifest declares', async () => {
    const namespace = await cluster.newNamespace()
    await cluster.allow('alice', ['create', 'list', 'delete'], ['pods'], { namespace })
    const { kube, release } = await open({ namespaces: [namespace] }, { token: cluster.info.tokens.alice })
    await kube.own(pod('a'))
    expect(await release()).toEqual([])
    expect(await names(namespace)).toEqual([])
  })

  it('is removed though the answer to its creation was lost', async () => {
    const namespace = await cluster.newNamespace()
    const uid = randomUUID()
    const run = { id: 'nightly.1', uid, job: 'nightly', namespace }
    const owner = {
      run,
      isObject: false,
      expiresAt: new Date(FAR),
      defaultNamespace: namespace,
      mayUseTokens: false,
      withheld: [],
    }
    const lossy = cluster.client('admin')
    const bytes = lossy.bytes.bind(lossy)
    lossy.bytes = async (request) => {
      await bytes(request)
      throw new Error('lost')
    }
    const owned = createOwned(owner, { clock: systemClock, random: Math.random, client: () => lossy })
    await expect(owned.create(pod('a'))).rejects.toThrow('lost')
    expect(await names(namespace)).toHaveLength(1)
    expect(await owned.release(cluster.admin)).toEqual([])
    expect(await names(namespace)).toEqual([])
  })

  it('has a log of its own: what another entry had of it may be only its begin', async () => {
    const namespace = await cluster.newNamespace()
    const { kube, run } = await open({ namespaces: [namespace] })
    const { json } = await kube.own(pod('a'))
    const { name } = (json as unknown as Made).metadata
    expect(run.logs.has(kube.logs({ namespace, name, container: 'a' }, {}))).toBe(false)
    expect(run.logs.has(kube.logs({ namespace, name: 'other', container: 'a' }, {}))).toBe(true)
  })

  it('is not among the pods of the cluster, but comes to who asks by its name', async () => {
    const namespace = await cluster.newNamespace()
    const path = `/api/v1/namespaces/${namespace}/pods`
    await cluster.admin.json({ method: 'POST', path, body: { ...pod('theirs'), metadata: { name: 'theirs' } } })
    const { kube } = await open({ namespaces: [namespace] })
    const other = await open({ namespaces: [namespace] })
    const { json } = await kube.own(pod('a'))
    const { name } = (json as unknown as Made).metadata
    const listed = async (from: typeof kube, query = {}) => {
      const found: string[] = []
      for await (const { items } of from.list({ version: 'v1', plural: 'pods', namespace }, query))
        found.push(...items.map((item) => (item.json as unknown as Made).metadata.name))
      return found
    }
    expect(await listed(kube)).toEqual(['theirs'])
    expect(await listed(kube, { fieldSelector: `metadata.name=${name}` })).toEqual([name])
    const shown = []
    for await (const item of kube.pods({ namespace })) shown.push((item.json as unknown as Made).metadata.name)
    expect(shown).toEqual(['theirs'])
    expect((await listed(other.kube)).toSorted()).toEqual([name, 'theirs'].toSorted())
  })

  it('is not removed under a name that another has by now', async () => {
    const namespace = await cluster.newNamespace()
    const { kube, release } = await open({ namespaces: [namespace] })
    const { json } = await kube.own(pod('a'))
    const { name } = (json as unknown as Made).metadata
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`
    await cluster.admin.json({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 } })
    await cluster.admin.json({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods`,
      body: { ...pod(name), metadata: { name } },
    })
    expect(await release()).toEqual([])
    expect(await names(namespace)).toEqual([name])
  })

  it('has a name before it is asked for: a lost answer loses nothing', async () => {
    const namespace = await cluster.newNamespace()
    const { kube, release } = await open({ namespaces: [namespace] })
    await expect(kube.own(pod('a', { containers: [] }))).rejects.toMatchObject({ code: 'API_INVALID' })
    expect(await release()).toEqual([])
  })

  it.each([
    ['a volume', { volumes: [{ name: 'v', secret: { secretName: 's3-upload' } }] }],
    ['a projected volume', { volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 's3-upload' } }] } }] }],
    [
      'a variable',
      { containers: [{ name: 'a', env: [{ name: 'x', valueFrom: { secretKeyRef: { name: 's3-upload', key: 'k' } } }] }] },
    ],
    ['all variables', { initContainers: [{ name: 'a', envFrom: [{ secretRef: { name: 's3-upload' } }] }] }],
    ['an image', { imagePullSecrets: [{ name: 's3-upload' }] }],
  ])('never has a Secret that jobs upload with, as %s', async (_, spec) => {
    const namespace = await cluster.newNamespace()
    const { kube } = await open({ namespaces: [namespace], withheld: [`${namespace}/s3-upload`] })
    await expect(kube.own(pod('a', spec))).rejects.toMatchObject({ code: 'SECRET_WITHHELD' })
    expect(await names(namespace)).toEqual([])
  })

  it('never has a token by a volume either', async () => {
    const namespace = await cluster.newNamespace()
    const { kube } = await open({ namespaces: [namespace] })
    for (const source of [
      { serviceAccountToken: { path: 't' } },
      { podCertificate: { signerName: 'x/y', keyType: 'ED25519' } },
    ]) {
      const volumes = [{ name: 'v', projected: { sources: [{ configMap: { name: 'a' } }, source] } }]
      await expect(kube.own(pod('a', { volumes }))).rejects.toMatchObject({ code: 'POD_REFUSED' })
    }
  })

  it('never has a token by a Secret into which the server writes one', async () => {
    const namespace = await cluster.newNamespace()
    const { kube } = await open({ namespaces: [namespace] })
    const annotations = { 'kubernetes.io/service-account.name': 'default' }
    const secret = { kind: 'Secret', metadata: { name: 'a', annotations }, type: 'kubernetes.io/service-account-token' }
    await expect((async () => kube.own(secret))()).rejects.toMatchObject({ code: 'POD_REFUSED' })
    expect(await names(namespace, 'secrets')).toEqual([])
  })

  it('is not held back by a finalizer', async () => {
    const namespace = await cluster.newNamespace()
    const { kube, release } = await open({ namespaces: [namespace] })
    await kube.own({ kind: 'ConfigMap', metadata: { name: 'a', finalizers: ['example.com/never'] } })
    expect(await names(namespace, 'configmaps')).toHaveLength(1)
    expect(await release()).toEqual([])
    expect(await names(namespace, 'configmaps')).toEqual([])
  })

  it.each([
    ['a kind that nobody may create so', { kind: 'DaemonSet', metadata: { name: 'a' } }, ALL, 'NOT_SUPPORTED'],
    [
      'what the manifest does not declare',
      pod('a'),
      [{ apiGroups: [''], resources: ['pods'], verbs: ['create', 'list'] }],
      'COLLECTOR_PERMISSION',
    ],
  ])('is refused: %s', async (_, object, permissions, code) => {
    const namespace = await cluster.newNamespace()
    const { kube } = await open({ namespaces: [namespace] }, { permissions })
    await expect((async () => kube.own(object))()).rejects.toMatchObject({ code })
  })
})

describe.skipIf(cluster.skipped)('what killed runs left', () => {
  const NOW = new Date(Date.parse('2000-01-01T00:00:00Z'))
  async function leave(namespace: string, expiresAt = FAR) {
    const uid = randomUUID()
    const { kube } = await open({ namespaces: [namespace] }, { uid, expiresAt })
    return { uid, name: ((await kube.own(pod('left'))).json as unknown as Made).metadata.name }
  }

  it('is removed by any run once it expired', async () => {
    const namespace = await cluster.newNamespace()
    await leave(namespace, '1999-12-31T23:59:59Z')
    const { name } = await leave(namespace)
    const { run } = await open({ namespaces: [namespace] })
    expect(await run.sweep(expired(NOW), ['secrets'])).toBe(0)
    expect(await run.sweep(expired(NOW), ['pods', 'secrets'])).toBe(1)
    expect(await names(namespace)).toEqual([name])
  })

  it('is removed for its run, and not for another of the same name', async () => {
    const namespace = await cluster.newNamespace()
    const { uid } = await leave(namespace)
    const { name } = await leave(namespace)
    const { run } = await open({ namespaces: [namespace] })
    expect(await run.sweep(leftBy(uid))).toBe(1)
    expect(await names(namespace)).toEqual([name])
  })

  it('does not touch what only looks like it', async () => {
    const namespace = await cluster.newNamespace()
    const labels = { 'support-bundle-schedule.io/run-uid': 'x' }
    const body = { ...pod('theirs'), metadata: { name: 'theirs', labels } }
    await cluster.admin.json({ method: 'POST', path: `/api/v1/namespaces/${namespace}/pods`, body })
    const { run } = await open({ namespaces: [namespace] })
    expect(await run.sweep(leftBy('x'))).toBe(0)
    expect(await names(namespace)).toEqual(['theirs'])
  })
})
