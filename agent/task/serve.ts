import type { Clock } from '../../core/clock.ts'
import type { Host, Logger } from '../../core/contract/index.ts'
import { asProblem, fail, type Problem } from '../../core/errors.ts'
import { decodeMessages, type FromTask, type NetworkPolicy, type TaskRequest, type TaskResults, ToTask } from '../../core/task.ts'
import { deliverTask } from '../delivery/deliver.ts'
import { pruneTask } from '../delivery/prune.ts'
import { sweepTask } from './sweep.ts'
import { verifyTask } from '../delivery/verify.ts'
import { loaderEdge } from '../loader/edge.ts'
import { createLoader, type Loader } from '../loader/loader.ts'
import { asError } from '../loader/thrown.ts'
import { createRedactor } from '../redaction/redactor.ts'
import { defaultRules } from '../redaction/rules.ts'
import type { Fetch } from '../specs/fetch-spec.ts'
import { orAbort } from './abortable.ts'
import { analyzeTask } from './analyze.ts'
import { hostTask } from './nodes/host-task.ts'
import { createParent, type Parent } from './parent.ts'
import { inspectTask, pluginsTask } from './inspect.ts'
import { redactTask } from './redact.ts'
import { runTask } from './run.ts'
import { showProblems } from './shown.ts'

/** What the task program is given by its main file. */
export interface TaskEdge {
  input: AsyncIterable<Uint8Array>
  /** one line of NDJSON to the parent */
  say(message: FromTask): void
  libFolder: string
  clock: Clock
  log: Logger
  version: string
  platform: string
  /** the machine, or one whose root is mounted */
  host(signal: AbortSignal, root?: string): Host
  cpuMs(): number
  /** in [0, 1) */
  random(): number
  /** the proxy that the environment asks for; absent = none */
  proxyFor?: ((url: string) => string | undefined) | undefined
  /** resolves once what was said is on its way; none = at once */
  drained?: (() => Promise<void>) | undefined
  /** told each time before third-party code is imported */
  beforeForeignCode(): void
  /** makes all connections of this process pass a policy */
  guardNetwork(policy: NetworkPolicy): void
  /** told each time the parent renews the task's time */
  onRenewed(forMs: number): void
}

type TaskContext = Omit<TaskEdge, 'input' | 'libFolder' | 'beforeForeignCode' | 'guardNetwork' | 'onRenewed'> & {
  loader: Loader
  signal: AbortSignal
  fetch: Fetch
  /** asks the parent for a new bearer token of the cluster; empty = there is none */
  needToken(): Promise<string>
  /** hands an uploader's state to the parent; resolves once that has it for good */
  keepState(value: unknown, signal: AbortSignal): Promise<void>
  /** asks the parent for work on nodes */
  nodes: Parent['nodes']
}
type TaskTable = {
  [Name in TaskRequest['task']]: (
    request: Extract<TaskRequest, { task: Name }>,
    context: TaskContext,
  ) => Promise<TaskResults[Name]>
}

const TASKS: TaskTable = {
  run: runTask,
  deliver: deliverTask,
  prune: pruneTask,
  verify: verifyTask,
  'inspect-spec': inspectTask,
  analyze: analyzeTask,
  redact: redactTask,
  sweep: sweepTask,
  host: hostTask,
  plugins: pluginsTask,
}

/** After a cancel, how long a plug-in that does not care for it is waited for. Less than the parent waits before it kills. */
const CANCEL_MS = 3_000

/**
 * Reads one request, does it, says `done` or `failed`. Returns the exit code; never rejects. A cancel, or the end of input,
 * aborts the work.
 */
export async function serveTask(edge: TaskEdge): Promise<number> {
  const stop = new AbortController()
  try {
    const messages = decodeMessages(edge.input, ToTask)
    const first = await messages.next()
    if (first.done || first.value.type !== 'start') return 1
    const parent = createParent(edge.say)
    const renew = lifeline(stop, edge)
    listen(messages, stop, (message) => {
      parent.answer(message)
      if (message.type === 'alive') renew(message)
    })
    const { request } = first.value
    if ('network' in request && request.network) edge.guardNetwork(request.network)
    const { needToken, keepState, nodes } = parent
    const work = doTask(request, { ...edge, signal: stop.signal, needToken, keepState, nodes })
    const result = await endSoonAfter(stop.signal, edge.clock, work)
    edge.say({ type: 'done', result })
    return 0
  } catch (error) {
    edge.say({ type: 'failed', problem: showFailure(error) })
    return 1
  }
}

/** Waits for a cancel in the background; two are as one. And for answers to what was asked. */
function listen(messages: AsyncIterable<ToTask>, stop: AbortController, onAnswer: (message: ToTask) => void): void {
  const cancelled = (reason: string) => stop.abort(fail('TASK_CANCELLED', { reason }))
  const wait = async () => {
    for await (const message of messages) {
      if (message.type === 'cancel') cancelled(message.reason)
      onAnswer(message)
    }
    cancelled('the parent is gone')
  }
  wait().catch((error: unknown) => stop.abort(error))
}

/** The task's end, which its parent puts off as long as it leads. What was said while this process did not run is older than now. */
function lifeline(stop: AbortController, { clock, onRenewed }: TaskEdge) {
  let waiting: AbortController | undefined
  return ({ forMs, sentAt }: { forMs: number; sentAt: string }) => {
    waiting?.abort()
    waiting = new AbortController()
    const leftMs = forMs - Math.max(0, clock.now().getTime() - Date.parse(sentAt))
    onRenewed(leftMs)
    clock.sleep(leftMs, waiting.signal).then(
      () => stop.abort(fail('TASK_CANCELLED', { reason: 'the agent no longer says that it leads' })),
      () => undefined,
    )
  }
}

async function doTask(
  request: TaskRequest,
  edge: TaskEdge & Pick<TaskContext, 'signal' | 'needToken' | 'keepState' | 'nodes'>,
): Promise<unknown> {
  const edgeOfLoader = loaderEdge(edge.clock, (path) => {
    edge.beforeForeignCode()
    edge.say({ type: 'step', name: `loading ${path}` })
  })
  const loader = createLoader(edge.libFolder, 'pluginFolders' in request ? request.pluginFolders : [], edgeOfLoader)
  const work = TASKS[request.task] as (request: TaskRequest, context: TaskContext) => Promise<unknown>
  return work(request, { ...edge, loader, fetch: (url, init) => fetch(url, init) })
}

/** The work's result, or the signal's reason a while after it aborted: some work hangs in code that does not look at signals. */
function endSoonAfter<Value>(signal: AbortSignal, clock: Clock, work: Promise<Value>): Promise<Value> {
  const late = new AbortController()
  const onAbort = () => void clock.sleep(CANCEL_MS).then(() => late.abort(signal.reason))
  signal.addEventListener('abort', onAbort, { once: true })
  return orAbort(work, late.signal)
}

function showFailure(error: unknown): Problem {
  try {
    return showProblems(createRedactor(defaultRules))(asProblem(asError(error)))
  } catch {
    return asProblem(fail('REDACTION_FAILED', { reason: 'the message of an error could not be redacted' }))
  }
}
