import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Clock } from './clock.ts'
import { CATALOGUE } from './catalogue/index.ts'
import { asProblem, type ErrorCode, fail, isFailure, type Problem, ProductError, reasonOf } from './errors.ts'
import { createNodeRelay, type NodesWork } from './node-relay.ts'
import type { NodeWord } from './node-words.ts'
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
  /** resolves when the process is gone; its pipes may still hold something, or be held open by what it started */
  exited: Promise<void>
  /** resolves once all was read, with how it ended: `exit code 1`, `SIGKILL` */
  ended: Promise<string>
  /** gives up the pipes of a child that is gone */
  release(): void
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
  /** gives a new bearer token for the task's cluster, once the server refused the last one; empty = there is none */
  onNeedToken?: () => Promise<string>
  /** keeps an uploader's state for good, in the order of the calls: it goes on after that; without it nothing is kept */
  onState?: (value: unknown) => Promise<void>
  /** works on the nodes of the cluster for a run that wants some; it is ended with the run */
  onNodes?: NodesWork
  /** for a `host` task: takes what it says, one after the other */
  onNodeWord?: (word: NodeWord) => Promise<void>
  /** longest line of the child, in characters; default 8 Mi */
  maxLine?: number
  /**
   * For a parent that must not go on once it leads no more: calls `renew` at once and whenever it is sure for longer, with for
   * how long from now. The task ends by itself when that time is over. Gives a function that ends the calls.
   */
  renewals?: (renew: (forMs: number) => void) => () => void
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
/** Between a child's exit and the end of its pipes: what it left behind may hold them open for ever. */
const DRAIN_MS = 1_000

/**
 * Gives one request to a started task program and waits for its end, whatever it does: a hung or leaking one is killed, a
 * dead one is an error that names the step it died in. Never rejects.
 */
export async function supervise<Name extends TaskRequest['task']>(
  child: TaskChild,
  request: Extract<TaskRequest, { task: Name }>,
  options: SuperviseOptions,
): Promise<TaskOutcome<TaskResults[Name]>> {
  const outcome: TaskOutcome<TaskResults[Name]> = { warnings: [], peakRssBytes: 0 }
  const life = watchLife(child, options, outcome)
  const nodes = createNodeRelay((message) => child.send(encodeMessage(message)), options.onNodes)
  try {
    if (!options.signal?.aborted) life.begin(encodeMessage({ type: 'start', request }))
    for await (const message of decodeMessages(child.messages, FromTask, options.maxLine)) {
      nodes.take(message)
      if (message.type === 'step') life.step = message.name
      if (message.type === 'need-token') void answerToken(child, options, outcome)
      if (message.type === 'state') void answerState(child, options, message)
      if (message.type === 'node') await options.onNodeWord?.(message.word)
      if (message.type === 'warning') outcome.warnings.push({ code: message.code, message: message.message })
      const isFinal = message.type === 'done' || message.type === 'failed'
      if (isFinal && outcome.result === undefined && outcome.error === undefined) {
        if (message.type === 'done') outcome.result = message.result as TaskResults[Name]
        else outcome.error = toError(message.problem)
        life.closing()
      }
      options.onMessage?.(message)
    }
  } catch (error) {
    life.end(error instanceof ProductError ? error : fail('TASK_PROTOCOL', { reason: reasonOf(error) }))
  }
  const [how] = await Promise.all([child.ended, nodes.stop()])
  await life.over()
  if (outcome.result === undefined) outcome.error = life.reason(how, outcome.error)
  return outcome
}

/** A token that cannot be had is told as a warning; the task then ends with what the server said. */
async function answerToken(
  child: TaskChild,
  { onNeedToken = () => Promise.resolve('') }: SuperviseOptions,
  outcome: { warnings: Problem[] },
): Promise<void> {
  const token = await onNeedToken().catch((error: unknown) => {
    outcome.warnings.push(asProblem(error))
    return ''
  })
  child.send(encodeMessage({ type: 'token', token }))
}

/** Kept before it is answered: what the task does next may be seen by others, and must be known to have begun. */
async function answerState(
  child: TaskChild,
  { onState }: SuperviseOptions,
  { id, value }: Extract<FromTask, { type: 'state' }>,
): Promise<void> {
  try {
    await onState?.(value)
    child.send(encodeMessage({ type: 'kept', id }))
  } catch (error) {
    child.send(encodeMessage({ type: 'kept', id, problem: asProblem(error) }))
  }
}

