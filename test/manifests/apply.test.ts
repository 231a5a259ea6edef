import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { KubeClient } from '../../core/kube/client.ts'
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts'
import { newFolder } from '../cluster/sweep.ts'
import { connectionTo, type TestCluster, testCluster, useCluster } from '../cluster/use-cluster.ts'
import { build, find, kubectl, type Manifest, MANIFESTS, podOf, type PodTemplate, rightsOf, type Rule } from './kustomize.ts'

const { skipped } = await useCluster()

/** In the order in which an administrator would. */
const APPLIED = ['.', 'cluster-jobs', 'tenant', 'viewer', 'host-access', 'policy']
const AGENT = 'support-bundle-schedule'
const TENANT = 'example-tenant'

// A server of its own: the names are fixed, and policies hold for all that is in it.
describe.skipIf(skipped)('manifests on a real API server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-apply-'))
  let server: ControlPlane
  let cluster: TestCluster
  const warnings: string[] = []
  const apply = (path: string, ...more: string[]) =>
    kubectl(['apply', '-k', resolve(MANIFESTS, path), ...more], server.kubeconfig)

  beforeAll(async () => {
    server = await startControlPlane({ folder: newFolder() })
    cluster = testCluster(server)
    await cluster.admin.json({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: TENANT } } })
    const accounts = `/api/v1/namespaces/${TENANT}/serviceaccounts`
    await cluster.admin.json({ method: 'POST', path: accounts, body: { metadata: { name: 'nobody' } } })
    for (const path of APPLIED) warnings.push((await apply(path)).stderr)
  }, 120_000)
  afterAll(async () => {
    cluster?.admin.close()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('are taken without a warning', () => {
    expect(warnings.join('')).toBe('')
  })

  it.each(APPLIED)('%s: applied again, nothing changes', async (path) => {
    // kubectl calls some objects "configured" that stay as they were.
    const versions = async () => {
      const format = 'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}'
      return (await kubectl(['get', '-k', resolve(MANIFESTS, path), '-o', format], server.kubeconfig)).stdout.trim().split('\n')
    }
    const before = await versions()
    await apply(path)
    expect(await versions()).toEqual(before)
    expect(before).toHaveLength((await build(path)).length)
  })

  it('namespaced and durable-outbox are taken too', async () => {
    const base = relative(folder, MANIFESTS)
    writeFileSync(
      join(folder, 'kustomization.yaml'),
      JSON.stringify({ resources: [base], components: [`${base}/durable-outbox`] }),
    )
    for (const path of ['namespaced', folder]) expect((await apply(path, '--dry-run=server')).stderr, path).toBe('')
  })

  it('the pods are admitted where only restricted ones are, with a token for the agent alone', async () => {
    const template = podOf(find(await build('.'), 'Deployment', 'support-bundle-schedule-agent'))
    const create = (change: (spec: PodTemplate['spec']) => void = () => undefined) => {
      const pod = structuredClone({ ...template, metadata: { ...template.metadata, generateName: 'agent-' } })
      change(pod.spec)
      const path = `/api/v1/namespaces/${AGENT}/pods`
      return cluster.admin.json({ method: 'POST', path, query: { dryRun: 'All' }, body: pod }) as Promise<PodTemplate>
    }
    const pod = await create()
    const withToken = pod.spec.containers.filter(({ volumeMounts }) =>
      volumeMounts.some(({ mountPath }) => mountPath.startsWith('/var/run/secrets')),
    )
    expect(withToken.map(({ name }) => name)).toEqual(['agent'])
    const broken: ((spec: PodTemplate['spec']) => void)[] = [
      ({ containers }) => Object.assign(containers[1]?.securityContext ?? {}, { allowPrivilegeEscalation: true }),
      ({ containers }) => Object.assign(containers[0]?.securityContext ?? {}, { capabilities: {} }),
      ({ securityContext }) => Object.assign(securityContext, { seccompProfile: undefined }),
      ({ securityContext }) => Object.assign(securityContext, { runAsNonRoot: false }),
      (spec) => Object.assign(spec, { hostPID: true }),
    ]
    for (const change of broken) await expect(create(change)).rejects.toThrow(/violates PodSecurity "restricted/)
  })

  /** A client with a fresh token of a ServiceAccount. */
  async function as(namespace: string, name: string): Promise<KubeClient> {
    const { status } = (await cluster.admin.json({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      body: { spec: {} },
    })) as { status: { token: string } }
    return new KubeClient(connectionTo(server, status.token), { clock: systemClock, random: Math.random, userAgent: 'test/1' })
  }

  /** All that a ServiceAccount may do in a namespace, as the server says, without what every one may. */
  async function rights(account: [namespace: string, name: string], namespace: string): Promise<string[]> {
    const ask = async (client: KubeClient) => {
      const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
      const { status } = (await client.json({ method: 'POST', path, body: { spec: { namespace } } })) as {
        status: { resourceRules: Rule[]; nonResourceRules: Rule[] }
      }
      client.close()
      return [...status.resourceRules, ...status.nonResourceRules].flatMap(rightsOf)
    }
    const everybodys = new Set(await ask(await as(TENANT, 'nobody')))
    return [...new Set(await ask(await as(...account)))].filter((right) => !everybodys.has(right)).toSorted()
  }

  const EVERYWHERE = [
    'create serviceaccounts/token support-bundle-schedule,support-bundle-schedule-collector',
    'create subjectaccessreviews.authorization.k8s.io',
    'create tokenreviews.authentication.k8s.io',
    'list namespaces',
    'watch namespaces',
  ]
  const AT_HOME = [...['create', 'delete', 'get', 'list', 'patch', 'update'].map((verb) => `${verb} leases.coordination.k8s.io`)]
  const STORE = [
    'get secrets support-bundle-schedule-token-key',
    ...['create', 'delete', 'get', 'list', 'update', 'watch'].map((verb) => `${verb} configmaps`),
  ]
  const VIEW = ['jobs', 'runs'].flatMap((one) => ['get', 'list'].map((verb) => `${verb} ${one}.support-bundle-schedule.io`))
  const rulesOf = (objects: Manifest[], kind: string, name: string) => (find(objects, kind, name).rules ?? []).flatMap(rightsOf)

  it.each<[who: [string, string], where: string, want: string[]]>([
    [[AGENT, 'support-bundle-schedule-agent'], AGENT, [...EVERYWHERE, ...AT_HOME]],
    [[AGENT, 'support-bundle-schedule-agent'], TENANT, EVERYWHERE],
    [[AGENT, 'support-bundle-schedule-agent'], 'kube-system', EVERYWHERE],
    [[TENANT, 'support-bundle-schedule'], TENANT, STORE],
    [[TENANT, 'support-bundle-schedule'], 'support-bundle-schedule-cluster', []],
    [[TENANT, 'support-bundle-schedule-collector'], 'support-bundle-schedule-cluster', []],
    [['support-bundle-schedule-cluster', 'support-bundle-schedule'], 'support-bundle-schedule-cluster', STORE],
    [['support-bundle-schedule-cluster', 'support-bundle-schedule'], TENANT, []],
    [
      ['support-bundle-schedule-host', 'support-bundle-schedule'],
      'support-bundle-schedule-host',
      [
        'list nodes',
        ...['create', 'get'].map((verb) => `${verb} pods/exec`),
        ...['create', 'delete', 'get', 'list'].map((verb) => `${verb} pods`),
      ],
    ],
    [['support-bundle-schedule-host', 'support-bundle-schedule'], TENANT, ['list nodes']],
    [
      [AGENT, 'support-bundle-schedule-viewer'],
      TENANT,
      [...VIEW, 'get agents.support-bundle-schedule.io', 'get runs/bundle.support-bundle-schedule.io'],
    ],
  ])('%s in %s has these rights and no others', async (who, where, want) => {
    expect(await rights(who, where)).toEqual(want.toSorted())
  })

  it('the collecting identities have the rights of their Role, a cluster job everywhere', async () => {
    const own = rulesOf(await build('tenant'), 'Role', 'support-bundle-schedule-collector')
    expect(await rights([TENANT, 'support-bundle-schedule-collector'], TENANT)).toEqual(own.toSorted())
    const all = rulesOf(await build('cluster-jobs'), 'ClusterRole', 'support-bundle-schedule-cluster-collector')
    // Everybody may ask a cluster like this one for its version.
    const want = all.filter((right) => right !== 'get /version').toSorted()
    for (const namespace of [TENANT, 'kube-system'])
      expect(await rights(['support-bundle-schedule-cluster', 'support-bundle-schedule-collector'], namespace)).toEqual(want)
  })

  it('the agent becomes the identities of a tenant, and nobody else', async () => {
    const agent = await as(AGENT, 'support-bundle-schedule-agent')
    const mint = (namespace: string, name: string) =>
      agent.json({
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
        body: { spec: { expirationSeconds: 600 } },
      })
    for (const namespace of [TENANT, 'support-bundle-schedule-cluster'])
      for (const name of ['support-bundle-schedule', 'support-bundle-schedule-collector'])
        expect(await mint(namespace, name)).toMatchObject({ status: { token: expect.any(String) } })
    const others = [
      [TENANT, 'default'],
      ['kube-system', 'default'],
      [AGENT, 'support-bundle-schedule-agent'],
      [AGENT, 'support-bundle-schedule-viewer'],
    ] as const
    for (const [namespace, name] of others) await expect(mint(namespace, name)).rejects.toThrow(/cannot create resource/)
    for (const path of ['configmaps', 'secrets', 'pods', 'serviceaccounts'])
      await expect(agent.json({ path: `/api/v1/namespaces/${TENANT}/${path}` })).rejects.toThrow(/forbidden/i)
    agent.close()
  })

  it('tenants read their own namespace as an object, and no other one', async () => {
    const collector = await as(TENANT, 'support-bundle-schedule-collector')
    expect(await collector.json({ path: `/api/v1/namespaces/${TENANT}` })).toMatchObject({ metadata: { name: TENANT } })
    await expect(collector.json({ path: `/api/v1/namespaces/${AGENT}` })).rejects.toThrow(/forbidden/i)
    await expect(collector.json({ path: `/api/v1/namespaces/${TENANT}/secrets` })).rejects.toThrow(/forbidden/i)
    collector.close()
  })

  it('virtual rights go to those who may view, edit or administer a namespace', async () => {
    const label = (name: string) => `rbac.authorization.k8s.io/aggregate-to-${name}`
    const roles = (await build('.')).filter(({ metadata }) => /-(view|edit|admin)$/.test(metadata.name))
    const found = Object.fromEntries(
      roles.map(({ metadata, rules }) => [
        Object.keys(metadata.labels ?? {})
          .filter((key) => key.startsWith('rbac.'))
          .join(),
        rules?.flatMap(rightsOf).map((right) => right.replace('.support-bundle-schedule.io', '')),
      ]),
    )
    expect(found).toEqual({
      [label('view')]: ['get jobs', 'get runs', 'list jobs', 'list runs', 'get agents'],
      [label('edit')]: ['create jobs'],
      [label('admin')]: ['get runs/bundle', 'delete runs'],
    })
  })
})
