import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { systemClock } from '../core/clock.ts'
import { fail, type Problem } from '../core/errors.ts'
import { storeError, syncFileSystem } from '../core/store/file-system.ts'
import { createProcessTable } from '../core/store/process-table.ts'
import type { CliEdge } from './cli-edge.ts'
import { safe, warning } from './output/text.ts'
import { taskProcesses } from './task-process.ts'

/** Told when a stream of the process cannot be written to any more. */
type OnBroken = Record<'stdout' | 'stderr', (error: NodeJS.ErrnoException) => void>

/** The real edge. Built-in programs lie in `lib/` beside the main file. */
export function processEdge(process: NodeJS.Process, onBroken: OnBroken): CliEdge {
  const { stdout, stderr } = outputs(process, onBroken)
  const lib = libFolder(import.meta.dirname)
  const interrupted = interruption(process)
  const processes = () =>
    createProcessTable({
      pid: process.pid,
      kill: (pid, signal) => process.kill(pid, signal),
      readFile: (path) => readFileSync(path, 'utf8'),
    })
  const kubeUser = async () => ({ env: process.env, home: homedir(), isTty: (await import('node:tty')).isatty(0) })
  return {
    out(text) {
      try {
        stdout().write(text)
      } catch (error) {
        throw storeError(error, 'stdout') // a file on a full disk
      }
    },
    err: (text) => void stderr().write(text),
    get isTty() {
      return stderr().isTTY
    },
    env: process.env,
    // A folder that was removed, a user without an entry: an error only for who needs them.
    get cwd() {
      return orMissing('.', 'the current folder is gone', () => process.cwd())
    },
    get home() {
      return orMissing('~', 'this user has no home folder; set TROUBLESHOOT_SCHEDULER_DIR', homedir)
    },
    clock: systemClock,
    nodeVersion: process.version,
    zoneData: process.versions['tz'] ?? 'unknown',
    lib,
    get signal() {
      return interrupted()
    },
    newId: () => Buffer.from(crypto.getRandomValues(new Uint8Array(5))).toString('hex'),
    async readStdin(bytes) {
      const { readStart } = await import('./specs.ts')
      return readStart(process.stdin, bytes)
    },
    processes,
    async fileStore(folder) {
      const { createFileStore } = await import('../core/store/file-store.ts')
      const onProblem = ({ message, remedy }: Problem) =>
        void stderr().write(`${warning(message)}${remedy ? `  ${safe(remedy)}\n` : ''}`)
      const newUid = () => crypto.randomUUID()
      return createFileStore({ folder, clock: systemClock, newUid, processes: processes(), onProblem, fs: syncFileSystem })
    },
    async clusterStore(overrides) {
      const { openClusterStore } = await import('./cluster-store.ts')
      return openClusterStore(overrides, await kubeUser(), ({ message }) => void stderr().write(warning(message)))
    },
    async cluster(overrides) {
      const { openCluster } = await import('./cluster-store.ts')
      return openCluster(overrides, await kubeUser())
    },
    async handCluster(overrides) {
      const { handCluster } = await import('./hand-cluster.ts')
      return handCluster(overrides, await kubeUser())
    },
    ...taskProcesses({ execPath: process.execPath, path: process.env['PATH'], kill: process.kill }, lib),
    kill: (pid, signal) => void process.kill(pid, signal),
    async agent(args, how, stop) {
      const { runAgent, startAgent } = await import('./agent-process.ts')
      const start = { process, script: join(lib, 'agent.js'), args }
      return how === 'background' ? startAgent(start, stop) : runAgent(start, how === 'foreground', stop)
    },
  }
}

/** Node makes its streams when they are first asked for, which costs as much as reading 50 files: only who writes asks. */
function outputs(process: NodeJS.Process, onBroken: OnBroken) {
  const open = (name: 'stdout' | 'stderr') => {
    let stream: (NodeJS.WriteStream & { fd: 1 | 2 }) | undefined
    return () => (stream ??= process[name].on('error', onBroken[name]))
  }
  return { stdout: open('stdout'), stderr: open('stderr') }
}

/**
 * The signal that Ctrl-C and its like abort. Only who asks for it takes them over, and only the first: all else ends the
 * process at once, as usual.
 */
function interruption(process: NodeJS.Process): () => AbortSignal {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  let interrupt: AbortController | undefined
  return () => {
    if (interrupt) return interrupt.signal
    const made = (interrupt = new AbortController())
    const onSignal = () => {
      for (const name of names) process.removeListener(name, onSignal)
      made.abort(new Error('interrupted'))
    }
    for (const name of names) process.on(name, onSignal)
    return made.signal
  }
}

function orMissing(source: string, reason: string, find: () => string): string {
  try {
    return find()
  } catch (error) {
    throw fail('FILE_NOT_FOUND', { source, reason }, error)
  }
}

/** Built-in programs lie beside the main file; what the build shares between verbs lies in a folder beside it, too. */
const libFolder = (here: string): string => join(basename(here) === 'cli' ? dirname(here) : here, 'lib')
