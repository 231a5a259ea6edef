import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/contract/index.ts'
import { asProblem, fail } from '../core/errors.ts'
import { manualRunName } from '../core/names.ts'
import { durationMs, sizeBytes } from '../core/quantity.ts'
import { createPidFile } from '../core/store/claim-file.ts'
import type { ProcessTable } from '../core/store/process-table.ts'
import type { Store } from '../core/store/store.ts'
import { openCache } from './cache/cache.ts'
import { snapshot } from './cache/snapshot.ts'
import type { AgentConfig } from './config.ts'
import type { AgentFolders } from './folders.ts'
import { applyRetention } from './outbox/retention.ts'
import { createOutbox } from './outbox/outbox.ts'
import { createRedactor } from './redaction/redactor.ts'
import { defaultRules } from './redaction/rules.ts'
import { createEngine } from './scheduler/engine.ts'
import { createExecutor, type ExecutorEdge } from './scheduler/executor.ts'
import { recover } from './scheduler/recover.ts'
import { runRef } from './scheduler/runs.ts'
import { createApp } from './server/app.ts'
import { listen } from './server/listen.ts'
import { serverView } from './server/view.ts'
import { writePrivate } from './state-file.ts'
import type { TaskStarter } from './task-process.ts'
import { createMirror } from './watch/mirror.ts'

export interface AgentEdge {
  clock: Clock
  store: Store
  folders: AgentFolders
  processes: ProcessTable
  tasks: TaskStarter
  log: Logger
  config: AgentConfig
  configFile: string
  version: string
  random(): number
  newToken(): string
  usage(): { residentBytes: number; cpuSeconds: number }
}

export interface Agent {
  port: number
  /** takes over what can be changed at run time */
  reload(config: AgentConfig): void
  /** finishes what is at work within a moment, or records what it leaves; then gives everything free */
  stop(reason: string): Promise<void>
}

/** The local store has one tenant. */
const NAMESPACE = ''
/** What is at work when the agent is stopped may end by itself for this long. */
const DRAIN_MS = 10_000
const CACHE_EACH_MS = 1_000

/** Everything that works on the store, without server and loop. */
function assemble(edge: AgentEdge, only?: string) {
  const mirror = createMirror(edge.store, NAMESPACE)
  const redactor = createRedactor(defaultRules)
  const stopping = new AbortController()
  const done = new Set<string>()
  let onDone = (_: string): void => undefined
  const executorEdge: ExecutorEdge = {
    ...edge,
    mirror,
    namespace: NAMESPACE,
    holder: edge.processes.self,
    isAlive: (holder) => edge.processes.isAlive(holder),
    redact: (text) => redactor.text(text),
    only,
    ...settings(edge.config),
    onDone: (job) => {
      done.add(job)
      onDone(job)
    },
  }
  const executor = createExecutor(executorEdge)
  const outbox = createOutbox({ ...executorEdge, random: edge.random, deliverWithinMs: durationMs(edge.config.deliverWithin) })
  const retain = async () => {
    for (const job of done) {
      done.delete(job)
      await applyRetention(executorEdge, job, stopping.signal).catch((error: unknown) =>
        edge.log.warn({ job, problem: asProblem(error) }, 'retention failed'),
      )
    }
  }
  return {
    mirror,
    executorEdge,
    executor,
    outbox,
    retain,
    stopping,
    onJobDone: (listener: (job: string) => void) => void (onDone = listener),
  }
}

const settings = (config: AgentConfig) => ({
  maxConcurrent: config.defaultMaxConcurrent,
  limits: { memoryBytes: config.maxMemoryMB * 2 ** 20, bundleBytes: sizeBytes(config.maxBundleSize) },
})

