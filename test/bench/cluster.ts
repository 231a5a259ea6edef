import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { reasonOf } from '../../core/errors.ts'
import { builtTool } from '../../tools/go-tool.ts'
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts'
import { fillCluster, FULL_FIXTURE } from '../cluster/fixture.ts'
import { newFolder } from '../cluster/sweep.ts'
import { type TestCluster, testCluster } from '../cluster/use-cluster.ts'
import { median } from './cost.ts'
import { startFarWay } from './far.ts'
import { type Figure, showFigures } from './figure.ts'
import { memoryOf } from './memory.ts'

/** A bundle of a cluster of 200 namespaces, beside raw lists of it, and on demand beside the peer. */

const CLI = join(import.meta.dirname, '..', '..', 'dist', 'kubectl-support_bundle_schedule.js')
const ROUNDS = 5
const CONNECTIONS = 4
const LIMIT = 500
const ROUND_TRIP_MS = 20
/** The large cluster is so many times the usual one. */
const TIMES = 16

const SPEC = `apiVersion: troubleshoot.sh/v1beta2
kind: SupportBundle
metadata: {name: bench}
spec: {collectors: [{clusterInfo: {}}, {clusterResources: {}}]}
`

/** Nothing, with a word on stderr, where there is no API server. `withPeer`: its tool needs a minute and a half. */
export async function bundleFigures({ withPeer = false, withLarge = false } = {}): Promise<Figure[]> {
  let plane: ControlPlane
  try {
    plane = await startControlPlane({ folder: newFolder() })
  } catch (error) {
    process.stderr.write(`no figures of a large cluster: ${reasonOf(error)}\n`)
    return []
  }
  const folder = mkdtempSync(join(tmpdir(), 'sbs-bench-'))
  try {
    const cluster = testCluster(plane)
    const filler = cluster.client('admin', { maxSockets: 32 })
    await fillCluster(filler)
    const figures = [...(await figuresOf(plane, cluster, folder, withPeer)), ...(await farFigures(plane, folder))]
    if (!withLarge) return figures
    await fillCluster(filler, { namespaces: FULL_FIXTURE.namespaces * (TIMES - 1), namePrefix: 'more' })
    return [...figures, ...(await largeFigures(plane, folder, figures))]
  } finally {
    await plane.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const envOf = (folder: string, kubeconfig: string) => ({
  PATH: process.env['PATH'],
  HOME: folder,
  TROUBLESHOOT_SCHEDULER_DIR: join(folder, 'own'),
  KUBECONFIG: kubeconfig,
})

function specIn(folder: string): string {
  const spec = join(folder, 'spec.yaml')
  writeFileSync(spec, SPEC)
  return spec
}

/** The same bundle, from a server that is 20 ms away. */
async function farFigures(plane: ControlPlane, folder: string): Promise<Figure[]> {
  const way = await startFarWay(plane.server, ROUND_TRIP_MS / 2)
  try {
    const kubeconfig = join(folder, 'far.yaml')
    const near = readFileSync(plane.kubeconfig, 'utf8')
    writeFileSync(kubeconfig, near.replaceAll(plane.server, `https://127.0.0.1:${way.port}`))
    const runs: Run[] = []
    for (let round = 0; round < 3; round++) runs.push(await collected(folder, kubeconfig, `far-${round}`))
    const value = median(runs.map((run) => run.seconds))
    return [{ name: `the same, ${ROUND_TRIP_MS} ms away`, value, unit: 's', limit: '≤ 4 s' }]
  } finally {
    way.close()
  }
}

/** How time and memory grow with a cluster that is many times as large. */
async function largeFigures(plane: ControlPlane, folder: string, [small, , memory]: readonly Figure[]): Promise<Figure[]> {
  const run = await collected(folder, plane.kubeconfig, 'large')
  const base = { name: 'the same', unit: 's' }
  return [
    { ...base, name: `${TIMES} times as large`, value: run.seconds, ...against(small), limit: `≤ ${TIMES} ×` },
    { ...base, name: 'its memory of all processes', unit: 'MiB', value: run.peakMib, ...against(memory), limit: '≤ 1.3 ×' },
  ]
}

const against = (figure: Figure | undefined) => (figure ? { against: { name: 'the smaller one', value: figure.value } } : {})

const collected = (folder: string, kubeconfig: string, name: string) =>
  watched(
    [process.execPath, CLI, 'collect', specIn(folder), '--to', join(folder, `${name}.tar.gz`)],
    envOf(folder, kubeconfig),
    folder,
  )

async function figuresOf(plane: ControlPlane, cluster: TestCluster, folder: string, withPeer: boolean): Promise<Figure[]> {
  const spec = specIn(folder)
  const env = envOf(folder, plane.kubeconfig)
  const floors: number[] = []
  const ours: Run[] = []
  for (let round = 0; round < ROUNDS; round++) {
    floors.push(await listAll(cluster))
    ours.push(await collected(folder, plane.kubeconfig, String(round)))
  }
  const floor = { name: 'raw lists', value: median(floors) }
  const wall = median(ours.map((run) => run.seconds))
  const rss = Math.max(...ours.map((run) => run.peakMib))
  const figures: Figure[] = [
    { name: 'bundle of 200 namespaces, redacted', value: wall, unit: 's', against: floor, limit: '≤ 1.5 s' },
    { name: 'the same, CPU time of all processes', value: median(ours.map((run) => run.cpuSeconds)), unit: 's' },
    { name: 'the same, peak memory of all processes', value: rss, unit: 'MiB', limit: '≤ 150' },
  ]
  const peer = withPeer ? builtTool('support-bundle') : undefined
  if (!peer) return figures
  const options = ['--interactive=false', '--auto-update=false', '-o', join(folder, 'peer')]
  const theirs = await watched([peer, spec, ...options], env, folder)
  const [first, second, third] = figures
  return [
    ...(first ? [first, { ...first, against: { name: 'the peer', value: theirs.seconds } }] : []),
    ...(second ? [{ ...second, against: { name: 'the peer', value: theirs.cpuSeconds } }] : []),
    ...(third ? [{ ...third, against: { name: 'the peer', value: theirs.peakMib } }] : []),
  ]
}

/** Seconds that it takes to have all objects of all kinds, unread. */
async function listAll(cluster: TestCluster): Promise<number> {
  const client = cluster.client('admin', { maxSockets: CONNECTIONS })
  const begin = performance.now()
  const paths = (await listable(client)).values()
  const work = async () => {
    for (const path of paths)
      for (let next: string | undefined = ''; next !== undefined;) {
        const text = (await client.bytes({ path, query: { limit: LIMIT, ...(next ? { continue: next } : {}) } })).toString(
          'latin1',
        )
        next = /^[^[]*"continue":"([^"]+)"/.exec(text.slice(0, 2000))?.[1]
      }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  client.close()
  return (performance.now() - begin) / 1000
}

interface Discovery {
  groups?: { preferredVersion: { groupVersion: string } }[]
  resources?: { name: string; verbs: string[] }[]
}

async function listable(client: ReturnType<TestCluster['client']>): Promise<string[]> {
  const read = async (path: string) => (await client.json({ path })) as Discovery
  const { groups = [] } = await read('/apis')
  const roots = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)]
  const lists = await Promise.all(roots.map(async (root) => ({ root, resources: (await read(root)).resources ?? [] })))
  return lists.flatMap(({ root, resources }) =>
    resources.flatMap(({ name, verbs }) => (verbs.includes('list') && !name.includes('/') ? [`${root}/${name}`] : [])),
  )
}

