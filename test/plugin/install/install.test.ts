import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useCluster } from '../../cluster/use-cluster.ts'
import { everything, type Server, startServer } from './on-server.ts'

const { skipped } = await useCluster()

const AGENT = 'support-bundle-schedule'
const DEPLOYMENT = `/apis/apps/v1/namespaces/${AGENT}/deployments/support-bundle-schedule-agent`
const ENABLED = 'support-bundle-schedule.io/enabled'

// In order: one installation, from nothing to nothing.
describe.skipIf(skipped)('an installation on a real API server', () => {
  let server: Server
  let before: string[]
  const cleanup: (() => void | Promise<void>)[] = []
  beforeAll(async () => {
    server = await startServer((work) => void cleanup.push(work))
    await server.send('POST', '/api/v1/namespaces', { metadata: { name: 'payments' } })
    before = await everything(server)
  }, 120_000)
  afterAll(async () => {
    await server?.stop()
    for (const work of cleanup) await work()
  })

  it('prints what it would apply, without a server', async () => {
    const { out } = await server.ok('install', '--dry-run=client', '-o', 'yaml', '--image', 'r.example/a/b:1.2.3')
    expect(out.split('\n---\n').length).toBeGreaterThan(10)
    expect(out.match(/image: .*/g)).toEqual(['image: r.example/a/b:1.2.3', 'image: r.example/a/b:1.2.3'])
    expect(await everything(server)).toEqual(before)
  })

  it('who may not is told which right is missing, and what an administrator does', async () => {
    const said = await server.as('alice').run('install')
    expect(said).toMatchObject({ code: 5, out: '' })
    expect(said.err).toMatch(/forbidden.*user "?alice"?|User "alice" cannot/i)
  })

  it('creates; a second time nothing changes', async () => {
    const first = (await server.ok('install', '--api-cidr', '10.0.0.1/32')).out.trim().split('\n')
    expect(first[0]).toBe('namespace/support-bundle-schedule created')
    expect(first.at(-1)).toBe('deployment.apps/support-bundle-schedule-agent created')
    expect(first.filter((line) => !line.endsWith(' created'))).toEqual([])
    // Without the flag the network stays narrowed.
    const second = (await server.ok('install')).out.trim().split('\n')
    expect(second.filter((line) => !line.endsWith(' unchanged'))).toEqual([])
    expect(second).toHaveLength(first.length)
    const policy = await server.get(
      `/apis/networking.k8s.io/v1/namespaces/${AGENT}/networkpolicies/support-bundle-schedule-agent`,
    )
    const egress = (policy['spec'] as { egress: { to?: object[]; ports: { port: number }[] }[] }).egress
    const open = egress.filter(({ ports }) => ports.some(({ port }) => port === 6443))
    expect(open.map(({ to }) => to)).toEqual([[{ ipBlock: { cidr: '10.0.0.1/32' } }]])
    expect(
      egress.some(({ ports, to }) => ports.some(({ port }) => port === 443) && JSON.stringify(to).includes('0.0.0.0/0')),
    ).toBe(true)
  })

  it("another manager's field is a conflict that names it, and --force takes it over", async () => {
    const query = 'fieldManager=autoscaler&force=true'
    await server.cluster.admin.json({
      method: 'PATCH',
      path: `${DEPLOYMENT}?${query}`,
      body: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'support-bundle-schedule-agent' },
        spec: { replicas: 3 },
      },
      contentType: 'application/apply-patch+yaml',
    })
    const said = await server.run('install')
    expect(said.code).toBe(4)
    expect(said.err).toMatch(
      /deployment.apps\/support-bundle-schedule-agent in namespace support-bundle-schedule: .*\.spec\.replicas.*"autoscaler"/,
    )
    expect(said.err).toContain('--force')
    const forced = await server.ok('install', '--force')
    expect(forced.out).toContain('deployment.apps/support-bundle-schedule-agent configured')
    expect(await server.get(DEPLOYMENT)).toMatchObject({ spec: { replicas: 2 } })
  })

  it('--wait tells why an agent is not ready, and ends when it is', async () => {
    const pod = (await server.send('POST', `/api/v1/namespaces/${AGENT}/pods`, podOf(await server.get(DEPLOYMENT)))) as {
      metadata: { name: string }
    }
    const path = `/api/v1/namespaces/${AGENT}/pods/${pod.metadata.name}`
    const waiting = { reason: 'ErrImagePull', message: 'no such image\u001b[31m' }
    await server.send('PATCH', `${path}/status`, { status: { containerStatuses: [statusOf('agent', { waiting })] } })
    const late = await server.run('install', '--wait', '--timeout', '1s')
    expect(late.code).toBe(6)
    expect(late.err).toContain(`pod ${pod.metadata.name}, container agent: ErrImagePull: no such image\\u001b[31m`)
    await server.send('PATCH', `${DEPLOYMENT}/status`, {
      status: { conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota: q' }] },
    })
    expect((await server.run('install', '--wait', '--timeout', '1s')).err).toContain(
      'no pod is made: FailedCreate: exceeded quota: q',
    )
    const { metadata } = (await server.get(DEPLOYMENT)) as { metadata: { generation: number } }
    const status = {
      observedGeneration: metadata.generation,
      replicas: 2,
      updatedReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
    }
    await server.send('PATCH', `${DEPLOYMENT}/status`, { status })
    expect(await server.run('install', '--wait', '--timeout', '1s')).toMatchObject({ code: 0 })
    await server.cluster.admin.json({ method: 'DELETE', path, query: { gracePeriodSeconds: 0 } })
  })

  it('opts a namespace in: identities, rights to the Secrets that its jobs deliver with, the label', async () => {
    await createJob(server, 'nightly', 'payments', 's3-upload')
    const { out, err } = await server.ok('install', 'namespace', 'payments', '--allow', 'exec')
    expect(out).toContain('serviceaccount/support-bundle-schedule created')
    expect(out).toContain('serviceaccount/support-bundle-schedule-collector created')
    expect(out).toContain('namespace/payments labeled')
    expect(err).toContain('whoever may write ConfigMaps in "payments"')
    const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/payments/roles'
    expect(await server.get(`${roles}/support-bundle-schedule-credentials`)).toMatchObject({
      rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['s3-upload'], verbs: ['get'] }],
    })
    expect(JSON.stringify(await server.get(`${roles}/support-bundle-schedule-collector`))).toContain('pods/exec')
    const again = (await server.ok('install', 'namespace', 'payments', '--allow', 'exec')).out.trim().split('\n')
    expect(again.filter((line) => !line.endsWith(' unchanged'))).toEqual([])
    await server.ok('install', 'namespace', 'payments')
    expect(JSON.stringify(await server.get(`${roles}/support-bundle-schedule-collector`))).not.toContain('pods/exec')
    await server.ok('install', 'namespace', 'payments', '--allow', 'exec')
  })

  it('the last job with credentials takes the right to Secrets with it', async () => {
    await server.send('POST', '/api/v1/namespaces', { metadata: { name: 'short' } })
    await createJob(server, 'once', 'short', 'token')
    expect((await server.ok('install', 'namespace', 'short')).out).toContain('credentials created')
    await server.ok('delete', 'once', '-n', 'short', '--yes')
    expect((await server.ok('install', 'namespace', 'short')).out).toContain('credentials deleted')
    await server.ok('uninstall', 'namespace', 'short')
    expect((await everything(server)).filter((line) => line.includes(' short/'))).toEqual([])
    await server.cluster.admin.json({ method: 'DELETE', path: '/api/v1/namespaces/short' })
  })

  it('never opts in the namespace of the agent, nor one that is not there', async () => {
    expect(await server.run('install', 'namespace', AGENT)).toMatchObject({ code: 2 })
    expect(await server.run('install', 'namespace', 'support-bundle-schedule-host')).toMatchObject({ code: 2 })
    const missing = await server.run('install', 'namespace', 'nowhere')
    expect(missing).toMatchObject({ code: 3 })
    expect(missing.err).toContain('kubectl create namespace nowhere')
    expect(await server.run('install', 'namespace', 'payments', '--allow', 'root')).toMatchObject({ code: 2 })
  })

  it('an administrator of one namespace makes its identities, and is told who may label it', async () => {
    const name = 'tenant-of-alice'
    await server.send('POST', '/api/v1/namespaces', { metadata: { name } })
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${name}`
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'all' }
    await server.send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'all' },
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
    })
    await server.send('POST', `${rbac}/rolebindings`, {
      metadata: { name: 'alice' },
      roleRef,
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' }],
    })
    // A Role for everything in a namespace covers the namespace's own object too; here it must not.
    await server.send('DELETE', '/apis/rbac.authorization.k8s.io/v1/clusterroles/all', {})
    await server.send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'all' },
      rules: [
        { apiGroups: [''], resources: ['serviceaccounts', 'configmaps'], verbs: ['*'] },
        { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['*', 'escalate', 'bind'] },
      ],
    })
    const said = await until(
      () => server.as('alice').run('install', 'namespace', name),
      ({ err }) => !err.includes('serviceaccount'),
    )
    expect(said.code).toBe(5)
    expect(said.out).toContain('rolebinding.rbac.authorization.k8s.io/support-bundle-schedule-collector')
    expect(said.err).toContain(`kubectl label namespace ${name} ${ENABLED}=true`)
    await server.send('DELETE', '/apis/rbac.authorization.k8s.io/v1/clusterroles/all', {})
    await server.ok('uninstall', 'namespace', name)
    await server.send('DELETE', `/api/v1/namespaces/${name}`, {})
  })

  it('upgrade keeps parts and images, tells versions, and removes what an older version made', async () => {
    await server.ok('install', '--image', 'r.example/agent:0.0.1', '--with', 'viewer,cluster-jobs')
    const labels = { 'app.kubernetes.io/part-of': AGENT, 'app.kubernetes.io/managed-by': 'kubectl-support-bundle-schedule' }
    const old = { metadata: { name: 'of-an-older-version', labels }, data: {} }
    await server.send('POST', `/api/v1/namespaces/${AGENT}/configmaps`, old)
    const foreign = { metadata: { name: 'not-ours', labels: { 'app.kubernetes.io/part-of': AGENT } }, data: {} }
    await server.send('POST', `/api/v1/namespaces/${AGENT}/configmaps`, foreign)
    const { out, err } = await server.ok('upgrade')
    expect(err).toContain('agent 0.0.1 -> ')
    expect(out).toContain('configmap/of-an-older-version pruned')
    expect(out.match(/.* pruned/g)).toHaveLength(1)
    expect(out).toContain('clusterrole.rbac.authorization.k8s.io/support-bundle-schedule-viewer unchanged')
    expect(JSON.stringify(await server.get(DEPLOYMENT))).toContain('"image":"r.example/agent:0.1.0"')
    // What was allowed in a namespace stays allowed.
    const role = '/apis/rbac.authorization.k8s.io/v1/namespaces/payments/roles/support-bundle-schedule-collector'
    expect(JSON.stringify(await server.get(role))).toContain('pods/exec')
    expect(JSON.stringify(await server.get('/apis/rbac.authorization.k8s.io/v1/namespaces/payments/roles'))).toContain(
      's3-upload',
    )
    const back = await server.ok('upgrade', '--image', 'r.example/agent:99.0.0')
    expect(back.err).not.toContain('step back')
    expect((await server.ok('upgrade')).err).toContain('step back')
  })

  it('a namespace that is opted out keeps its jobs, and nothing else of ours', async () => {
    await server.send('POST', '/api/v1/namespaces', { metadata: { name: 'leaving' } })
    await createJob(server, 'stays', 'leaving')
    await server.ok('install', 'namespace', 'leaving')
    const { out, err } = await server.ok('uninstall', 'namespace', 'leaving')
    expect(out).toContain('namespace/leaving unlabeled')
    expect(err).toContain('its jobs stay')
    expect((await everything(server)).filter((line) => line.includes(' leaving/')).map((line) => line.split(' ')[1])).toEqual([
      'leaving/stays',
    ])
    expect(await server.run('uninstall', 'namespace', 'leaving', '--delete-jobs')).toMatchObject({ code: 2 })
    await server.ok('uninstall', 'namespace', 'leaving', '--delete-jobs', '--yes')
    expect((await everything(server)).filter((line) => line.includes(' leaving/'))).toEqual([])
    await server.send('DELETE', '/api/v1/namespaces/leaving', {})
  })

  it('uninstall leaves every object of the cluster as it was before', async () => {
    await server.send('POST', `/apis/coordination.k8s.io/v1/namespaces/${AGENT}/leases`, {
      metadata: { name: 'support-bundle-schedule-agent' },
    })
    await server.ok('install', '--with', 'policy,host-access')
    expect(await server.run('uninstall')).toMatchObject({ code: 2 })
    const kept = await server.ok('uninstall', '--keep-jobs', '--yes')
    expect(kept.out).toContain('deployment.apps/support-bundle-schedule-agent deleted')
    expect(kept.out).toContain('lease.coordination.k8s.io/support-bundle-schedule-agent deleted')
    expect((await everything(server)).filter((line) => !before.includes(line)).map((line) => line.split(' ')[1])).toEqual([
      'payments/nightly',
    ])
    // The namespaces never end here, as no controller ends them: made anew elsewhere, the job goes too.
    await server.ok('uninstall', 'namespace', 'payments', '--delete-jobs', '--yes')
    expect(await everything(server)).toEqual(before)
  })
})

const statusOf = (name: string, state: object) => ({ name, state, image: 'i', imageID: '', ready: false, restartCount: 0 })

function podOf(deployment: Record<string, unknown>): object {
  const { template } = deployment['spec'] as { template: { metadata: object; spec: object } }
  return { metadata: { ...template.metadata, generateName: 'agent-' }, spec: template.spec }
}

async function createJob(server: Server, name: string, namespace: string, secret?: string): Promise<void> {
  const upload = secret === undefined ? [] : [{ uploader: 's3', config: { bucket: 'b', region: 'r' }, credentials: { secret } }]
  const spec = { apiVersion: 'support-bundle-schedule.io/v1', schedule: '@daily', upload }
  await server.send('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name, labels: { 'support-bundle-schedule.io/kind': 'job' } },
    data: { 'job.yaml': JSON.stringify(spec) },
  })
}

/** The server learns of new rights a moment after they were given. */
async function until<Value>(look: () => Promise<Value>, isDone: (value: Value) => boolean): Promise<Value> {
  for (let count = 0; ; count++) {
    const value = await look()
    if (isDone(value) || count > 50) return value
  }
}
