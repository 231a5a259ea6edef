import type { Clock } from './clock.ts'
import { CATALOGUE } from './catalogue/index.ts'
import { asProblem, type ErrorCode, fail, isFailure, type Problem, ProductError, reasonOf } from './errors.ts'
import { createNodeRelay, type NodesWork } from './node-relay.ts'
import type { NodeWord } from './node-words.ts'
import { decodeMessages, encodeMessage, FromTask, type TaskRequest, type TaskResults } from './task.ts'
import type { TaskChild } from './task-child.ts'

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

/** More than an honest task says: plug-ins share its process, and its parent is there for others too. */
const MOST_WARNINGS = 10_000
const LONGEST_WARNING = 2_000
const cut = (text: string) => (text.length > LONGEST_WARNING ? `${text.slice(0, LONGEST_WARNING)}…` : text)

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
      if (message.type === 'warning' && outcome.warnings.length < MOST_WARNINGS)
        outcome.warnings.push({ code: cut(message.code), message: cut(message.message) })
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
