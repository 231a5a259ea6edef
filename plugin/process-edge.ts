import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../core/clock.ts'
import { asProblem } from '../core/errors.ts'
import { createProcessTable } from '../core/store/process-table.ts'
import type { CliEdge } from './cli-edge.ts'

/** The real edge. Built-in programs lie in `lib/` beside the main file. */
export function processEdge(process: NodeJS.Process): CliEdge {
  const lib = libFolder(dirname(fileURLToPath(import.meta.url)))
  const interrupt = new AbortController()
  const processes = () =>
    createProcessTable({
      pid: process.pid,
      kill: (pid, signal) => process.kill(pid, signal),
      readFile: (path) => readFileSync(path, 'utf8'),
    })
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTty: process.stderr.isTTY,
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    clock: systemClock,
    nodeVersion: process.version,
    zoneData: process.versions['tz'] ?? 'unknown',
    get signal() {
      // Only who waits for it takes Ctrl-C over; all else ends at once, as usual.
      if (process.listenerCount('SIGINT') === 0) process.once('SIGINT', () => interrupt.abort(new Error('interrupted')))
      return interrupt.signal
    },
    newId: () => randomBytes(5).toString('hex'),
    async readStdin() {
      let text = ''
      for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk
      return text
    },
    processes,
    async fileStore(folder) {
      const { createFileStore } = await import('../core/store/file-store.ts')
      const onProblem = (problem: { message: string; remedy?: string | undefined }) =>
        void process.stderr.write(`warning: ${problem.message}\n`)
      return createFileStore({ folder, clock: systemClock, newUid: randomUUID, processes: processes(), onProblem })
    },
    async task(request, options) {
      const { asTaskChild, supervise, taskSpawn } = await import('../core/supervise.ts')
      const { args, options: spawnOptions } = taskSpawn({ script: join(lib, 'task.js'), path: process.env['PATH'], heapMb: 512 })
      const child = spawn(process.execPath, args, spawnOptions)
      // Free text of plug-ins is not redacted here: it is read, so that the child does not block, and dropped.
      for (const stream of [child.stdout, child.stderr]) stream?.resume()
      const kill = (pid: number, signal: NodeJS.Signals) => process.kill(pid, signal)
      return supervise(asTaskChild(child, { kill, readFile: (path) => readFile(path, 'utf8') }), request, {
        ...options,
        clock: systemClock,
      })
    },
    kill: (pid, signal) => void process.kill(pid, signal),
    agent(args, how) {
      const child = spawn(process.execPath, [join(lib, 'agent.js'), ...args], {
        stdio: ['ignore', how === 'foreground' ? 'inherit' : 'ignore', 'pipe'],
        detached: how === 'background',
        // A small young generation: what an idle agent makes is little, and V8 would let 16 MB of it stand.
        env: { ...process.env, NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --max-semi-space-size=1`.trim() },
      })
      let said = ''
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
      const pid = child.pid ?? 0
      const ended = new Promise<number>((resolve) => {
        child.once('error', (error) => resolve(((said ||= JSON.stringify(asProblem(error))), 1)))
        child.once('close', (code) => resolve(code ?? 1))
      })
      if (how !== 'background') {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
        return ended.then((exitCode) => ({ pid, exitCode, said }))
      }
      const ready = async () => {
        const isReady = () => pid === readyPid(args)
        for (let tries = 0; tries < 300; tries++) {
          if (child.exitCode !== null || child.signalCode !== null) return { pid, exitCode: await ended, said }
          if (isReady()) break
          await systemClock.sleep(50)
        }
        child.stderr?.destroy()
        child.unref()
        return { pid, exitCode: undefined, said }
      }
      return ready()
    },
  }
}

/** Built-in programs lie beside the main file; a shared chunk of the build lies one folder below them. */
const libFolder = (here: string): string => (basename(here) === 'chunks' ? dirname(here) : join(here, 'lib'))

/** The process that has said in `state/daemon.json` that it is ready. */
function readyPid(args: readonly string[]): number | undefined {
  const folder = args[args.indexOf('--folder') + 1] ?? ''
  try {
    return (JSON.parse(readFileSync(join(folder, 'state', 'daemon.json'), 'utf8')) as { pid?: number }).pid
  } catch {
    return undefined
  }
}
