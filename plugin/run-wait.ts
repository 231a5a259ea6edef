import { join } from 'node:path'
import { fail } from '../core/errors.ts'
import { manualRunName, requestName } from '../core/names.ts'
import { durationMs } from '../core/quantity.ts'
import { isActive, isSettled, type Run } from '../core/run.ts'
import type { Stored, Store } from '../core/store/store.ts'
import type { CliEdge } from './cli-edge.ts'
import { findDaemon } from './daemon.ts'
import { followLog } from './follow-log.ts'
import { ref } from './jobs.ts'
import type { Progress } from './progress.ts'
import { readView } from './run-view.ts'
import { agentError } from './start-daemon.ts'

export interface Wait {
  edge: CliEdge
  /** of the local store; in a cluster there is none, and neither a log to follow */
  folder: string | undefined
  store: Store
  job: string
  /** of the request, and so of the run */
  id: string
  timeout: string
  progress: Progress
}

export interface Waited {
  run: Run
  stored: Stored
}

const LOOK_EACH_MS = 200
/** a server is asked less often than a file */
const ASK_EACH_MS = 500
/** A daemon that restarts is away for a moment. */
const DAEMON_AWAY_MS = 15_000

/** Has an agent of our own do just this request, and waits for its end. Ctrl-C and the time-out end the run, which is then recorded. */
export async function doHere(wait: Wait & { folder: string }): Promise<Waited> {
  const { edge, folder, job, id, timeout } = wait
  const tooLate = new AbortController()
  const args = ['--folder', folder, '--log-level', 'error', '--job', job, '--request', id]
  const ended = edge.agent(args, 'quiet', AbortSignal.any([edge.signal, tooLate.signal]))
  const over = new AbortController()
  const until = edge.clock.now().getTime() + durationMs(timeout)
  const watching = watchLog(wait, over.signal, () => {
    if (edge.clock.now().getTime() > until) tooLate.abort(new Error('timed out'))
  })
  const { exitCode, said } = await ended.finally(() => over.abort())
  await watching
  const found = await look(wait)
  const what = `run "${manualRunName(job, id)}"`
  if (found && isDone(found.run) && found.run.outcome !== 'interrupted') return found
  if (edge.signal.aborted) throw fail('WAIT_INTERRUPTED', { what, remedy: `it was ended too; see "history ${job}"` })
  if (tooLate.signal.aborted)
    throw fail('WAIT_TIMED_OUT', { what, seconds: secondsOf(timeout), remedy: 'it was ended; give it more time with --timeout' })
  if (found && isDone(found.run)) return found
  if (exitCode !== 0) throw agentError(said, exitCode ?? 1, join(folder, 'logs', 'daemon.log'))
  if (!(await findDaemon(edge, folder))) throw fail('RUN_NOT_FOUND', { name: manualRunName(job, id) })
  // A daemon that was started meanwhile was first.
  return waitForDaemon(wait)
}

/** Waits for a run that a daemon, or the agent of a cluster, does. It goes on whatever happens here. Throws WAIT_INTERRUPTED, WAIT_TIMED_OUT, DAEMON_NOT_RUNNING, RUN_NOT_FOUND. */
export async function waitForDaemon(wait: Wait): Promise<Waited> {
  const { edge, folder, timeout } = wait
  const name = manualRunName(wait.job, wait.id)
  const until = edge.clock.now().getTime() + durationMs(timeout)
  const log = folder === undefined ? undefined : followLog(logOf(folder, wait), (text) => wait.progress.show(`${text} …`))
  const remedy = `it goes on; see "history ${wait.job}"`
  let seenAt = edge.clock.now().getTime()
  for (;;) {
    const found = await look(wait)
    if (found && isDone(found.run)) return found
    if (!found && (await isGone(wait))) throw fail('RUN_NOT_FOUND', { name })
    const now = edge.clock.now().getTime()
    if (edge.signal.aborted) throw fail('WAIT_INTERRUPTED', { what: `run "${name}"`, remedy })
    if (now > until) throw fail('WAIT_TIMED_OUT', { what: `run "${name}"`, seconds: secondsOf(timeout), remedy })
    if (folder !== undefined && !(await findDaemon(edge, folder))) {
      if (now - seenAt > DAEMON_AWAY_MS) throw fail('DAEMON_NOT_RUNNING', { folder })
    } else seenAt = now
    await log?.read()
    await edge.clock.sleep(folder === undefined ? ASK_EACH_MS : LOOK_EACH_MS, edge.signal).catch(() => undefined)
  }
}

async function watchLog(wait: Wait & { folder: string }, over: AbortSignal, onLook: () => void): Promise<void> {
  const log = followLog(logOf(wait.folder, wait), (text) => wait.progress.show(`${text} …`))
  while (!over.aborted) {
    await log.read()
    onLook()
    await wait.edge.clock.sleep(LOOK_EACH_MS, over).catch(() => undefined)
  }
  await log.read()
}

const logOf = (folder: string, { job, id }: Wait) => join(folder, 'logs', 'runs', `${manualRunName(job, id)}.log`)

const secondsOf = (timeout: string) => String(durationMs(timeout) / 1000)

async function look({ store, job, id }: Wait): Promise<Waited | undefined> {
  const stored = await store.get(ref('run', manualRunName(job, id)))
  const run = stored && readView(stored)?.run
  return run && { run, stored }
}

/** Neither asked for any more nor there: its job was deleted. A run is made before its request goes, so that is the order to look in. */
async function isGone(wait: Wait): Promise<boolean> {
  const request = await wait.store.get(ref('request', requestName(wait.job, wait.id)))
  return request === undefined && (await look(wait)) === undefined
}

/** Nothing more to wait for: settled, or collected and every target that is still open has failed once; the rest happens in the background. */
const isDone = (run: Run) =>
  isSettled(run) || (!isActive(run) && run.deliveries.every((delivery) => delivery.state !== 'pending' || delivery.tries > 0))