/** Holds a child to its limits of time and memory, and to a cancel, until `over`. */
function watchLife(child: TaskChild, options: SuperviseOptions, outcome: { peakRssBytes: number }) {
  const { clock, timeoutMs, memoryBytes, signal } = options
  const over = new AbortController()
  let killedFor: ProductError | undefined
  let cancelledFor: ProductError | undefined
  let endRenewals: (() => void) | undefined
  const end = (reason: ProductError | undefined) => {
    killedFor ??= reason
    child.kill('SIGKILL')
  }
  const look = async () => {
    const used = (await child.residentBytes()) ?? 0
    outcome.peakRssBytes = Math.max(outcome.peakRssBytes, used)
    if (used > memoryBytes) end(fail('TASK_MEMORY', { used: mib(used), limit: mib(memoryBytes), step: life.step }))
  }
  /** Work for as long as the child lives: it ends by the abort of its sleep. */
  const meanwhile = (work: () => Promise<void>) => void work().catch(() => undefined)
  const sleep = (ms: number) => clock.sleep(ms, over.signal)
  const life = {
    /** what the child is doing, as it said */
    step: 'start',
    end,
    begin(start: string) {
      child.send(start)
      endRenewals = options.renewals?.((forMs) =>
        child.send(encodeMessage({ type: 'alive', forMs, sentAt: clock.now().toISOString() })),
      )
    },
    /** It said its last word, and is given a moment to end by itself. */
    closing() {
      child.closeInput()
      meanwhile(async () => (await sleep(GRACE_MS), end(undefined)))
    },
    async over() {
      over.abort()
      endRenewals?.()
      signal?.removeEventListener('abort', onAbort)
      // A runner kills by itself, and tells the last figure: that was the reason.
      await look()
    },
    reason: (how: string, said: ProductError | undefined) =>
      killedFor ??
      said ??
      cancelledFor ??
      fail('TASK_INTERRUPTED', { how, step: life.step, remedy: "see the run's log; the next slot tries again" }),
  }
  const onAbort = () => {
    const reason = isFailure(signal?.reason, 'TASK_CANCELLED') ? signal.reason.fields['reason'] : undefined
    cancelledFor = fail('TASK_CANCELLED', { reason: reason ?? reasonOf(signal?.reason ?? 'stopped') })
    child.send(encodeMessage({ type: 'cancel', reason: cancelledFor.fields['reason'] ?? '', graceMs: GRACE_MS }))
    meanwhile(async () => (await sleep(GRACE_MS), end(cancelledFor)))
  }
  if (signal?.aborted) {
    onAbort()
    end(cancelledFor)
  }
  signal?.addEventListener('abort', onAbort, { once: true })

  meanwhile(async () => {
    for (let left = timeoutMs; left > 0; left -= 30_000) await sleep(Math.min(left, 30_000))
    end(fail('TASK_TIMED_OUT', { seconds: String(Math.round(timeoutMs / 1000)), step: life.step }))
  })
  meanwhile(async () => {
    for (;;) {
      await look()
      await sleep(WATCH_MS)
    }
  })
  meanwhile(async () => {
    await child.exited
    await sleep(DRAIN_MS)
    child.release()
  })
  return life
}

/** An error that crossed the protocol: its texts were made on the other side, how it is treated stands in our table. */
function toError({ code, message, remedy = '' }: Problem): ProductError {
  const { exit, class: treatment } = CATALOGUE[isErrorCode(code) ? code : 'INTERNAL']
  return Object.assign(fail('INTERNAL', { reason: message }), { code, message, remedy, exitCode: exit, class: treatment })
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(CATALOGUE, code)

const mib = (bytes: number) => String(Math.round(bytes / 2 ** 20))

/** What a task makes mostly lives for a moment: a quarter of the usual room for it costs no time and saves a fourth of its memory. */
const YOUNG_MB = 4

/** What a task program is started with: no secrets, and nothing of the parent's environment but where programs are found. */
export function taskSpawn(parent: { script: string | undefined; path: string | undefined; heapMb: number }) {
  return {
    args: parent.script === undefined ? [] : [parent.script],
    options: {
      env: {
        [TASK_ENV]: '1',
        NODE_OPTIONS: `--max-old-space-size=${parent.heapMb} --max-semi-space-size=${YOUNG_MB}`,
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
  const kill = (signal: 'SIGKILL') => {
    try {
      if (pid > 0) parent.kill(-pid, signal)
    } catch {
      // already gone
    }
  }
  const failed = new Promise<string>((resolve) => child.on('error', (error) => resolve(reasonOf(error))))
  const closed = new Promise<string>((resolve) => child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`)))
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      // Commands of collectors that outlived it are still in its group.
      kill('SIGKILL')
      resolve()
    })
  })
  // A child that died has closed its input; its end is reported by `ended`.
  child.stdin?.on('error', () => undefined)
  return {
    pid,
    exited,
    ended: Promise.race([failed, closed]),
    // Without pipes the process was never started, which `ended` tells.
    messages: (child.stdio?.[3] as Readable | null | undefined) ?? noMessages(),
    send: (text) => void (child.stdin?.writable && child.stdin.write(text)),
    closeInput: () => void child.stdin?.end(),
    kill,
    release: () => child.stdio.forEach((stream) => stream?.destroy()),
    residentBytes: () => (pid > 0 ? residentBytes(pid, parent.readFile) : Promise.resolve(undefined)),
  }
}

async function* noMessages(): AsyncGenerator<Uint8Array> {}

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
