import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/contract/index.ts'
import { reasonOf } from '../../core/errors.ts'
import { asTaskChild, type TaskChild, taskSpawn } from '../../core/task-child.ts'
import { confinement } from './confinement.ts'
import type { Connection } from './connection.ts'
import { groupBytes, type ProcessFiles } from './group-memory.ts'
import type { Spawn, ToRunner } from './messages.ts'
import { handOver } from './shared-folder.ts'
import { type TaskLife, watchTask } from './task-life.ts'

/** What the runner is given of its process. */
export interface RunnerEdge {
  clock: Clock
  log: Logger
  files: ProcessFiles
  /** starts a program; throws or tells later that it could not */
  spawn(args: string[], options: ReturnType<typeof taskSpawn>['options']): ChildProcess
  kill(pid: number, signal: 'SIGKILL'): void
  /** holds the task program and the plug-ins that come with it */
  libFolder: string
  taskScript: string
}

/** After a task's end, how long its pipes are read that something holds open. */
const DRAIN_MS = 1_000
/** What a task may leave unread of its input, in bytes. */
const MAX_UNREAD = 64 * 2 ** 20

/** Starts one task and passes on what it and the agent say, until it is gone. Never rejects. */
export async function serveTask(
  request: Spawn,
  said: AsyncIterable<ToRunner>,
  connection: Connection,
  edge: RunnerEdge,
  onStart: (life: TaskLife) => void,
): Promise<void> {
  const { args, options } = taskSpawn({ script: edge.taskScript, path: undefined, heapMb: request.heapMb })
  let program: ChildProcess
  try {
    program = edge.spawn([...confinement(edge.libFolder, request), ...args], {
      ...options,
      env: { ...request.env, ...options.env },
    })
  } catch (error) {
    return connection.close({ type: 'refused', reason: reasonOf(error) })
  }
  const child = asTaskChild(program, { kill: edge.kill, readFile: edge.files.readFile })
  const life = watchTask(child, request, {
    clock: edge.clock,
    residentBytes: () => (child.pid > 0 ? groupBytes(edge.files, child.pid) : Promise.resolve(0)),
    onRss: (bytes) => void connection.say({ type: 'rss', bytes }),
    onForsaken: connection.drop,
  })
  onStart(life)
  edge.log.info({ pid: child.pid }, 'task started')
  void connection.say({ type: 'started', pid: child.pid })
  void obey(said, child, program, life)
  const read = [
    passOn(child.messages, (text) => connection.say({ type: 'message', text })),
    ...(['stdout', 'stderr'] as const).map((stream) =>
      passOn(program[stream], (text) => connection.say({ type: 'text', stream, text })),
    ),
  ]
  const how = await ended(child, edge.clock)
  await Promise.race([Promise.all(read), connection.closed])
  life.over()
  for (const folder of request.write) await handOver(folder)
  edge.log.info({ pid: child.pid, how: life.how(how) }, 'task ended')
  await connection.close({ type: 'exited', how: life.how(how) })
}

/** What the agent says. Its end, or the connection's, is the task's. */
async function obey(said: AsyncIterable<ToRunner>, child: TaskChild, program: ChildProcess, life: TaskLife): Promise<void> {
  try {
    for await (const message of said) {
      life.heard()
      if (message.type === 'stdin') child.send(message.text)
      if (message.type === 'end') child.closeInput()
      if (message.type === 'kill') life.end('as the agent asked')
      if ((program.stdin?.writableLength ?? 0) > MAX_UNREAD) life.end('it does not read its input')
    }
    life.end('the agent is gone')
  } catch (error) {
    life.end(`what the agent said is not understood: ${reasonOf(error)}`)
  }
}

/** As fast as the agent reads. What a pipe still holds when it breaks is lost with it. */
async function passOn(
  stream: Readable | AsyncIterable<Uint8Array | string> | null,
  say: (text: string) => Promise<void>,
): Promise<void> {
  const decoder = new TextDecoder()
  try {
    for await (const chunk of stream ?? []) {
      const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk as Uint8Array, { stream: true })
      if (text !== '') await say(text)
    }
  } catch {
    // closed from outside
  }
}

/** How it ended, once its pipes are at their end too, or a moment later. */
async function ended(child: TaskChild, clock: Clock): Promise<string> {
  const drained = new AbortController()
  const release = async () => {
    await child.exited
    await clock.sleep(DRAIN_MS, drained.signal)
    child.release()
  }
  release().catch(() => undefined)
  const how = await child.ended
  drained.abort()
  return how
}
