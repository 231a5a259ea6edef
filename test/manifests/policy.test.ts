import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { reasonOf } from '../../core/errors.ts'
import { KubeClient } from '../../core/kube/client.ts'
import { DATA_KEY, type Kind, KINDS, LABEL_KIND } from '../../core/names.ts'
import { type ControlPlane, startControlPlane, type TestUser } from '../cluster/control-plane.ts'
import { newFolder } from '../cluster/sweep.ts'
import { connectionTo, type TestCluster, testCluster, useCluster } from '../cluster/use-cluster.ts'
import { kubectl, MANIFESTS } from './kustomize.ts'

const { skipped } = await useCluster()

const GROUP = 'support-bundle-schedule.io'
const TENANT = 'example-tenant'
const RECORDS = ['run', 'status', 'ledger'] as const
const INPUTS = ['job', 'request', 'template'] as const

const NAMES: Record<Kind | 'plain', string> = {
  job: 'nightly',
  status: 'nightly.status',
  ledger: 'nightly.ledger.202611',
  run: 'nightly.29000000',
  request: 'nightly.request.a1',
  template: 'template.nightly',
  plain: 'settings-of-an-app',
}
type Label = keyof typeof NAMES

const aConfigMap = (label: Label, name: string = NAMES[label], value = 'a') => ({
  metadata: { name, labels: label === 'plain' ? { app: 'shop' } : { [LABEL_KIND]: label } },
  data: { [label === 'plain' ? 'settings' : DATA_KEY[label]]: value },
})

const PEOPLE = {
  /** may write ConfigMaps, and nothing else */
  writer: 'alice',
  /** writes jobs too, as the role edit lets */
  editor: 'bob',
  /** an administrator of the namespace */
  owner: 'carol',
} as const satisfies Record<string, TestUser>
const SYSTEM = {
  collector: 'system:serviceaccount:kube-system:generic-garbage-collector',
  ending: 'system:serviceaccount:kube-system:namespace-controller',
  store: `system:serviceaccount:${TENANT}:support-bundle-schedule`,
  /** the store identity of another namespace, which somebody let write here */
  stranger: 'system:serviceaccount:elsewhere:support-bundle-schedule',
  tasks: `system:serviceaccount:${TENANT}:support-bundle-schedule-collector`,
}
type Who = keyof typeof PEOPLE | keyof typeof SYSTEM | 'master'