export interface Run {
  seconds: number
  cpuSeconds: number
  peakMib: number
}

/** Node tells nothing of a child that has ended; the shell does. */
const TIMED = 'TIMEFORMAT=\'%3U %3S\'; { time "$@" >/dev/null 2>&1 </dev/null; } 2>"$TIMES"; exit'

export async function watched(command: string[], env: NodeJS.ProcessEnv, folder: string): Promise<Run> {
  const times = join(folder, 'times')
  const begin = performance.now()
  const child = spawn('bash', ['-c', TIMED, 'bash', ...command], { env: { ...env, TIMES: times }, stdio: 'ignore' })
  const over = new AbortController()
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve)).finally(() => over.abort())
  let peakMib = 0
  const watch = async () => {
    for (;;) {
      peakMib = Math.max(peakMib, childrenMib(child.pid ?? 0))
      await systemClock.sleep(20, over.signal)
    }
  }
  const [code] = await Promise.all([ended, watch().catch(() => undefined)])
  if (code !== 0) throw new Error(`${command.slice(0, 3).join(' ')} ended with ${code}: its time says nothing`)
  const seconds = (performance.now() - begin) / 1000
  const [user = 0, system = 0] = readFileSync(times, 'utf8').trim().split('\n').at(-1)?.split(' ').map(Number) ?? []
  return { seconds, cpuSeconds: user + system, peakMib }
}

/** Of all that a process started, without itself: it is our own shell. */
function childrenMib(pid: number): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    return children.reduce((sum, child) => sum + memoryOf(child).rss + childrenMib(child), 0)
  } catch {
    return 0
  }
}

if (import.meta.main)
  process.stdout.write(
    showFigures(await bundleFigures({ withPeer: process.argv.includes('--peer'), withLarge: process.argv.includes('--large') })),
  )