/** Starts the agent on its store. Throws DAEMON_RUNNING, PORT_TAKEN and what the store throws; after that it goes on whatever happens. */
export async function startAgent(edge: AgentEdge): Promise<Agent> {
  const { folders, clock } = edge
  const startedAt = clock.now()
  await mkdir(folders.state, { recursive: true, mode: 0o700 })
  const pid = await createPidFile({
    path: join(folders.state, 'daemon.pid'),
    processes: edge.processes,
    content: { startedAt: startedAt.toISOString() },
  })
  if ('heldBy' in pid) throw fail('DAEMON_RUNNING', { folder: folders.base, pid: String(pid.heldBy.pid) })
  try {
    const { mirror, executorEdge, executor, outbox, retain, stopping, onJobDone } = assemble(edge)
    const cache = await openCache(join(folders.state, 'cache.json'), clock)
    let cachedAt = -CACHE_EACH_MS
    const engine = createEngine({
      ...executorEdge,
      executor,
      outbox,
      mayStart: true,
      checkIntervalMs: durationMs(edge.config.checkInterval),
      recover: () => recover(executorEdge, folders),
      async afterRound() {
        await retain()
        if (clock.monotonicMs() - cachedAt < CACHE_EACH_MS) return
        cachedAt = clock.monotonicMs()
        cache.data = snapshot(mirror)
        await cache.write().catch((error: unknown) => edge.log.warn({ problem: asProblem(error) }, 'cache not written'))
      },
    })
    onJobDone((job) => engine.wake(job))
    const token = edge.newToken()
    const view = serverView({
      mirror,
      token,
      startedAt,
      version: edge.version,
      usage: edge.usage,
      engine,
      clock,
      metricsEnabled: () => edge.config.metricsEnabled,
    })
    const server = await listen(createApp(view), edge.config.metricsPort, edge.configFile)
    await writePrivate(join(folders.state, 'token'), token)

    await mirror.load()
    // A job that was deleted while nobody looked is seen by its absence.
    for (const job of Object.keys(cache.data.jobs)) engine.wake(job)
    const following = mirror.follow(stopping.signal, (job) => engine.wake(job))
    const looping = engine.run(stopping.signal)
    await writePrivate(
      join(folders.state, 'daemon.json'),
      JSON.stringify({ ...edge.processes.self, port: server.port, startedAt, version: edge.version }),
    )
    edge.log.info({ folder: folders.base, port: server.port, version: edge.version }, 'agent started')

    return {
      port: server.port,
      reload(config) {
        Object.assign(executorEdge, settings(config))
        if (config.metricsPort !== edge.config.metricsPort) edge.log.warn({}, 'a new metricsPort needs a restart')
        edge.log.info({}, 'config reloaded')
        engine.wake('')
      },
      async stop(reason) {
        edge.log.info({ reason, active: [...executor.active] }, 'agent stopping')
        stopping.abort(new Error(reason))
        outbox.cancel(reason)
        const patience = new AbortController()
        await Promise.race([executor.idle(), clock.sleep(DRAIN_MS, patience.signal).catch(() => undefined)])
        patience.abort()
        executor.cancel(reason)
        await Promise.all([executor.idle(), outbox.idle(), looping, following])
        await server.close()
        for (const file of ['daemon.json', 'token']) await rm(join(folders.state, file), { force: true })
        await pid.release()
        edge.log.info({}, 'agent stopped')
      },
    }
  } catch (error) {
    await pid.release()
    throw error
  }
}

/** Does what one request asks for, with no daemon at hand, and ends. Slots are left to a daemon. */
export async function runRequest(edge: AgentEdge, job: string, requestId: string, signal: AbortSignal): Promise<void> {
  const run = manualRunName(job, requestId)
  const { mirror, executorEdge, executor, outbox, retain } = assemble(edge, run)
  const engine = createEngine({
    ...executorEdge,
    executor,
    outbox,
    mayStart: false,
    recover: async () => undefined,
    afterRound: async () => undefined,
  })
  signal.addEventListener('abort', () => executor.cancel('interrupted'), { once: true })
  await mirror.load()
  await engine.round([job])
  await executor.idle()
  await mirror.refresh(runRef(executorEdge, run))
  if (!signal.aborted) outbox.pump()
  await outbox.idle()
  await engine.round([job])
  await retain()
}
