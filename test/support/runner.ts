import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createRunnerStarter, type RunnerAccess } from '../../agent/runner/starter.ts'
import type { TaskStarter } from '../../agent/task-process.ts'
import { systemClock } from '../../core/clock.ts'

/** The built runner program: `npm test` builds it first. */
const RUNNER_SCRIPT = resolve(import.meta.dirname, '../../dist/lib/runner.js')
export const SECRET = 'the secret of the agent of a test, long enough'

export interface RunnerProcess {
  socket: string
  process: ChildProcess
  /** what it said on stderr */
  problems(): string
  starter(change?: Partial<RunnerAccess>): TaskStarter
  stop(): Promise<void>
}

/** Starts the built program, which lets tasks write below `work`. */
export async function startRunner(work: string, options: SpawnOptions & { socket?: string } = {}): Promise<RunnerProcess> {
  if (!existsSync(RUNNER_SCRIPT)) throw new Error(`${RUNNER_SCRIPT} is missing: run "npm run build" first`)
  const { socket: given, ...rest } = options
  const folder = await mkdtemp(join(tmpdir(), 'sbs-runner-'))
  const socket = given ?? join(folder, 'socket')
  const child = spawn(process.execPath, [RUNNER_SCRIPT, '--socket', socket, '--work', work], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { LEAKED: 'of the runner' },
    ...rest,
  })
  let problems = ''
  child.stderr?.on('data', (chunk: Buffer) => void (problems += chunk.toString()))
  const listens = once(child.stdout ?? child, 'data')
  child.stdout?.resume()
  const died = once(child, 'exit').then(() => Promise.reject(new Error(`the runner ended: ${problems}`)))
  died.catch(() => undefined)
  await Promise.race([listens, died])
  return {
    socket,
    process: child,
    problems: () => problems,
    starter: (change = {}) => createRunnerStarter(socket, { clock: systemClock, secret: SECRET, ...change }),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGCONT')
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}