// A server of its own, since a policy holds for all that is in it. Every try is a dry run, so that none hangs on another.
describe.skipIf(skipped)('the policy on a real API server', () => {
  let server: ControlPlane
  let cluster: TestCluster
  const path = `/api/v1/namespaces/${TENANT}/configmaps`
  const query = { dryRun: 'All' }

  function as(who: Who): KubeClient {
    const user = who in PEOPLE ? PEOPLE[who as keyof typeof PEOPLE] : SYSTEM[who as keyof typeof SYSTEM]
    const groups = user?.startsWith('system:') ? 'system:serviceaccounts' : 'team'
    const headers = who === 'master' ? {} : { 'impersonate-user': user ?? '', 'impersonate-group': groups }
    const connection = { ...connectionTo(server, server.adminToken), headers }
    return new KubeClient(connection, { clock: systemClock, random: Math.random, userAgent: 'test/1' })
  }

  /** `ok`, the policy that refused, or why else it did not work. */
  async function ask(who: Who, request: Parameters<KubeClient['json']>[0]): Promise<string> {
    const client = as(who)
    try {
      await client.json({ ...request, query })
      return 'ok'
    } catch (error) {
      return /ValidatingAdmissionPolicy '(?:support-bundle-schedule-)([a-z-]+)'/.exec(reasonOf(error))?.[1] ?? reasonOf(error)
    } finally {
      client.close()
    }
  }
  const create = (who: Who, label: Label) => ask(who, { method: 'POST', path, body: aConfigMap(label, 'new') })
  const change = (who: Who, label: Label) =>
    ask(who, { method: 'PUT', path: `${path}/${NAMES[label]}`, body: aConfigMap(label, undefined, 'b') })
  const remove = (who: Who, label: Label) => ask(who, { method: 'DELETE', path: `${path}/${NAMES[label]}` })
  /** Another label, or none. */
  const relabel = (who: Who, from: Label, to: Label) =>
    ask(who, { method: 'PUT', path: `${path}/${NAMES[from]}`, body: { ...aConfigMap(to, NAMES[from]) } })

  const all = async (tries: readonly ((label: Label) => Promise<string>)[], labels: readonly Label[]) =>
    new Set(await Promise.all(labels.flatMap((label) => tries.map((one) => one(label)))))
  const only = (answer: string) => new Set([answer])
  const writes = (who: Who) => [create, change, remove].map((one) => (label: Label) => one(who, label))

  const RBAC = '/apis/rbac.authorization.k8s.io/v1'
  const bind = (user: string, role: string) => {
    const apiGroup = 'rbac.authorization.k8s.io'
    const roleRef = { apiGroup, kind: 'ClusterRole', name: role }
    const body = { metadata: { name: `test-${role}` }, roleRef, subjects: [{ kind: 'User', apiGroup, name: user }] }
    return cluster.admin.json({ method: 'POST', path: `${RBAC}/clusterrolebindings`, body })
  }

  beforeAll(async () => {
    server = await startControlPlane({ folder: newFolder() })
    cluster = testCluster(server)
    const { admin } = cluster
    await admin.json({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: TENANT } } })
    await kubectl(['apply', '-k', `${MANIFESTS}/tenant`], server.kubeconfig)
    for (const label of [...KINDS, 'plain'] as const) await admin.json({ method: 'POST', path, body: aConfigMap(label) })
    const everything = ['get', 'create', 'update', 'patch', 'delete', 'deletecollection']
    for (const user of Object.values(PEOPLE)) await cluster.allow(user, everything, ['configmaps'], { namespace: TENANT })
    await cluster.allow(PEOPLE.editor, ['create'], ['jobs'], { namespace: TENANT, group: GROUP })
    await cluster.allow(PEOPLE.owner, ['create'], ['jobs'], { namespace: TENANT, group: GROUP })
    await cluster.allow(PEOPLE.owner, ['delete'], ['runs'], { namespace: TENANT, group: GROUP })
    // Somebody was careless: RBAC alone would let these write any ConfigMap, or anything.
    const careless = { metadata: { name: 'careless' }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }] }
    await admin.json({ method: 'POST', path: `${RBAC}/clusterroles`, body: careless })
    await bind(SYSTEM.store, 'careless')
    await bind(SYSTEM.stranger, 'cluster-admin')
    await kubectl(['apply', '-k', `${MANIFESTS}/policy`], server.kubeconfig)
    // It takes a moment until a new policy holds; one that never does is found by the tests.
    const holds = [() => create('writer', 'job'), () => create('master', 'run'), () => create('store', 'plain')]
    for (const one of holds) for (let tries = 0; tries < 100 && (await one()) === 'ok'; tries++) await systemClock.sleep(100)
  }, 120_000)
  afterAll(async () => {
    cluster?.admin.close()
    await server?.stop()
  })

  it('lets who has the right write jobs, requests and templates', async () => {
    expect(await all(writes('editor'), INPUTS)).toEqual(only('ok'))
    expect(await all(writes('master'), INPUTS)).toEqual(only('ok'))
  })

  it('refuses those to who may only write ConfigMaps', async () => {
    expect(await all(writes('writer'), INPUTS)).toEqual(only('jobs'))
    expect(await relabel('writer', 'plain', 'job')).toBe('jobs')
    expect(await relabel('writer', 'job', 'plain')).toBe('jobs')
    expect(await relabel('writer', 'template', 'job')).toBe('jobs')
  })

  it('says in its message what is missing', async () => {
    const client = as('writer')
    const said = await client.json({ method: 'POST', path, query, body: aConfigMap('job', 'new') }).catch(reasonOf)
    client.close()
    expect(said).toContain(`"create" "jobs" of the group "${GROUP}" in namespace "${TENANT}"`)
  })

  it('leaves all other ConfigMaps alone', async () => {
    for (const who of ['writer', 'editor', 'owner', 'master', 'collector'] as const)
      expect(await all([(label) => remove(who, label)], ['plain']), who).toEqual(only('ok'))
    expect(await all(writes('writer'), ['plain'])).toEqual(only('ok'))
  })

  it('lets nobody but the store identity write the record, and label nothing as one', async () => {
    for (const who of ['writer', 'editor', 'owner', 'master', 'stranger'] as const)
      expect(await all(writes(who).slice(0, 2), RECORDS), who).toEqual(only('records'))
    expect(await relabel('editor', 'job', 'run')).toBe('records')
    expect(await relabel('editor', 'run', 'plain')).toBe('records')
    expect(await relabel('editor', 'plain', 'ledger')).toBe('records')
    // The identity that tasks have gets nowhere near: it may not write ConfigMaps at all.
    expect(await create('tasks', 'run')).toMatch(/cannot create resource "configmaps"/)
  })

  it('lets administrators remove the record, and no others', async () => {
    expect(await all([(label) => remove('owner', label)], RECORDS)).toEqual(only('ok'))
    expect(await all([(label) => remove('master', label)], RECORDS)).toEqual(only('ok'))
    expect(await all([(label) => remove('editor', label)], RECORDS)).toEqual(only('records'))
    const client = as('writer')
    const many = { method: 'DELETE', path, query: { ...query, labelSelector: `${LABEL_KIND}=run` } } as const
    await expect(client.json(many)).rejects.toThrow(/support-bundle-schedule-records/)
    client.close()
  })

  it('lets the store identity keep the record and take handled requests away', async () => {
    expect(await all(writes('store'), RECORDS)).toEqual(only('ok'))
    expect(await remove('store', 'request')).toBe('ok')
  })

  it('holds the store identity to that, whatever RBAC lets it do', async () => {
    expect(await all(writes('store'), ['plain'])).toEqual(only('store-identity'))
    // This one may create the virtual jobs: it is held by its name.
    expect(await all(writes('stranger').slice(0, 2), INPUTS)).toEqual(only('store-identity'))
    expect(await all([(label) => remove('stranger', label)], ['job', 'template'])).toEqual(only('store-identity'))
    for (const [from, to] of [
      ['run', 'plain'],
      ['run', 'status'],
      ['plain', 'run'],
    ] as const)
      expect(await relabel('store', from, to), `${from} to ${to}`).toBe('store-identity')
    // Two policies refuse these; which one says so is left to the server.
    const refused = [relabel('store', 'job', 'status'), remove('store', 'job'), remove('store', 'template')]
    for (const answer of await Promise.all(refused)) expect(answer).toMatch(/^(jobs|store-identity)$/)
  })

  it('stands in the way of neither the garbage collector nor the end of a namespace', async () => {
    for (const who of ['collector', 'ending'] as const)
      expect(await all([(label) => remove(who, label)], KINDS), who).toEqual(only('ok'))
    // A foreground deletion ends when the collector takes its finalizer off.
    const patch = { metadata: { finalizers: ['example.com/a'] } }
    for (const kind of KINDS)
      expect(
        await ask('collector', {
          method: 'PATCH',
          path: `${path}/${NAMES[kind]}`,
          body: patch,
          contentType: 'application/merge-patch+json',
        }),
        kind,
      ).toBe('ok')
  })
})
