import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Clock } from './clock.ts'
import { fail, type Problem, type ProductError, reasonOf } from './errors.ts'
import { decodeMessages, encodeMessage, FromTask, TASK_ENV, type TaskRequest, type TaskResults } from './task.ts'

/** A started task program, as its parent holds it. Made at the edge, from a child process. */
export interface TaskChild {
  pid: number
  /** protocol in; writing to a child that is gone must not throw */
  send(text: string): void
  closeInput(): void
  /** protocol out: fd 3 */
  messages: AsyncIterable<Uint8Array | string>
  kill(signal: 'SIGKILL'): void
  /** resolves once, with how it ended: `exit code 1`, `SIGKILL` */
  ended: Promise<string>
  /** resident bytes now, of the child and what it started; undefined where that cannot be read */
  residentBytes(): Promise<number | undefined>
}

export interface SuperviseOptions {
  clock: Clock
  /** hard end of the child, beyond the task's own deadline */
  timeoutMs: number
  memoryBytes: number
  signal?: AbortSignal
  onMessage?: (message: FromTask) => void
}

export interface TaskOutcome<Result> {
  result?: Result
  error?: ProductError
  warnings: Problem[]
  peakRssBytes: number
}

/** Between the end of input and the kill: time to close what is open and to remove what is half-made. */
const GRACE_MS = 5_000
const WATCH_MS = 250

/**
 * Gives one request to a started task program and waits for its end, whatever it does: a hung or leaking one is killed, a
 * dead one is an error that names the step it died in. Never rejects.
 */
export async function supervise<Name extends TaskRequest['task']>(
  child: TaskChild,
  request: Extract<TaskRequest, { task: Name }>,
  options: SuperviseOptions,
): Promise<TaskOutcome<TaskResults[Name]>> {
  const { clock } = options
  const outcome: TaskOutcome<TaskResults[Name]> = { warnings: [], peakRssBytes: 0 }
  const over = new AbortController()
  let step = 'start'
  let killedFor: ProductError | undefined

  const end = (reason: ProductError) => {
    killedFor ??= reason
    child.kill('SIGKILL')
  }
  const cancel = async (reason: string) => {
    child.send(encodeMessage({ type: 'cancel', reason, graceMs: GRACE_MS }))
    await clock.sleep(GRACE_MS, over.signal)
    end(fail('TASK_CANCELLED', { reason }))
  }
  const onAbort = () => void cancel(reasonOf(options.signal?.reason ?? 'stopped')).catch(() => undefined)
  if (options.signal?.aborted) onAbort()
  options.signal?.addEventListener('abort', onAbort, { once: true })

  const limitTime = async () => {
    for (let left = options.timeoutMs; left > 0; left -= 30_000) await clock.sleep(Math.min(left, 30_000), over.signal)
    end(fail('TASK_TIMED_OUT', { seconds: String(Math.round(options.timeoutMs / 1000)), step }))
  }
  const limitMemory = async () => {
    for (;;) {
      const used = (await child.residentBytes()) ?? 0
      outcome.peakRssBytes = Math.max(outcome.peakRssBytes, used)
      if (used > options.memoryBytes) end(fail('TASK_MEMORY', { used: mib(used), limit: mib(options.memoryBytes), step }))
      await clock.sleep(WATCH_MS, over.signal)
    }
  }
  limitTime().catch(() => undefined)
  limitMemory().catch(() => undefined)

  child.send(encodeMessage({ type: 'start', request }))
  try {
    for await (const message of decodeMessages(child.messages, FromTask)) {
      if (message.type === 'step') step = message.name
      if (message.type === 'warning') outcome.warnings.push({ code: message.code, message: message.message })
      if (message.type === 'failed') outcome.error = toError(message.problem)
      if (message.type === 'done') {
        outcome.result = message.result as TaskResults[Name]
        child.closeInput()
      }
      options.onMessage?.(message)
    }
  } catch (error) {
    end(
      error instanceof Error && 'remedy' in error ? (error as ProductError) : fail('TASK_PROTOCOL', { reason: reasonOf(error) }),
    )
  }
  const how = await child.ended
  over.abort()
  options.signal?.removeEventListener('abort', onAbort)
  if (outcome.result === undefined) {
    outcome.error =
      killedFor ??
      outcome.error ??
      fail('TASK_INTERRUPTED', { how, step, remedy: "see the run's log; the next slot tries again" })
  }
  return outcome
}

/** An error that crossed the protocol: its texts were made on the other side. */
function toError(problem: Problem): ProductError {
  return Object.assign(fail('INTERNAL', { reason: problem.message }), {
    code: problem.code,
    message: problem.message,
    remedy: problem.remedy ?? '',
  })
}

const mib = (bytes: number) => String(Math.round(bytes / 2 ** 20))

/** What a task program is started with: no secrets, and nothing of the parent's environment but where programs are found. */
export function taskSpawn(parent: { script: string | undefined; path: string | undefined; heapMb: number }) {
  return {
    args: parent.script === undefined ? [] : [parent.script],
    options: {
      env: {
        [TASK_ENV]: '1',
        NODE_OPTIONS: `--max-old-space-size=${parent.heapMb}`,
        ...(parent.path ? { PATH: parent.path } : {}),
      },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe', 'pipe'],
      // A group of its own: killing it takes along the commands that collectors started, and Ctrl-C reaches only the parent.
      detached: true,
    },
  }
}

/** Wraps a child process started with `taskSpawn`. `kill` and `readFile` are the parent's. */
export function asTaskChild(
  child: ChildProcess,
  parent: { kill: (pid: number, signal: 'SIGKILL') => void; readFile: (path: string) => Promise<string> },
): TaskChild {
  const pid = child.pid ?? 0
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(reasonOf(error)))
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  // A child that died has closed its input; its end is reported by `ended`.
  child.stdin?.on('error', () => undefined)
  return {
    pid,
    ended,
    messages: child.stdio[3] as Readable,
    send: (text) => void (child.stdin?.writable && child.stdin.write(text)),
    closeInput: () => void child.stdin?.end(),
    kill: (signal) => {
      try {
        if (pid > 0) parent.kill(-pid, signal)
      } catch {
        // already gone
      }
    },
    residentBytes: () => (pid > 0 ? residentBytes(pid, parent.readFile) : Promise.resolve(undefined)),
  }
}

/** Resident memory of a process and its descendants, from /proc; undefined where there is none. */
async function residentBytes(pid: number, readFile: (path: string) => Promise<string>): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`).catch(() => undefined)
  const own = /^VmRSS:\s+([0-9]+) kB/m.exec(status ?? '')?.[1]
  if (own === undefined) return undefined
  const children = await readFile(`/proc/${pid}/task/${pid}/children`).catch(() => '')
  const sizes = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map((child) => residentBytes(Number(child), readFile)),
  )
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), Number(own) * 1024)
}
