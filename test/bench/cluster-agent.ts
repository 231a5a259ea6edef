import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { reasonOf } from '../../core/errors.ts'
import { KubeClient } from '../../core/kube/client.ts'
import { loadKubeconfig } from '../../core/kube/kubeconfig.ts'
import { nodeKubeWorld } from '../../core/kube/node-world.ts'
import { createObject } from '../../core/kube/objects.ts'
import { AGENT_NAMESPACE, LABEL_KIND, statusName } from '../../core/names.ts'
import { decodeStatus } from '../../core/status.ts'
import { createConfigMapStore } from '../../core/store/config-map-store.ts'
import type { Store } from '../../core/store/store.ts'
import { goTool } from '../../tools/go-tool.ts'
import { type AgentProcess, eventually, startAgentProcess } from '../cluster/agent-process.ts'
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts'
import { startFaultProxy } from '../cluster/fault-proxy.ts'
import { newFolder } from '../cluster/sweep.ts'
import { optIn } from '../cluster/tenants.ts'
import { type Cost, costFigures, median, race } from './cost.ts'
import type { Figure } from './figure.ts'
import { memoryOf } from './memory.ts'

const CLI = join(import.meta.dirname, '..', '..', 'dist', 'kubectl-support_bundle_schedule.js')
const JOBS = 100
const NAMESPACES = 20
const IDLE_MS = 60_000
const EDITS = 9

const namespaceOf = (job: number) => `bench-${job % NAMESPACES}`
const nameOf = (job: number) => `job-${job}`
const text = (minute: number) =>
  `apiVersion: support-bundle-schedule.io/v1\nschedule: "${minute % 60} 3 * * *"\ntimeZone: Europe/Berlin\n`

/** An idle agent on a real API server, and `list` beside kubectl. Nothing, with a word on stderr, where there is no API server. */
export async function clusterFigures(): Promise<Figure[]> {
  let plane: ControlPlane
  try {
    plane = await startControlPlane({ folder: newFolder() })
  } catch (error) {
    process.stderr.write(`no figures of a cluster: ${reasonOf(error)}\n`)
    return []
  }
  try {
    return await figuresOf(plane)
  } finally {
    await plane.stop()
  }
}

async function figuresOf(plane: ControlPlane): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-bench-'))
  const proxy = await startFaultProxy(plane)
  let agent: AgentProcess | undefined
  try {
    const world = nodeKubeWorld({
      env: { KUBECONFIG: plane.kubeconfig },
      homeFolder: folder,
      clock: systemClock,
      interactive: false,
    })
    const client = new KubeClient(await loadKubeconfig(world), { clock: systemClock, random: Math.random, userAgent: 'bench/1' })
    const store = createConfigMapStore({ client, onProblem: () => undefined })
    await fill(client, store)
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf(proxy.url, plane.adminToken)))
    // as the image and `daemon start` start it
    agent = startAgentProcess({
      folder: join(folder, 'agent'),
      kubeconfig,
      namespace: AGENT_NAMESPACE,
      env: { NODE_OPTIONS: '--max-semi-space-size=1' },
    })
    const running = agent
    await eventually(async () => ((await allSeen(store)) ? true : undefined), 'a status of each job', [running], 60_000)
    await systemClock.sleep(10_000)
    const before = proxy.requests.length
    await systemClock.sleep(IDLE_MS)
    const requests = proxy.requests.slice(before).filter((request) => !request.includes('/leases'))
    const memory = memoryOf(running.pid)
    const edit = await editToAccepted(store)
    return [
      { name: 'idle agent of a cluster, 100 jobs in 20 namespaces, resident', value: memory.rss, unit: 'MiB', limit: '≤ 90' },
      { name: 'the same, anonymous', value: memory.anonymous, unit: 'MiB', limit: '≤ 48' },
      { name: 'its requests, Lease apart', value: (requests.length * 60_000) / IDLE_MS, unit: 'a minute', limit: '≤ 30' },
      { name: 'edit of a job to accepted in its status', value: edit, unit: 'ms', limit: '≤ 1000' },
      ...(await listFigures(plane.kubeconfig, folder)),
    ]
  } finally {
    agent?.kill('SIGTERM')
    await agent?.ended
    await proxy.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const kubeconfigOf = (server: string, token: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'bench', cluster: { server } }],
  users: [{ name: 'bench', user: { token } }],
  contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  'current-context': 'bench',
})

async function fill(client: KubeClient, store: Store): Promise<void> {
  await createObject(client, '/api/v1/namespaces', { metadata: { name: AGENT_NAMESPACE } })
  for (let i = 0; i < NAMESPACES; i++) {
    await createObject(client, '/api/v1/namespaces', { metadata: { name: namespaceOf(i) } })
    await optIn(client, namespaceOf(i))
  }
  for (let i = 0; i < JOBS; i++)
    await store.create({ kind: 'job', namespace: namespaceOf(i), name: nameOf(i) }, { text: text(i) })
}

async function allSeen(store: Store): Promise<boolean> {
  let seen = 0
  for await (const _ of store.list('status', '*')) seen++
  return seen === JOBS
}

/** From the answer to the edit to the first look that shows it accepted, in ms; looked for every 10 ms. */
async function editToAccepted(store: Store): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < EDITS; i++) {
    const ref = { kind: 'job', namespace: namespaceOf(i), name: nameOf(i) } as const
    const job = await store.get(ref)
    const edited = await store.update(ref, { text: text(i + 1) }, job?.version ?? '')
    const begin = performance.now()
    const isAccepted = async () =>
      decodeStatus((await store.get({ ...ref, kind: 'status', name: statusName(ref.name) }))?.text ?? '')?.observedVersion ===
      edited.version
    while (!(await isAccepted())) await systemClock.sleep(10)
    times.push(performance.now() - begin)
  }
  return median(times)
}

async function listFigures(kubeconfig: string, home: string): Promise<Figure[]> {
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: home }
  const kubectl = [await goTool('kubectl'), 'get', 'cm', '-A', '-l', `${LABEL_KIND} in (job,status)`]
  const [peer, ours] = race([kubectl, [process.execPath, CLI, 'list', '-A']], env) as [Cost, Cost]
  return costFigures('`list -A` of 100 jobs in a cluster', ours, { name: '`kubectl get cm` of the same', cost: peer }, '≤ 1.5 ×')
}
