import { createServer as createTlsServer } from 'node:https'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agentFolders } from '../../agent/folders.ts'
import { createApp } from '../../agent/server/app.ts'
import { clusterRoutes } from '../../agent/server/cluster-routes.ts'
import { listen } from '../../agent/server/listen.ts'
import { reviewAuthorizer } from '../../agent/server/review-authorizer.ts'
import { AGENT_SELECTOR, VIEWER_ACCOUNT } from '../../core/agent-api.ts'
import { systemClock } from '../../core/clock.ts'
import { mergePatch } from '../../core/kube/objects.ts'
import { decodeRun } from '../../core/run.ts'
import { createConfigMapStore } from '../../core/store/config-map-store.ts'
import { openDoor, textOf } from '../../plugin/agent-door.ts'
import { bundleFromAgent, type NamedRun } from '../../plugin/download-from-agent.ts'
import { useCluster } from '../cluster/use-cluster.ts'
import { answerPortForward } from '../core/kube/fake-port-forward.ts'
import { MemoryLog } from '../support/agent.ts'
import { putJob, putRun } from './records.ts'
import { inNamespace } from '../../plugin/in-namespace.ts'

const cluster = await useCluster()
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const CONTENT = 'x'.repeat(500_000)

/** A real API server and a real agent's API; only the kubelet between them is a fake one. */
describe.skipIf(cluster.skipped)('the way of the CLI to the agent of a cluster', () => {
  const undo: (() => unknown)[] = []
  afterAll(async () => {
    for (const work of undo.toReversed()) await work()
  })
  let home: string
  let run: NamedRun
  let pod: { uid: string }
  const asked: string[] = []
  const log = new MemoryLog()

  /** A node that forwards ports, and nothing else; gives its name. */
  async function aNode(target: number): Promise<string> {
    const file = (name: string) => readFileSync(join(cluster.info.folder, 'pki', name))
    const server = createTlsServer({ cert: file('apiserver.crt'), key: file('apiserver.key') })
    server.on('upgrade', (request, socket) => {
      asked.push(request.url ?? '')
      answerPortForward(request, socket, { target: (port) => (port === 8088 ? target : 1) })
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    undo.push(
      () => server.closeAllConnections(),
      () => void server.close(),
    )
    const { port } = server.address() as AddressInfo
    const name = `forwarder-${port}`
    await cluster.admin.json({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name } } })
    undo.push(() => cluster.admin.json({ method: 'DELETE', path: `/api/v1/nodes/${name}` }))
    const addresses = [{ type: 'InternalIP', address: '127.0.0.1' }]
    const status = { addresses, daemonEndpoints: { kubeletEndpoint: { Port: port } } }
    await mergePatch(cluster.admin, `/api/v1/nodes/${name}/status`, { status })
    return name
  }

  async function aPod(nodeName: string): Promise<{ uid: string }> {
    const labels = Object.fromEntries(AGENT_SELECTOR.split(',').map((pair) => pair.split('=')))
    const containers = [{ name: 'agent', image: 'i', ports: [{ name: 'http', containerPort: 8088 }] }]
    const path = `/api/v1/namespaces/${home}/pods`
    const body = { metadata: { name: 'agent-0', labels }, spec: { nodeName, containers } }
    const made = (await cluster.admin.json({ method: 'POST', path, body })) as { metadata: { uid: string } }
    await mergePatch(cluster.admin, `${path}/agent-0/status`, { status: { phase: 'Running' } })
    return made.metadata
  }

  async function aViewer(): Promise<void> {
    const metadata = { name: `${home}-viewer` }
    await cluster.admin.json({
      method: 'POST',
      path: `/api/v1/namespaces/${home}/serviceaccounts`,
      body: { metadata: { name: VIEWER_ACCOUNT } },
    })
    const apiGroups = ['support-bundle-schedule.io']
    const rules = [
      { apiGroups, resources: ['jobs', 'runs'], verbs: ['get', 'list', 'watch'] },
      { apiGroups, resources: ['runs/bundle', 'agents'], verbs: ['get'] },
    ]
    await cluster.admin.json({ method: 'POST', path: `${RBAC}/clusterroles`, body: { metadata, rules } })
    const subjects = [{ kind: 'ServiceAccount', namespace: home, name: VIEWER_ACCOUNT }]
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name }
    await cluster.admin.json({ method: 'POST', path: `${RBAC}/clusterrolebindings`, body: { metadata, roleRef, subjects } })
  }

  beforeAll(async () => {
    home = await cluster.newNamespace()
    const namespace = await cluster.newNamespace()
    const base = await mkdtemp(join(tmpdir(), 'sbs-door-'))
    undo.push(() => rm(base, { recursive: true, force: true }))
    const store = createConfigMapStore({ client: cluster.admin, onProblem: () => undefined })
    const source = {
      ...{ clock: systemClock, log, replica: 'this-pod', mirror: () => undefined },
      store: () => store,
      folders: (name: string) => agentFolders(base, { namespace: name }),
      agent: () => ({
        ...{ version: '1.2.3', startedAt: '2026-03-10T00:00:00.000Z', isLeader: true },
        ...{ residentBytes: 5, cpuSeconds: 1, namespaces: [] },
      }),
    }
    const authorizer = reviewAuthorizer({ client: cluster.admin, clock: systemClock, log })
    const app = createApp({ notReady: () => undefined, api: { authorizer, routes: clusterRoutes(source) } })
    const server = await listen(app, 0, 'scheduler.yaml')
    undo.push(() => server.close())

    const records = inNamespace(store, namespace)
    const { bundles } = agentFolders(base, { namespace })
    await mkdir(join(bundles, 'nightly'), { recursive: true })
    const path = join(bundles, 'nightly', 'a.tar.gz')
    await writeFile(path, CONTENT)
    const bundle = { fileName: 'a.tar.gz', path, bytes: CONTENT.length, sha256: 'x', files: 1, isPartial: false }
    const name = await putRun(records, await putJob(records, 'nightly'), '29551800', { bundle })
    const stored = await records.get({ kind: 'run', namespace: '', name })
    run = { namespace, name, run: decodeRun(stored?.text ?? '') }
    await aViewer()
    pod = await aPod(await aNode(server.port))
  })

  it('takes rights to list pods, to forward, and to a token of the viewer: each that is missing is named', async () => {
    const alice = cluster.client('alice')
    const { signal } = new AbortController()
    const open = () => openDoor(alice, home)
    await expect(open()).rejects.toMatchObject({
      code: 'AGENT_FORBIDDEN',
      message: expect.stringContaining('cannot list resource "pods"'),
    })
    await cluster.allow('alice', ['list'], ['pods'], { namespace: home })
    await expect(open()).rejects.toMatchObject({
      code: 'AGENT_FORBIDDEN',
      message: expect.stringContaining('serviceaccounts/token'),
    })
    await cluster.allow('alice', ['create'], ['serviceaccounts/token'], { namespace: home })
    const door = await open()
    expect(door.pods).toEqual([{ name: 'agent-0', uid: pod.uid, isReady: false, port: 8088 }])
    const [first] = door.pods
    if (!first) throw new Error('no pod')
    await expect(door.get(first, '/healthz', signal)).rejects.toMatchObject({
      code: 'AGENT_FORBIDDEN',
      message: expect.stringContaining('pods/portforward'),
    })
    await cluster.allow('alice', ['get', 'create'], ['pods/portforward'], { namespace: home })
    const answer = await door.get(first, '/healthz', signal)
    expect([answer.status, await textOf(answer)]).toEqual([200, 'ok\n'])
    expect(asked).toEqual([`/portForward/${home}/agent-0?port=8088`])
    alice.close()
  })

  it('brings the facts of the agent, and a bundle whole', async () => {
    const { signal } = new AbortController()
    const door = await openDoor(cluster.admin, home)
    const [first] = door.pods
    if (!first) throw new Error('no pod')
    // A role works a moment after it was made.
    let answer = await door.get(first, '/api/v1/agent', signal)
    for (; answer.status === 403; answer = await door.get(first, '/api/v1/agent', signal)) await textOf(answer)
    expect(JSON.parse(await textOf(answer))).toMatchObject({ version: '1.2.3', isLeader: true })
    const pieces: Buffer[] = []
    for await (const piece of await bundleFromAgent(door, run, signal)) pieces.push(piece)
    expect(Buffer.concat(pieces).toString() === CONTENT).toBe(true)
    expect(log.lines.find(({ message }) => message === 'bundle sent')?.fields).toMatchObject({
      user: `system:serviceaccount:${home}:${VIEWER_ACCOUNT}`,
    })
  })

  it('says when the pod is gone', async () => {
    const { signal } = new AbortController()
    const door = await openDoor(cluster.admin, home)
    const gone = { name: 'agent-9', uid: 'x', isReady: true, port: 8088 }
    await expect(door.get(gone, '/healthz', signal)).rejects.toMatchObject({ code: 'AGENT_UNREACHABLE' })
    await expect(openDoor(cluster.admin, await cluster.newNamespace())).rejects.toMatchObject({ code: 'AGENT_NOT_FOUND' })
  })
})
