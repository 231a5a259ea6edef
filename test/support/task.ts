import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { createTaskStarter, type TaskStarter } from '../../agent/task-process.ts'
import { systemClock } from '../../core/clock.ts'
import type { ProductError } from '../../core/errors.ts'
import type { NodesWork } from '../../core/node-relay.ts'
import type { FromTask, RunRequest, RunResult } from '../../core/task.ts'

const execute = promisify(execFile)

/** The built task program: `npm test` builds it first. */
export const TASK_SCRIPT = resolve(import.meta.dirname, '../../dist/lib/task.js')

/** Starts the built program as a child process, as the agent does. `path`: where the child finds programs. */
export function taskProgram(path = process.env['PATH']): TaskStarter {
  if (!existsSync(TASK_SCRIPT)) throw new Error(`${TASK_SCRIPT} is missing: run "npm run build" first`)
  const kill = (pid: number, signal: 'SIGKILL') => void process.kill(pid, signal)
  return createTaskStarter({ execPath: process.execPath, script: TASK_SCRIPT, path, kill }, systemClock)
}

/** Folders of one test: a task works in `work`, plug-ins lie in `plugins`, and `elsewhere` is none of the task's business. */
export interface Workspace {
  base: string
  work: string
  plugins: string
  elsewhere: string
  remove(): Promise<void>
}

export async function makeWorkspace(): Promise<Workspace> {
  const root = await mkdtemp(join(tmpdir(), 'sbs-task-'))
  const folders = {
    base: join(root, 'base'),
    work: join(root, 'base/work'),
    plugins: join(root, 'plugins'),
    elsewhere: join(root, 'elsewhere'),
  }
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true })
  return { ...folders, remove: () => rm(root, { recursive: true, force: true }) }
}

const FILE_NAME = 'nightly-20260101T020000Z.tar.gz'
export const TOP = FILE_NAME.replace('.tar.gz', '')
export const RUN = {
  id: 'nightly.1',
  job: 'nightly',
  namespace: '',
  slot: '2026-01-01T02:00:00.000Z',
  trigger: 'schedule',
} as const

/** A SupportBundle document with these entries. */
export function spec(entries: {
  collectors?: object[]
  hostCollectors?: object[]
  analyzers?: object[]
  hostAnalyzers?: object[]
}) {
  return { apiVersion: 'troubleshoot.sh/v1beta2', kind: 'SupportBundle', metadata: { name: 'test' }, spec: entries }
}

/** A request for a run in a workspace; collects one small file unless told otherwise. */
export function runRequest(space: Pick<Workspace, 'work' | 'plugins'>, change: Partial<RunRequest> = {}): RunRequest {
  return {
    task: 'run',
    run: RUN,
    workFolder: space.work,
    fileName: FILE_NAME,
    specs: [spec({ collectors: [{ data: { name: 'kept', collectorName: 'kept.txt', data: 'kept\n' } }] })],
    analyze: true,
    redact: true,
    timeoutMs: 20_000,
    limits: { bundleBytes: 2 ** 30, outputBytes: 2 ** 30 },
    pluginFolders: [space.plugins],
    ...change,
  }
}

export interface Watched {
  result?: RunResult
  peakRssBytes: number
  error?: ProductError
  warnings: { code: string; message: string }[]
  messages: FromTask[]
  /** what the child printed, as the run's log gets it */
  text: string
}

/** One run of the built program, watched to its end. */
export async function runTask(
  request: RunRequest,
  options: {
    timeoutMs?: number
    memoryBytes?: number
    signal?: AbortSignal
    onMessage?: (message: FromTask) => void
    path?: string
    onNodes?: NodesWork
  } = {},
): Promise<Watched> {
  const { timeoutMs = 60_000, memoryBytes = 2 ** 30, signal, onMessage, path, onNodes } = options
  const messages: FromTask[] = []
  let text = ''
  const outcome = await taskProgram(path).start(request, {
    timeoutMs,
    memoryBytes,
    ...(signal ? { signal } : {}),
    ...(onNodes ? { onNodes } : {}),
    onMessage(message) {
      messages.push(message)
      onMessage?.(message)
    },
    onText: (piece) => void (text += piece),
  })
  return { ...outcome, messages, text }
}

interface Report {
  isPartial: boolean
  warnings: { code: string; message: string }[]
  collectors: {
    key: string
    node?: string
    state: string
    files: number
    warnings: { code: string; message: string }[]
    error?: { code: string; message: string }
  }[]
}

/** A bundle unpacked by the system's tar, which must find nothing wrong with it. */
export interface Unpacked {
  folder: string
  /** every file and link, relative to the top folder, sorted */
  paths: string[]
  read(path: string): Promise<string>
  report(): Promise<Report>
}

export async function unpack(archive: string): Promise<Unpacked> {
  const into = await mkdtemp(join(archive, '../unpacked-'))
  const { stderr } = await execute('tar', ['-xzf', archive, '-C', into])
  if (stderr) throw new Error(stderr)
  const tops = await readdir(into)
  if (tops.length !== 1) throw new Error(`one top folder is wanted, there are: ${tops.join(', ')}`)
  const folder = join(into, tops[0] ?? '')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  const read = (path: string) => readFile(join(folder, path), 'utf8')
  return {
    folder,
    paths: paths.toSorted(),
    read,
    report: async () => JSON.parse(await read('support-bundle-schedule/report.json')) as Report,
  }
}

/** The result, or the error thrown: for tests in which a bundle must come out. */
export function mustHave(outcome: Watched): RunResult {
  if (!outcome.result) throw outcome.error ?? new Error('neither result nor error')
  return outcome.result
}

/** Waits for something of another process, which no clock of ours moves on. */
export async function until<Value>(what: string, look: () => Promise<Value | undefined>, ms = 20_000): Promise<Value> {
  for (const end = performance.now() + ms; performance.now() < end; await new Promise((done) => setTimeout(done, 25))) {
    const found = await look().catch(() => undefined)
    if (found !== undefined) return found
  }
  throw new Error(`waited too long for ${what}`)
}

/** The number that a process wrote to a file about itself. */
export const pidIn = (file: string): Promise<number> =>
  until(`the process that writes ${file}`, async () => Number((await readFile(file, 'utf8')).trim()) || undefined)

/** Waits for the end of a process that is none of our children; a zombie has ended. */
export function ended(pid: number): Promise<true> {
  const isOver = async () => /^\S+ \(.*\) [ZX]/s.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '0 () X'))
  return until(`the end of process ${pid}`, async () => (await isOver()) || undefined)
}
