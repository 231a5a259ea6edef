import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reasonOf } from '../../core/errors.ts'
import { AGENT_NAME, AGENT_NAMESPACE, API_VERSION, COLLECTOR_ACCOUNT, LABEL_ENABLED, STORE_ACCOUNT } from '../../core/names.ts'
import type { Run } from '../../core/run.ts'
import { type AgentProcess, eventually, startAgentProcess } from '../cluster/agent-process.ts'
import { configMapsOf } from '../cluster/config-maps.ts'
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts'
import { newFolder } from '../cluster/sweep.ts'
import { type TestCluster, testCluster, useCluster } from '../cluster/use-cluster.ts'
import { kubectl, MANIFESTS } from './kustomize.ts'

const { skipped } = await useCluster()

const TENANT = 'example-tenant'
const ALONE = 'shop'

interface Asked {
  who: string
  /** `verb resource`, or `verb /path` */
  right: string
  code: number | undefined
}

function auditOf({ folder }: ControlPlane): Asked[] {
  const lines = readFileSync(join(folder, 'audit.log'), 'utf8').trim().split('\n')
  return lines.map((line) => {
    const { verb, user, objectRef, requestURI, responseStatus } = JSON.parse(line) as {
      verb: string
      user: { username: string }
      objectRef?: { resource?: string; subresource?: string }
      requestURI: string
      responseStatus?: { code?: number }
    }
    const what = objectRef?.resource ? [objectRef.resource, objectRef.subresource].filter(Boolean).join('/') : requestURI
    return { who: user.username, right: `${verb} ${what}`, code: responseStatus?.code }
  })
}

/** What the agent itself asks only when a replica delivers is left out. */
const rightsUsed = (asked: readonly Asked[], by: string) => {
  const rights = new Set(asked.filter(({ who }) => who === by).map(({ right }) => right))
  if (by.endsWith(AGENT_NAME)) rights.delete('list leases')
  return [...rights].toSorted()
}

/** A ServiceAccount, as the server calls it. */
const account = (namespace: string, name: string) => `system:serviceaccount:${namespace}:${name}`

