import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { createFileStore } from '../../core/store/file-store.ts'
import { createProcessTable } from '../../core/store/process-table.ts'
import { type Cost, costFigures, median, race } from './cost.ts'
import type { Figure } from './figure.ts'
import { memoryOf } from './memory.ts'

const DIST = join(import.meta.dirname, '..', '..', 'dist')
const CLI = join(DIST, 'kubectl-support_bundle_schedule.js')
const JOBS = 100

/** A store of 100 jobs, looked at by a daemon once, so that each has a status. */
async function storeOf100(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-bench-'))
  mkdirSync(join(folder, 'config'))
  writeFileSync(join(folder, 'config', 'scheduler.yaml'), 'metricsPort: 0\n')
  const processes = createProcessTable({
    pid: process.pid,
    kill: (pid, signal) => process.kill(pid, signal),
    readFile: (path) => readFileSync(path, 'utf8'),
  })
  const store = createFileStore({
    folder,
    clock: systemClock,
    newUid: () => crypto.randomUUID(),
    processes,
    onProblem: () => undefined,
  })
  for (let i = 0; i < JOBS; i++) {
    const text = `apiVersion: support-bundle-schedule.io/v1\nschedule: "${i % 60} 3 * * *"\ntimeZone: Europe/Berlin\n`
    await store.create({ kind: 'job', namespace: '', name: `job-${i}` }, { text })
  }
  return folder
}

const ended = (child: ChildProcess) => new Promise<void>((resolve) => child.once('close', () => resolve()))

/** Start-up of the CLI, an idle daemon, and how fast a task begins. */
export async function programs(): Promise<Figure[]> {
  const folder = await storeOf100()
  const env = { ...process.env, TROUBLESHOOT_SCHEDULER_DIR: folder }
  try {
    spawnSync(process.execPath, [CLI, 'daemon', 'start'], { env, stdio: 'ignore' })
    await systemClock.sleep(10_000)
    const { pid } = JSON.parse(readFileSync(join(folder, 'state', 'daemon.json'), 'utf8')) as { pid: number }
    const memory = memoryOf(pid)
    const [bare, help, list] = race(
      [
        ['-e', '0'],
        [CLI, '--help'],
        [CLI, 'list', '--local'],
      ].map((args) => [process.execPath, ...args]),
      env,
    ) as [Cost, Cost, Cost]
    const floor = { name: '`node -e 0`', cost: bare }
    return [
      ...costFigures('`--help`', help, floor, '≤ 2 ×'),
      ...costFigures('`list --local` of 100 jobs', list, floor, '≤ 2 ×'),
      { name: 'idle daemon, 100 jobs, resident', value: memory.rss, unit: 'MiB', limit: '≤ 90' },
      { name: 'idle daemon, 100 jobs, anonymous', value: memory.anonymous, unit: 'MiB', limit: '≤ 48' },
      { name: 'start of a task to its first output', value: await firstOutput(), unit: 'ms', limit: '≤ 150' },
    ]
  } finally {
    spawnSync(process.execPath, [CLI, 'daemon', 'stop'], { env, stdio: 'ignore' })
    rmSync(folder, { recursive: true, force: true })
  }
}

async function firstOutput(): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 9; round++) {
    const work = mkdtempSync(join(tmpdir(), 'sbs-bench-task-'))
    const begin = performance.now()
    const child = spawn(process.execPath, [join(DIST, 'lib', 'task.js')], {
      env: { SUPPORT_BUNDLE_SCHEDULE_TASK: '1' },
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    })
    const request = {
      task: 'run',
      run: { id: 'bench', job: 'bench', namespace: '', slot: systemClock.now().toISOString(), trigger: 'once' },
      workFolder: work,
      fileName: 'bench.tar.gz',
      specs: [],
      analyze: true,
      timeoutMs: 60_000,
      limits: { bundleBytes: 1e9, outputBytes: 1e9 },
      pluginFolders: [],
    }
    child.stdin?.write(`${JSON.stringify({ type: 'start', request })}\n`)
    const first = await new Promise<number>((resolve) => {
      let text = ''
      child.stdio[3]?.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        if (text.includes('"type":"output"')) resolve(performance.now())
        if (text.includes('"type":"done"')) child.stdin?.end()
      })
    })
    times.push(first - begin)
    await ended(child)
    rmSync(work, { recursive: true, force: true })
  }
  return median(times)
}
