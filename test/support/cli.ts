import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../core/clock.ts'
import { fail } from '../../core/errors.ts'
import { createFileStore } from '../../core/store/file-store.ts'
import { createProcessTable } from '../../core/store/process-table.ts'
import type { Store } from '../../core/store/store.ts'
import { runAgent } from '../../plugin/agent-process.ts'
import { runCli } from '../../plugin/cli.ts'
import type { CliEdge } from '../../plugin/cli-edge.ts'
import { safe, warning } from '../../plugin/output/text.ts'
import { FakeClock } from './clock.ts'
import { taskProgram } from './task.ts'

export const DIST = resolve(import.meta.dirname, '../../dist')
/** The built program, as users call it. */
export const PROGRAM_FILE = join(DIST, 'kubectl-support_bundle_schedule.js')

/** What a command line came to. */
export interface Said {
  code: number
  out: string
  err: string
}

export interface Cli {
  /** the store's folder */
  folder: string
  /** where commands run */
  cwd: string
  clock: Clock
  store: Store
  edge: CliEdge
  run(...argv: string[]): Promise<Said>
  /** the same, with this on stdin */
  pipe(stdin: string, ...argv: string[]): Promise<Said>
  /** runs it, wants exit code 0, and gives what it printed */
  out(...argv: string[]): Promise<string>
  /** writes a file into `cwd` and gives its name */
  file(name: string, text: string): Promise<string>
}

export const makeProcesses = () =>
  createProcessTable({
    pid: process.pid,
    kill: (pid, signal) => process.kill(pid, signal),
    readFile: (path) => readFileSync(path, 'utf8'),
  })

/** What is to be done when the test is over. Tests that run beside each other hand in the one of their context. */
export type Finish = (work: () => void | Promise<void>) => void

/** A temporary folder of this test, removed after it. */
export async function makeFolder(finish: Finish = onTestFinished): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sbs-cli-'))
  finish(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

export const START = '2026-01-01T00:00:00Z'

/**
 * The CLI in this process: its own folders, a clock that stands still, specs read by the built task program. An agent, for
 * `run`, is the built one, and needs a clock that goes.
 */
export async function makeCli(
  change: Partial<CliEdge> & { folder?: string } = {},
  finish: Finish = onTestFinished,
): Promise<Cli> {
  const base = await makeFolder(finish)
  const { folder = join(base, 'store'), ...changes } = change
  const cwd = join(base, 'cwd')
  await mkdir(cwd)
  const clock = changes.clock ?? new FakeClock(START)
  const told: Said = { code: 0, out: '', err: '' }
  const openStore = (onProblem: (text: string) => void) =>
    createFileStore({
      folder,
      clock,
      newUid: randomUUID,
      processes: makeProcesses(),
      onProblem: ({ message, remedy }) => onProblem(`${warning(message)}${remedy ? `  ${safe(remedy)}\n` : ''}`),
    })
  const edge: CliEdge = {
    out: (text) => void (told.out += text),
    err: (text) => void (told.err += text),
    isTty: false,
    env: { TROUBLESHOOT_SCHEDULER_DIR: folder },
    cwd,
    home: join(base, 'home'),
    clock,
    nodeVersion: 'v24.0.0',
    zoneData: '2026a',
    signal: new AbortController().signal,
    newId: () => randomUUID().replaceAll('-', '').slice(0, 10),
    readStdin: async () => '',
    processes: makeProcesses,
    fileStore: async () => openStore((text) => (told.err += text)),
    lib: join(DIST, 'lib'),
    cluster: async () => {
      throw fail('KUBECONFIG_MISSING', { path: '/nope/config', what: 'this command' })
    },
    handCluster: async () => undefined,
    clusterStore: async () => {
      throw fail('KUBECONFIG_MISSING', { path: '/nope/config', what: 'a store in a cluster' })
    },
    task: (request, options) => taskProgram().start(request, options),
    agent: (args, how, stop) => {
      if (how !== 'quiet') throw new Error('daemons are tested with real processes')
      return runAgent({ process, script: join(DIST, 'lib/agent.js'), args }, false, stop)
    },
    kill: () => undefined,
    ...changes,
  }
  const run = async (argv: string[], stdin?: string): Promise<Said> => {
    Object.assign(told, { code: 0, out: '', err: '' })
    const code = await runCli(argv, stdin === undefined ? edge : { ...edge, readStdin: async () => stdin })
    return { ...told, code }
  }
  return {
    folder,
    cwd,
    clock,
    store: openStore(() => undefined),
    edge,
    run: (...argv) => run(argv),
    pipe: (stdin, ...argv) => run(argv, stdin),
    async out(...argv) {
      const said = await run(argv)
      if (said.code !== 0) throw new Error(`${argv.join(' ')}: exit code ${said.code}: ${said.err}`)
      return said.out
    },
    async file(name, text) {
      await writeFile(join(cwd, name), text)
      return name
    },
  }
}

export interface Started {
  pid: number
  /** what it said so far */
  said(): Said
  ended: Promise<Said & { signal: NodeJS.Signals | null }>
  kill(signal: NodeJS.Signals): void
}

export interface StartOptions {
  folder: string
  cwd?: string
  env?: Record<string, string>
  /** leads a group, all of which gets its signals: as from a terminal */
  isLeader?: boolean
  /** nobody reads what it prints */
  isClosed?: boolean
  finish?: Finish
}

/** Starts the built program as a process of its own. It is ended with the test. */
export function startProgram(argv: readonly string[], options: StartOptions): Started {
  const { folder, cwd, isLeader = false, isClosed = false, finish = onTestFinished } = options
  const env = { ...process.env, TROUBLESHOOT_SCHEDULER_DIR: folder, ...options.env }
  const child = spawn(process.execPath, [PROGRAM_FILE, ...argv], {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: isLeader,
  })
  if (isClosed) child.stdout.destroy()
  const said: Said = { code: -1, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text))
  const ended = new Promise<Said & { signal: NodeJS.Signals | null }>((done) =>
    child.once('close', (code, signal) => done({ ...said, code: code ?? -1, signal })),
  )
  finish(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  return {
    pid: child.pid ?? -1,
    said: () => said,
    ended,
    kill: (signal) => void (isLeader ? process.kill(-(child.pid ?? 0), signal) : child.kill(signal)),
  }
}

/** Looks again and again, in real time, until it finds something. */
export async function eventually<Value>(
  what: string,
  find: () => Promise<Value | undefined> | Value | undefined,
  withinMs = 30_000,
): Promise<Value> {
  for (let waited = 0; waited < withinMs; waited += 50) {
    const found = await find()
    if (found !== undefined && found !== false) return found
    await systemClock.sleep(50)
  }
  throw new Error(`not within ${withinMs / 1000} s: ${what}`)
}

/** What every message of the CLI must be: a code of the catalogue, something to do, no stack trace. */
export const STACK = /^\s+at .*[:(].*:\d+|at file:|node:internal/m
