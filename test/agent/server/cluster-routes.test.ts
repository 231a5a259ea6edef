import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AgentFolders, agentFolders } from '../../../agent/folders.ts'
import { createApp } from '../../../agent/server/app.ts'
import { CLUSTER_ROUTES, clusterRoutes, type ClusterSource } from '../../../agent/server/cluster-routes.ts'
import { reviewAuthorizer } from '../../../agent/server/review-authorizer.ts'
import { API_AUDIENCE } from '../../../core/agent-api.ts'
import { systemClock } from '../../../core/clock.ts'
import type { KubeClient } from '../../../core/kube/client.ts'
import { createConfigMapStore } from '../../../core/store/config-map-store.ts'
import { encodeDocument } from '../../../core/run.ts'
import { createMirror } from '../../../agent/watch/mirror.ts'
import { useCluster } from '../../cluster/use-cluster.ts'
import { MemoryLog } from '../../support/agent.ts'

const cluster = await useCluster()

const BUNDLE = 'bytes of a bundle'
const SHA = createHash('sha256').update(BUNDLE).digest('hex')

interface Tenant {
  namespace: string
  folders: AgentFolders
  /** of a ServiceAccount with all rights of a tenant's administrator in its namespace, and none elsewhere */
  token: string
}

const account = (namespace: string) => `/api/v1/namespaces/${namespace}/serviceaccounts`

async function tokenOf(admin: KubeClient, namespace: string, name: string, audience = API_AUDIENCE): Promise<string> {
  const body = { spec: { audiences: [audience], expirationSeconds: 600 } }
  const made = await admin.json({ method: 'POST', path: `${account(namespace)}/${name}/token`, body })
  return (made as { status: { token: string } }).status.token
}

/** Binds rules to a ServiceAccount: in its namespace, or in the whole cluster. */
async function grant(admin: KubeClient, namespace: string, name: string, rules: object[], where?: 'everywhere'): Promise<void> {
  const [kind, path] = where
    ? ['ClusterRole', '/apis/rbac.authorization.k8s.io/v1/clusterrole']
    : ['Role', `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/role`]
  const metadata = { name: `${namespace}-${name}` }
  await admin.json({ method: 'POST', path: `${path}s`, body: { metadata, rules } })
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name }
  const subjects = [{ kind: 'ServiceAccount', namespace, name }]
  await admin.json({ method: 'POST', path: `${path}bindings`, body: { metadata, roleRef, subjects } })
}

