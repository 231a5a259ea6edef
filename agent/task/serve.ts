import type { Clock } from '../../core/clock.ts'
import type { Host, Logger } from '../../core/contract/index.ts'
import { asProblem, fail } from '../../core/errors.ts'
import { decodeMessages, type FromTask, type TaskRequest, type TaskResults, ToTask } from '../../core/task.ts'
import { deliverTask } from '../delivery/deliver.ts'
import { pruneTask } from '../delivery/prune.ts'
import { loaderEdge } from '../loader/edge.ts'
import { createLoader, type Loader } from '../loader/loader.ts'
import { createRedactor } from '../redaction/redactor.ts'
import { defaultRules } from '../redaction/rules.ts'
import { inspectTask, pluginsTask } from './inspect.ts'
import { runTask } from './run.ts'

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
  host(signal: AbortSignal): Host
  cpuMs(): number
}

type TaskContext = Omit<TaskEdge, 'input' | 'libFolder'> & { loader: Loader; signal: AbortSignal }
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
  'inspect-spec': inspectTask,
  plugins: pluginsTask,
}

/** Reads one request, does it, says `done` or `failed`. Returns the exit code. A cancel, or the end of input, aborts the work. */
export async function serveTask(edge: TaskEdge): Promise<number> {
  const stop = new AbortController()
  const messages = decodeMessages(edge.input, ToTask)
  const first = await messages.next()
  if (first.done || first.value.type !== 'start') return 1
  const listen = async () => {
    for await (const message of messages)
      if (message.type === 'cancel') stop.abort(fail('TASK_CANCELLED', { reason: message.reason }))
    stop.abort(fail('TASK_CANCELLED', { reason: 'the parent is gone' }))
  }
  listen().catch((error: unknown) => stop.abort(error))
  const { request } = first.value
  try {
    const loader = createLoader(
      edge.libFolder,
      request.pluginFolders,
      loaderEdge((path) => edge.say({ type: 'step', name: `loading ${path}` })),
    )
    const work = TASKS[request.task] as (request: TaskRequest, context: TaskContext) => Promise<unknown>
    edge.say({ type: 'done', result: await work(request, { ...edge, loader, signal: stop.signal }) })
    return 0
  } catch (error) {
    const problem = asProblem(error)
    const redactor = createRedactor(defaultRules)
    edge.say({ type: 'failed', problem: { ...problem, message: redactor.text(problem.message) } })
    return 1
  }
}
