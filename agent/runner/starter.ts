import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import type { Clock } from '../../core/clock.ts'
import { fail, type ProductError, reasonOf } from '../../core/errors.ts'
import { supervise } from '../../core/supervise.ts'
import type { TaskChild } from '../../core/task-child.ts'
import { decodeMessages, type TaskRequest } from '../../core/task.ts'
import { createChildText } from '../task/child-text.ts'
import { type StartOptions, TO_TARGETS, type TaskStarter } from '../task-process.ts'
import { encode, FromRunner, type Spawn } from './messages.ts'
import { remoteChild } from './remote-child.ts'

/** What the agent needs to have its tasks run behind a runner. */
export interface RunnerAccess {
  clock: Clock
  /** the same as long as the runner lives: `agentSecret` */
  secret: string
  /** what tasks that talk to a target get of the environment */
  targetEnv?: Readonly<Record<string, string>>
  /** the runner kills a task that hears nothing from the agent for so long; 15 s */
  aliveMs?: number
}

/** A runner's container that restarts is waited for. */
const PATIENCE_MS = 10_000
const PAUSE_MS = 250
/** How long a runner may take to start a program. */
const START_MS = 10_000
const ALIVE_MS = 15_000

/** Starts a task for each request behind the runner that listens at `socketPath`, with what `createTaskStarter` promises. */
export function createRunnerStarter(socketPath: string, access: RunnerAccess): TaskStarter {
  const { clock } = access
  return {
    async start(request, { onText, ...options }) {
      const texts = onText ? { stdout: createChildText(onText), stderr: createChildText(onText) } : undefined
      const spawn = spawnOf(request, options, access)
      const opened = await openTask(socketPath, spawn, clock, options.signal, (stream, text) =>
        texts?.[stream].push(Buffer.from(text)),
      )
      if ('error' in opened) return { error: opened.error, warnings: [], peakRssBytes: 0 }
      const outcome = await supervise(opened.child, request, { ...options, clock })
      for (const text of Object.values(texts ?? {})) text.end()
      return outcome
    },
  }
}

function spawnOf(request: TaskRequest, options: StartOptions, access: RunnerAccess): Spawn {
  const { memoryBytes, timeoutMs } = options
  return {
    type: 'spawn',
    secret: access.secret,
    heapMb: Math.ceil(memoryBytes / 2 ** 20),
    memoryBytes,
    timeoutMs: Math.ceil(timeoutMs),
    aliveMs: access.aliveMs ?? ALIVE_MS,
    env: TO_TARGETS.has(request.task) ? { ...access.targetEnv } : {},
    ...reachOf(request),
  }
}

/** A task reads plug-ins and what it works on; only a run writes, into its own folder. */
function reachOf(request: TaskRequest): Pick<Spawn, 'read' | 'write'> {
  const read = 'pluginFolders' in request ? request.pluginFolders : []
  if (request.task === 'run') return { read: [...read, request.workFolder], write: [request.workFolder] }
  return { read: request.task === 'deliver' ? [...read, request.bundle.path] : read, write: [] }
}

type Opened = { child: TaskChild } | { error: ProductError }
type OnText = (stream: 'stdout' | 'stderr', text: string) => void

/** A task that is started and waits for its request. A runner that is away is waited for; one that refuses is not asked again. */
async function openTask(
  path: string,
  spawn: Spawn,
  clock: Clock,
  signal: AbortSignal | undefined,
  onText: OnText,
): Promise<Opened> {
  const end = clock.monotonicMs() + PATIENCE_MS
  for (;;) {
    if (signal?.aborted) return { error: fail('TASK_CANCELLED', { reason: reasonOf(signal.reason) }, signal.reason) }
    const socket = connect(path)
    socket.on('error', () => undefined)
    try {
      await once(socket, 'connect')
      return await begin(socket, spawn, clock, onText)
    } catch (error) {
      socket.destroy()
      if (clock.monotonicMs() >= end) return { error: unstarted(`the runner is not there: ${reasonOf(error)}`) }
    }
    await clock.sleep(PAUSE_MS, signal).catch(() => undefined)
  }
}

/** Throws when the runner goes away before it answers: nothing was started then, or was killed before it was given anything. */
async function begin(socket: Socket, spawn: Spawn, clock: Clock, onText: OnText): Promise<Opened> {
  const said = decodeMessages(socket, FromRunner)
  const late = new AbortController()
  clock.sleep(START_MS, late.signal).then(
    () => socket.destroy(new Error(`no answer within ${START_MS / 1000} s`)),
    () => undefined,
  )
  try {
    socket.write(encode(spawn))
    const first = await said.next()
    if (first.done) throw new Error('it closed the connection')
    if (first.value.type === 'refused') {
      socket.destroy()
      return { error: unstarted(`the runner refused: ${first.value.reason}`) }
    }
    const pid = first.value.type === 'started' ? first.value.pid : 0
    return { child: remoteChild(socket, said, { pid, aliveMs: spawn.aliveMs, clock, onText }) }
  } finally {
    late.abort()
  }
}

const unstarted = (how: string) =>
  fail('TASK_INTERRUPTED', {
    how,
    step: 'start',
    remedy: 'see the container "runner" of the agent\'s pod: kubectl logs -c runner',
  })
