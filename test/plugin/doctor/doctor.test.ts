import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { createHash } from 'node:crypto'
import type { Finding } from '../../../plugin/doctor/finding.ts'
import { useCluster } from '../../cluster/use-cluster.ts'
import { taskProgram } from '../../support/task.ts'
import { type Server, startServer } from '../install/on-server.ts'

const { skipped } = await useCluster()

const AGENT = 'support-bundle-schedule'
const NAME = 'support-bundle-schedule-agent'
const DEPLOYMENT = `/apis/apps/v1/namespaces/${AGENT}/deployments/${NAME}`
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${AGENT}/leases/${NAME}`
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const TENANT = 'payments'

const JOB = { apiVersion: 'support-bundle-schedule.io/v1', schedule: '0 0 * * *', timeZone: 'Europe/Berlin' }

describe.skipIf(skipped)('doctor on a real API server', () => {
  let server: Server
  let pluginProblems: { code: string; message: string }[] = []
  let aheadMs = 0
  const cleanup: (() => void | Promise<void>)[] = []
  beforeAll(async () => {
    const clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + aheadMs) }
    server = await startServer((work) => void cleanup.push(work), {
      clock,
      task: async (request, options) => {
        if (request.task !== 'plugins') return taskProgram().start(request, options)
        return { result: { plugins: [], problems: pluginProblems } } as never
      },
    })
    await server.send('POST', '/api/v1/namespaces', { metadata: { name: TENANT } })
    await server.ok('install', '--with', 'policy')
    await server.ok('install', 'namespace', TENANT)
    const { metadata } = (await server.get(DEPLOYMENT)) as { metadata: { generation: number } }
    await server.send('PATCH', `${DEPLOYMENT}/status`, {
      status: {
        observedGeneration: metadata.generation,
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
      },
    })
    await server.send('POST', LEASE.slice(0, LEASE.lastIndexOf('/')), { metadata: { name: NAME }, spec: leaseSpec(0) })
  }, 120_000)
  afterAll(async () => {
    await server?.stop()
    for (const work of cleanup) await work()
  })

  const leaseSpec = (agoMs: number, holderIdentity = 'a-pod') => ({
    holderIdentity,
    leaseDurationSeconds: 30,
    renewTime: `${new Date(systemClock.now().getTime() - agoMs).toISOString().slice(0, -1)}000Z`,
  })
  const renew = async () => server.send('PATCH', LEASE, { spec: leaseSpec(0) })
  const findings = async (...argv: string[]): Promise<{ code: number; items: Finding[] }> => {
    const { code, out } = await server.run('doctor', ...argv, '-o', 'json')
    return { code, items: (JSON.parse(out) as { items: Finding[] }).items }
  }
  const only = async (code: string, what: RegExp, fix: RegExp | string, ...argv: string[]) => {
    await renew()
    const found = await findings(...argv)
    expect(found.items.map((one) => one.code)).toEqual([code])
    expect(found.items[0]?.what).toMatch(what)
    expect(found.items[0]?.fix).toMatch(new RegExp(fix))
    expect(found.code).toBe(1)
  }

  it('finds nothing where all is well', async () => {
    expect(await findings()).toEqual({ code: 0, items: [] })
    const said = await server.run('doctor', '-n', TENANT)
    expect(said).toMatchObject({ code: 0, out: '' })
    expect(said.err).toContain(TENANT)
  })

  describe('five planted faults, each with the command that mends it', () => {
    it('1: a collecting ServiceAccount is gone', async () => {
      await server.send('DELETE', `/api/v1/namespaces/${TENANT}/serviceaccounts/support-bundle-schedule-collector`, {})
      await only(
        'TENANT_SERVICEACCOUNT_MISSING',
        /support-bundle-schedule-collector in namespace payments is missing/,
        `install namespace ${TENANT}$`,
      )
      await server.ok('install', 'namespace', TENANT)
      expect(await findings()).toEqual({ code: 0, items: [] })
    })

    it('2: a Role lacks a rule', async () => {
      const role = `${RBAC}/namespaces/${TENANT}/roles/support-bundle-schedule`
      await server.send('PATCH', role, { rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }] })
      await only('TENANT_RULE_MISSING', /does not grant: .*update configmaps/, `install namespace ${TENANT}$`)
      await server.ok('install', 'namespace', TENANT, '--force')
      expect(await findings()).toEqual({ code: 0, items: [] })
    })

    it('3: the Lease is stale', async () => {
      await server.send('PATCH', LEASE, { spec: leaseSpec(100_000) })
      const found = await findings()
      expect(found.items.map(({ code }) => code)).toEqual(['AGENT_LEASE_STALE'])
      expect(found.items[0]?.what).toMatch(/was renewed 10\d s ago/)
      expect(found.code).toBe(1)
      await renew()
      expect(await findings()).toEqual({ code: 0, items: [] })
    })

    it('4: a Secret that a job delivers with is missing, and the right to read it', async () => {
      await createJob('nightly', 'upload')
      await renew()
      const both = (await findings()).items
      expect(both.map(({ code }) => code)).toEqual(['UPLOAD_SECRET_MISSING', 'UPLOAD_RIGHT_MISSING'])
      expect(both[1]?.fix).toContain(`rbac plan nightly -n ${TENANT} --apply`)
      await server.ok('rbac', 'plan', 'nightly', '-n', TENANT, '--apply')
      await settled('UPLOAD_RIGHT_MISSING')
      await only(
        'UPLOAD_SECRET_MISSING',
        /Secret upload in namespace payments does not exist/,
        /kubectl create secret generic upload -n payments/,
      )
      await server.send('POST', `/api/v1/namespaces/${TENANT}/secrets`, { metadata: { name: 'upload' } })
      expect(await findings()).toEqual({ code: 0, items: [] })
    })

    it('and a target that does not answer', async () => {
      const keys = { accessKeyId: 'of the job', secretAccessKey: 'not for anybody' }
      await server.send('PATCH', `/api/v1/namespaces/${TENANT}/secrets/upload`, { stringData: keys })
      const upload = (endpoint: string) => [
        {
          uploader: 's3',
          config: { bucket: 'b', region: 'r', endpoint, allowInsecure: true },
          credentials: { secret: 'upload' },
        },
      ]
      const job = (endpoint: string) => ({
        data: { 'job.yaml': JSON.stringify({ ...JOB, upload: upload(endpoint) }) },
      })
      const path = `/api/v1/namespaces/${TENANT}/configmaps/nightly`
      const before = await server.get(path)
      // Nobody listens at port 1.
      await server.send('PATCH', path, job('http://127.0.0.1:1'))
      await only('TARGET_REFUSES', /job nightly in namespace payments uploads with "s3"/, '.')
      await server.send('PATCH', path, { data: before['data'] })
      await server.send('PATCH', `/api/v1/namespaces/${TENANT}/secrets/upload`, { data: null })
    })

    it("5: the agent's ClusterRoleBinding is gone", async () => {
      await server.send('DELETE', `${RBAC}/clusterrolebindings/${NAME}`, {})
      await only('AGENT_OBJECT_MISSING', /clusterrolebinding.*support-bundle-schedule-agent is missing/, /install$/)
      await server.ok('install')
      expect(await findings()).toEqual({ code: 0, items: [] })
    })
  })

  it('a binding that binds someone else', async () => {
    const binding = `${RBAC}/clusterrolebindings/${NAME}`
    await server.send('PATCH', binding, { subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: 'elsewhere' }] })
    await only('AGENT_NOT_BOUND', /does not bind clusterrole support-bundle-schedule-agent/, /install$/)
    await server.ok('install', '--force')
  })

  it('an agent that is not ready, is of another version, or does not lead', async () => {
    await server.ok('install', '--image', 'r.example/agent:0.0.1')
    await renew()
    const found = await findings()
    expect(found.items.map(({ code }) => code)).toEqual(['AGENT_VERSION', 'AGENT_NOT_READY'])
    expect(found.items[0]?.what).toContain('the agent is 0.0.1, this program is 0.1.0')
    await server.ok('upgrade', '--image', 'localhost/support-bundle-schedule:0.1.0')
    const { metadata } = (await server.get(DEPLOYMENT)) as { metadata: { generation: number } }
    await server.send('PATCH', `${DEPLOYMENT}/status`, { status: { observedGeneration: metadata.generation } })
    await server.send('PATCH', LEASE, { spec: { holderIdentity: '' } })
    expect((await findings()).items.map(({ code }) => code)).toEqual(['AGENT_NOT_LEADING'])
    await server.send('PATCH', LEASE, { spec: leaseSpec(0) })
  })

  it('a leader whose pod is gone', async () => {
    const { spec } = (await server.get(DEPLOYMENT)) as { spec: { template: { metadata: object; spec: object } } }
    const pods = `/api/v1/namespaces/${AGENT}/pods`
    await server.send('POST', pods, { metadata: { ...spec.template.metadata, name: 'one' }, spec: spec.template.spec })
    await only('AGENT_LEADER_GONE', /held by a-pod, which is no pod/, /kubectl get lease,pods/)
    await server.send('PATCH', LEASE, { spec: leaseSpec(0, 'one_a-process') })
    expect(await findings()).toEqual({ code: 0, items: [] })
    await server.cluster.admin.json({ method: 'DELETE', path: `${pods}/one`, query: { gracePeriodSeconds: 0 } })
  })

  it('a job that no agent looks at', async () => {
    aheadMs = 1
    await createJob('alone')
    await renew()
    expect((await findings()).items).toEqual([])
    await server.ok('delete', 'alone', '-n', TENANT, '--yes')
    aheadMs = 0
  })

  it('plug-ins that do not load', async () => {
    pluginProblems = [{ code: 'PLUGIN_NOT_LOADED', message: 'plug-in /x did not load: y' }]
    await only('PLUGIN_NOT_LOADED', /plug-in \/x did not load/, /mend or remove/)
    pluginProblems = []
  })

  it('a clock that is wrong here; the Lease is judged by that of the server', async () => {
    for (const [ms, says] of [
      [3_600_000, /3(600|599) s ahead of/],
      [-3_600_000, /3(600|599|601) s behind/],
    ] as const) {
      aheadMs = ms
      await renew()
      const { items } = await findings()
      expect(items.map(({ code }) => code)).toEqual(['CLOCK_SKEW'])
      expect(items[0]?.what).toMatch(says)
    }
    aheadMs = 0
  })

  it('policies that are missing: a note for all, an error for some', async () => {
    const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'
    await server.send('DELETE', `${policies}/support-bundle-schedule-records`, {})
    await only('POLICY_INCOMPLETE', /support-bundle-schedule-records/, /install --with policy$/)
    for (const name of ['jobs', 'store-identity']) await server.send('DELETE', `${policies}/support-bundle-schedule-${name}`, {})
    const bindings = policies.replace('policies', 'policybindings')
    for (const name of ['jobs', 'store-identity', 'records'])
      await server.send('DELETE', `${bindings}/support-bundle-schedule-${name}`, {})
    await renew()
    const { code, items } = await findings()
    expect([code, items.map((one) => [one.code, one.severity])]).toEqual([0, [['POLICY_MISSING', 'note']]])
    expect(items[0]?.why).toContain('whoever may write ConfigMaps in payments')
  })

  const wrong = async () => (await findings()).items.filter(({ severity }) => severity !== 'note')

  it('jobs that are invalid or degraded, and slots of other zone data', async () => {
    const fine = [{ type: 'Valid', status: 'True', reason: 'Accepted', message: 'm', at: '2026-01-01T00:00:00Z' }]
    const text = await createJob('zoned')
    await writeStatus('zoned', text, ['2026-07-01T00:00:00.000Z', '2026-07-01T22:00:00.000Z'], fine)
    await renew()
    const items = await wrong()
    expect(items.map(({ code }) => code)).toEqual(['ZONE_DATA_DIFFERS'])
    expect(items[0]?.what).toContain('2026-07-01T00:00:00.000Z')
    const bad = [
      { ...fine[0], status: 'False', message: 'bad \u001b[31m', remedy: 'mend it' },
      { ...fine[0], type: 'Degraded', message: 'unknown key' },
    ]
    await writeStatus('zoned', text, ['2026-07-01T22:00:00.000Z', '2026-07-02T22:00:00.000Z'], bad)
    expect((await wrong()).map(({ code, why }) => [code, why])).toEqual([
      ['JOB_INVALID', 'bad \u001b[31m'],
      ['JOB_DEGRADED', 'unknown key'],
    ])
    const { out } = await server.run('doctor')
    expect(out).toContain('why: bad \\u001b[31m\n')
    expect(out).toContain('ERROR JOB_INVALID: job zoned in namespace payments cannot run\n')
    await server.ok('delete', 'zoned', '-n', TENANT, '--yes')
    await server.send('DELETE', `/api/v1/namespaces/${TENANT}/configmaps/zoned.status`, {})
  })

  it('a namespace that is not opted in, or not there; who may see little is not told what is not so', async () => {
    await server.send('POST', '/api/v1/namespaces', { metadata: { name: 'other' } })
    const codes = (items: Finding[]) => items.flatMap(({ code }) => (code.startsWith('NAMESPACE') ? [code] : []))
    expect(codes((await findings('-n', 'other')).items)).toEqual(['NAMESPACE_NOT_OPTED_IN'])
    expect(codes((await findings('-n', 'nowhere')).items)).toEqual(['NAMESPACE_NOT_FOUND'])
    const said = await server.as('bob').run('doctor', '-n', TENANT, '-o', 'json')
    const { items } = JSON.parse(said.out) as { items: Finding[] }
    expect(items.map(({ code, severity }) => [code, severity])).toEqual([['NOT_EXAMINED', 'note']])
    expect(items[0]?.why).toMatch(/cannot list resource "?configmaps/)
  })

  it('no agent at all', async () => {
    await server.ok('uninstall', '--keep-jobs', '--yes')
    const { code, items } = await findings()
    expect([code, items.map((one) => one.code)]).toEqual([1, ['AGENT_NOT_INSTALLED']])
  })

  /** RBAC is read anew a moment after it changed. */
  async function settled(code: string): Promise<void> {
    while ((await findings()).items.some((one) => one.code === code)) await systemClock.sleep(20)
  }

  async function createJob(name: string, secret?: string): Promise<string> {
    const upload = secret === undefined ? [] : [{ uploader: 's3', config: { bucket: 'b', region: 'r' }, credentials: { secret } }]
    const text = JSON.stringify({ ...JOB, upload })
    await server.send('POST', `/api/v1/namespaces/${TENANT}/configmaps`, {
      metadata: { name, labels: { 'support-bundle-schedule.io/kind': 'job' } },
      data: { 'job.yaml': text },
    })
    return text
  }

  async function writeStatus(job: string, text: string, nextSlots: string[], conditions: object[]): Promise<void> {
    const status = {
      schema: 1,
      id: 'x',
      observedSpecHash: createHash('sha256').update(text).digest('hex'),
      state: 'pending',
      isPaused: false,
      description: '',
      schedule: '0 0 * * *',
      timeZone: 'Europe/Berlin',
      targets: [],
      nextSlots,
      runCount: 0,
      conditions,
      updatedAt: '2026-07-01T00:00:00Z',
    }
    const path = `/api/v1/namespaces/${TENANT}/configmaps`
    const body = {
      metadata: { name: `${job}.status`, labels: { 'support-bundle-schedule.io/kind': 'status' } },
      data: { 'status.json': JSON.stringify(status) },
    }
    const there = await server.cluster.admin.json({ path: `${path}/${job}.status` }).catch(() => undefined)
    const write = () => (there ? server.send('PATCH', `${path}/${job}.status`, body) : server.send('POST', path, body))
    // Policies hold for a moment after they were deleted.
    while (
      !(await write().then(
        () => true,
        () => false,
      ))
    )
      await systemClock.sleep(50)
  }
})