const RULES = [
  { apiGroups: ['support-bundle-schedule.io'], resources: ['jobs', 'runs'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['support-bundle-schedule.io'], resources: ['runs/bundle'], verbs: ['get'] },
]
const AGENT_RULE = { apiGroups: ['support-bundle-schedule.io'], resources: ['agents'], verbs: ['get'] }

function aRun(jobUid: string, change: object = {}) {
  return {
    ...{ schema: 1, job: 'nightly', jobUid, specHash: 'h', trigger: 'schedule', slot: '2026-03-10T02:00:00.000Z' },
    ...{ phase: 'finished', outcome: 'completed', holder: { pid: 1, startId: 's', replica: 'this-pod' } },
    claimedAt: '2026-03-10T02:00:00.000Z',
    ...change,
  }
}

async function aTenant(base: string): Promise<Tenant> {
  const { admin } = cluster
  const namespace = await cluster.newNamespace()
  const folders = agentFolders(base, { namespace })
  const store = createConfigMapStore({ client: admin, onProblem: () => undefined })
  const text = 'apiVersion: support-bundle-schedule.io/v1\nschedule: "0 2 * * *"\n'
  const job = await store.create({ kind: 'job', namespace, name: 'nightly' }, { text })
  await mkdir(join(folders.bundles, 'nightly'), { recursive: true })
  await mkdir(folders.runLogs, { recursive: true })
  const path = join(folders.bundles, 'nightly', 'b.tar.gz')
  await writeFile(path, BUNDLE)
  await writeFile(join(folders.runLogs, 'nightly.29551800.log'), '{"message":"hello"}\n')
  const facts = { fileName: 'b.tar.gz', bytes: BUNDLE.length, sha256: SHA, files: 3, isPartial: false }
  const runs: Record<string, object> = {
    'nightly.29551800': { bundle: { ...facts, path } },
    'nightly.m1': { bundle: { ...facts, path: '/etc/passwd', fileName: 'passwd' }, slot: '2026-03-11T02:00:00.000Z' },
    'nightly.m2': { bundle: { ...facts, fileName: 'c.tar.gz' }, holder: { pid: 1, startId: 's', replica: 'other-pod' } },
    'nightly.m3': {
      bundle: { ...facts, fileName: 'd.tar.gz' },
      deliveries: [{ uploader: 's3', state: 'delivered', tries: 1, location: 's3://bucket/d.tar.gz' }],
    },
    'nightly.m4': {},
    'nightly.m5': { bundle: { ...facts, bytes: 5, path } },
  }
  for (const [name, change] of Object.entries(runs))
    await store.create(
      { kind: 'run', namespace, name },
      { text: encodeDocument(aRun(job.uid, change)), owner: { name: 'nightly', uid: job.uid } },
    )
  // of an earlier job of that name
  const old = { text: encodeDocument(aRun('another-uid')), owner: { name: 'nightly', uid: 'another-uid' } }
  await store.create({ kind: 'run', namespace, name: 'nightly.m6' }, old)
  await admin.json({ method: 'POST', path: account(namespace), body: { metadata: { name: 'reader' } } })
  await grant(admin, namespace, 'reader', RULES)
  return { namespace, folders, token: await tokenOf(admin, namespace, 'reader') }
}

describe.skipIf(cluster.skipped)('the API in a cluster', () => {
  let base: string
  let app: Hono
  let own: Tenant
  let other: Tenant
  let operator: string
  let wrongAudience: string
  const log = new MemoryLog()
  /** namespaces that the agent was asked for */
  const looked: string[] = []
  const mirrors = new Map<string, ReturnType<typeof createMirror>>()

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'sbs-api-'))
    own = await aTenant(base)
    other = await aTenant(base)
    const { admin } = cluster
    const home = await cluster.newNamespace()
    await admin.json({ method: 'POST', path: account(home), body: { metadata: { name: 'operator' } } })
    await grant(admin, home, 'operator', [AGENT_RULE], 'everywhere')
    operator = await tokenOf(admin, home, 'operator')
    wrongAudience = await tokenOf(admin, own.namespace, 'reader', 'https://kubernetes.default.svc')
    const store = createConfigMapStore({ client: admin, onProblem: () => undefined })
    const served = new Set([own.namespace, other.namespace])
    const source: ClusterSource = {
      clock: systemClock,
      log,
      replica: 'this-pod',
      mirror: (namespace) => mirrors.get(namespace),
      store(namespace) {
        looked.push(namespace)
        return served.has(namespace) ? store : undefined
      },
      folders: (namespace) => agentFolders(base, { namespace }),
      agent: () => ({
        ...{ version: '1.2.3', startedAt: '2026-03-10T00:00:00.000Z', replica: 'agent-0', isLeader: true, leader: 'agent-0' },
        ...{ residentBytes: 5, cpuSeconds: 1, namespaces: [] },
      }),
    }
    app = createApp({
      notReady: () => undefined,
      api: { authorizer: reviewAuthorizer({ client: admin, clock: systemClock, log }), routes: clusterRoutes(source) },
    })
    // A role works a moment after it was made.
    for (const [path, token] of [
      [urlOf('/api/v1/namespaces/:namespace/runs/:name/bundle'), own.token],
      [`/api/v1/namespaces/${other.namespace}/jobs`, other.token],
      ['/api/v1/agent', operator],
    ] as const)
      while ((await get(path, token)).status !== 200) await systemClock.sleep(50)
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  const urlOf = (path: string, name = path.includes('/jobs/') ? 'nightly' : 'nightly.29551800') =>
    path.replace(':namespace', own.namespace).replace(':name', name)
  const get = (path: string, token: string | undefined, headers: Record<string, string> = {}) =>
    app.request(path, { headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) } })
  const run = (name: string, what = '') => urlOf(`/api/v1/namespaces/:namespace/runs/:name${what}`, name)

  describe('each route', () => {
    it.each(CLUSTER_ROUTES)(
      '$path: 401 without a token, 401 with a bad one, 403 with another namespace’s, 200 with the right one',
      async ({ path }) => {
        const isOfNamespace = path.includes(':namespace')
        const url = urlOf(path)
        const forged = own.token.replace(/[^.]+$/, (signature) => [...signature].toReversed().join(''))
        const answers = [undefined, forged, other.token, isOfNamespace ? own.token : operator].map(async (token) =>
          get(url, token),
        )
        const [none, bad, others, right] = await Promise.all(answers)
        expect([none, bad, others, right].map((response) => response?.status)).toEqual([401, 401, 403, 200])
        expect(none?.headers.get('www-authenticate')).toBe('Bearer')
        expect(await others?.json()).toMatchObject({
          code: 'FORBIDDEN',
          message: expect.stringContaining(`"system:serviceaccount:${other.namespace}:reader" may not`),
        })
        expect(right?.headers.get('cache-control')).toBe('no-store')
        await right?.arrayBuffer()
      },
    )

    it.each(CLUSTER_ROUTES)(
      '$path: refuses a token of the API server’s own audience, and the administrator’s',
      async ({ path }) => {
        expect((await get(urlOf(path), wrongAudience)).status).toBe(401)
        expect((await get(urlOf(path), cluster.info.adminToken)).status).toBe(401)
      },
    )

    it.each(CLUSTER_ROUTES)('$path: does not tell who may not see it whether it is there', async ({ path }) => {
      const there = await (await get(urlOf(path), other.token)).text()
      const missing = await (await get(urlOf(path, 'nightly.m99'), other.token)).text()
      expect(missing).toBe(there)
    })

    it.each(CLUSTER_ROUTES)('$path: only reads', async ({ path }) => {
      const headers = { authorization: `Bearer ${own.token}` }
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
        expect((await app.request(urlOf(path), { method, headers })).status).toBe(404)
    })
  })

  it('what is a file must be allowed at this very moment', () => {
    expect(CLUSTER_ROUTES.flatMap(({ path, isNow }) => (isNow ? path.split('/').at(-1) : []))).toEqual(['bundle', 'log'])
  })

  it('nothing else is open, and what is not there is a 404 only to who has a token', async () => {
    expect((await get('/healthz', undefined)).status).toBe(200)
    expect((await get('/readyz', undefined)).status).toBe(200)
    expect((await get('/metrics', undefined)).status).toBe(404)
    for (const path of ['/api/v1/jobs', '/api/v1/daemon', '/api/v2', '/api'])
      expect([(await get(path, undefined)).status, (await get(path, own.token)).status], path).toEqual([401, 404])
  })

  it('shows jobs, and runs newest first', async () => {
    const jobs = (await (await get(urlOf('/api/v1/namespaces/:namespace/jobs'), own.token)).json()) as { items: object[] }
    expect(jobs.items).toMatchObject([{ name: 'nightly', namespace: own.namespace }])
    const runs = (await (await get(urlOf('/api/v1/namespaces/:namespace/jobs/:name/runs'), own.token)).json()) as {
      items: { name: string }[]
    }
    expect(runs.items[0]?.name).toBe('nightly.m1')
    expect(runs.items).toHaveLength(6)
    expect(await (await get(run('nightly.29551800'), own.token)).json()).toMatchObject({ state: 'completed', job: 'nightly' })
  })

  it('shows the same from what a leading replica follows', async () => {
    const before = await (await get(run('nightly.29551800'), own.token)).text()
    const mirror = createMirror(createConfigMapStore({ client: cluster.admin, onProblem: () => undefined }), own.namespace)
    await mirror.load()
    mirrors.set(own.namespace, mirror)
    expect(await (await get(run('nightly.29551800'), own.token)).text()).toBe(before)
    mirrors.delete(own.namespace)
  })

  it('sends a bundle with its length, name and checksum, or a part of it, and notes who got it', async () => {
    const sent = await get(run('nightly.29551800', '/bundle'), own.token)
    expect(await sent.text()).toBe(BUNDLE)
    expect(Object.fromEntries(sent.headers)).toMatchObject({
      'content-length': String(BUNDLE.length),
      'content-disposition': 'attachment; filename="b.tar.gz"',
      etag: `"${SHA}"`,
    })
    const part = await get(run('nightly.29551800', '/bundle'), own.token, { range: 'bytes=0-4' })
    expect([part.status, await part.text()]).toEqual([206, 'bytes'])
    expect(log.lines.find(({ message }) => message === 'bundle sent')?.fields).toEqual({
      user: `system:serviceaccount:${own.namespace}:reader`,
      namespace: own.namespace,
      run: 'nightly.29551800',
    })
    expect(await (await get(run('nightly.29551800', '/log'), own.token)).text()).toBe('{"message":"hello"}\n')
  })

  const absent: [string, string, number, object][] = [
    ['whose record names a file outside of its folders', 'nightly.m1', 410, { code: 'GONE' }],
    ['that another replica keeps', 'nightly.m2', 421, { code: 'ELSEWHERE', holder: 'other-pod' }],
    ['that was delivered', 'nightly.m3', 410, { code: 'GONE', remedy: 'it was delivered to s3://bucket/d.tar.gz' }],
    ['that was never made', 'nightly.m4', 404, { code: 'NOT_FOUND' }],
    ['of another size than recorded', 'nightly.m5', 410, { code: 'GONE' }],
    ['of no run', 'nightly.m99', 404, { code: 'NOT_FOUND' }],
    ['of what is no run', 'nightly', 404, { code: 'NOT_FOUND' }],
  ]
  it.each(absent)('sends no bundle %s', async (_, name, status, body) => {
    const response = await get(run(name, '/bundle'), own.token)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject(body)
  })

  it('a bundle has a right of its own', async () => {
    const { admin } = cluster
    await admin.json({ method: 'POST', path: account(own.namespace), body: { metadata: { name: 'viewer' } } })
    await grant(admin, own.namespace, 'viewer', RULES.slice(0, 1))
    const token = await tokenOf(admin, own.namespace, 'viewer')
    while ((await get(run('nightly.29551800'), token)).status !== 200) await systemClock.sleep(50)
    expect((await get(run('nightly.29551800', '/bundle'), token)).status).toBe(403)
    expect((await get('/api/v1/agent', own.token)).status, 'nor is what concerns all for one namespace').toBe(403)
  })

  it('takes no namespace that is none, also of who may see all', async () => {
    const { admin } = cluster
    await admin.json({ method: 'POST', path: account(own.namespace), body: { metadata: { name: 'all-seeing' } } })
    await grant(admin, own.namespace, 'all-seeing', RULES, 'everywhere')
    const token = await tokenOf(admin, own.namespace, 'all-seeing')
    while ((await get(run('nightly.29551800'), token)).status !== 200) await systemClock.sleep(50)
    for (const namespace of ['..', '%2e%2e%2f' + other.namespace, 'kube-system', '%00', 'A', '*']) {
      const response = await get(`/api/v1/namespaces/${namespace}/runs/nightly.29551800/bundle`, token)
      expect(response.status, namespace).toBe(404)
    }
    expect(looked.filter((namespace) => !/^[a-z0-9-]+$/.test(namespace))).toEqual([])
  })

  it('ends with its ServiceAccount', async () => {
    const { admin } = cluster
    await admin.json({ method: 'POST', path: account(own.namespace), body: { metadata: { name: 'leaver' } } })
    const token = await tokenOf(admin, own.namespace, 'leaver')
    await admin.json({ method: 'DELETE', path: `${account(own.namespace)}/leaver` })
    expect((await get(run('nightly.29551800'), token)).status).toBe(401)
  })
})

describe('a fault of the agent', () => {
  it('is a 503 that tells nothing of it, and a line in the log that does', async () => {
    const log = new MemoryLog()
    const fault = () => Promise.reject(new Error('no ServiceAccount /secret/path'))
    const source: ClusterSource = {
      ...{ clock: systemClock, log, replica: undefined, mirror: () => undefined, store: fault, agent: fault },
      folders: () => ({ bundles: '/nope', outbox: '/nope', runLogs: '/nope' }),
    }
    const call = { ...{ namespace: 'payments', name: 'a', user: 'ann', isStale: false, isHead: false }, header: () => undefined }
    for (const { path, handle } of clusterRoutes(source)) {
      const answer = await handle(call)
      expect(answer, path).toMatchObject({ failure: { status: 503, code: 'RECORDS_UNREADABLE' } })
      expect(JSON.stringify(answer)).not.toContain('secret')
    }
    expect(log.of('warn')).toEqual(CLUSTER_ROUTES.map(() => 'the API cannot answer'))
    expect(JSON.stringify(log.lines)).toContain('no ServiceAccount')
  })
})