// A server of its own, which writes down who asked for what.
describe.skipIf(skipped)('an agent with the rights of the manifests, under the policy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-rights-'))
  let server: ControlPlane
  let cluster: TestCluster
  const agents: AgentProcess[] = []

  const newNamespace = (name: string, labels: Record<string, string>) =>
    cluster.admin.json({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name, labels } } })
  const apply = (path: string) => kubectl(['apply', '-k', resolve(MANIFESTS, path)], server.kubeconfig)

  /** It takes a moment until it does. */
  async function policyHolds(): Promise<true | undefined> {
    const headers = { 'impersonate-user': account(TENANT, STORE_ACCOUNT), 'impersonate-group': 'system:serviceaccounts' }
    const request = { method: 'POST', path: `/api/v1/namespaces/${TENANT}/configmaps`, query: { dryRun: 'All' }, headers }
    const said = await cluster.admin.json({ ...request, body: { metadata: { name: 'of-an-app' } } }).catch(reasonOf)
    return String(said).includes('support-bundle-schedule-store-identity') ? true : undefined
  }

  /** As the ServiceAccount of the agent that a namespace holds. */
  async function startAgent(namespace: string, config: object): Promise<AgentProcess> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${AGENT_NAME}/token`
    const { status } = (await cluster.admin.json({ method: 'POST', path, body: { spec: {} } })) as { status: { token: string } }
    const access = JSON.parse(readFileSync(server.kubeconfig, 'utf8')) as { users: object[] }
    access.users = [{ name: 'admin', user: { token: status.token } }]
    const kubeconfig = join(folder, `kubeconfig-${namespace}`)
    writeFileSync(kubeconfig, JSON.stringify(access))
    const replica = { name: `${AGENT_NAME}-0`, uid: '00000000-0000-4000-8000-000000000000' }
    const own = { folder: join(folder, namespace), kubeconfig, namespace, replica }
    const agent = startAgentProcess({ ...own, config: { leaseDuration: '3s', ...config } })
    agents.push(agent)
    return agent
  }

  /** A job is made and run once, and the agent is stopped. */
  async function runOnce(agent: AgentProcess, namespace: string): Promise<Run> {
    const maps = configMapsOf(cluster.admin, namespace)
    const job = { apiVersion: API_VERSION, schedule: '0 0 29 2 *' }
    await maps.create('nightly', 'job', { data: { 'job.yaml': JSON.stringify(job) } })
    await maps.request('nightly', 'a1')
    const finished = async () => (await maps.runsOf('nightly')).find(({ phase }) => phase === 'finished')
    const run = await eventually(finished, 'the end of the run', [agent], 60_000)
    const isHandled = async () => ((await maps.get('nightly.request.a1')) ? undefined : true)
    await eventually(isHandled, 'the end of the request', [agent])
    agent.kill('SIGTERM')
    await agent.ended
    return run
  }

  beforeAll(async () => {
    server = await startControlPlane({ folder: newFolder(), audit: true })
    cluster = testCluster(server)
    await newNamespace(TENANT, { [LABEL_ENABLED]: 'true' })
    await newNamespace(ALONE, {})
    const overlay = { resources: [relative(folder, resolve(MANIFESTS, 'namespaced'))], namespace: ALONE }
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(overlay))
    for (const path of ['.', 'tenant', 'policy', folder]) await apply(path)
    await eventually(policyHolds, 'the policy')
  }, 120_000)
  afterAll(async () => {
    for (const agent of agents) {
      agent.kill('SIGKILL')
      await agent.ended
    }
    cluster?.admin.close()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const AT_HOME = [
    'create leases',
    'create serviceaccounts/token',
    'delete leases',
    'get leases',
    'patch leases',
    'update leases',
  ]

  it('runs a job, and uses and lacks what is meant', async () => {
    expect(await runOnce(await startAgent(AGENT_NAMESPACE, {}), TENANT)).toMatchObject({ outcome: 'completed' })
    const [own, store, collector] = [
      account(AGENT_NAMESPACE, AGENT_NAME),
      account(TENANT, STORE_ACCOUNT),
      account(TENANT, COLLECTOR_ACCOUNT),
    ]
    const all = auditOf(server)
    const refused = all.filter(({ code }) => code === 403)
    expect(rightsUsed(refused, own)).toEqual([])
    expect(rightsUsed(refused, store)).toEqual([])
    // What its Role lacks on purpose: a warning each in the bundle.
    const ofTheCluster =
      / (nodes|persistentvolumes|apiservices|csidrivers|csinodes|flowschemas|\w+(classes|configurations|requests|attachments|definitions))$/
    const lacking = rightsUsed(refused, collector).filter((right) => !ofTheCluster.test(right))
    expect(lacking).toEqual(['list clusterrolebindings', 'list clusterroles', 'list secrets'])
    // Nothing of a tenant is read as the agent itself.
    expect(rightsUsed(all, own)).toEqual([...AT_HOME, 'list namespaces', 'watch namespaces'].toSorted())
    const keeping = ['create', 'delete', 'get', 'list', 'update', 'watch'].map((verb) => `${verb} configmaps`)
    expect(rightsUsed(all, store)).toEqual([...keeping, 'get secrets'].toSorted())
    expect(rightsUsed(all, collector).filter((right) => !/^(get|list) /.test(right))).toEqual(['create selfsubjectrulesreviews'])
  }, 120_000)

  it('namespaced: does so without a right in the cluster', async () => {
    expect(await runOnce(await startAgent(ALONE, { namespaces: [ALONE] }), ALONE)).toMatchObject({ outcome: 'completed' })
    const all = auditOf(server)
    expect(rightsUsed(all, account(ALONE, AGENT_NAME))).toEqual(AT_HOME)
    const refused = all.filter(({ code }) => code === 403)
    for (const name of [AGENT_NAME, STORE_ACCOUNT]) expect(rightsUsed(refused, account(ALONE, name))).toEqual([])
  }, 120_000)
})
