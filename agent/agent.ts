import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/contract/index.ts'
import { asProblem, fail } from '../core/errors.ts'
import { manualRunName } from '../core/names.ts'
import { durationMs } from '../core/quantity.ts'
import { createPidFile } from '../core/store/claim-file.ts'
import { catalogued } from '../core/store/file-system.ts'
import type { ProcessTable } from '../core/store/process-table.ts'
import type { Store } from '../core/store/store.ts'
import { assemble, settings, type Works } from './assemble.ts'
import { openCache } from './cache/cache.ts'
import { snapshot } from './cache/snapshot.ts'
import type { AgentConfig } from './config.ts'
import type { AgentFolders } from './folders.ts'
import { createEngine, type Engine } from './scheduler/engine.ts'
import { recover } from './scheduler/recover.ts'
import { runRef } from './scheduler/runs.ts'
import { createApp } from './server/app.ts'
import { listen } from './server/listen.ts'
import { serverView } from './server/view.ts'
import { writePrivate } from './state-file.ts'
import type { TaskStarter } from './task-process.ts'
import { keepFollowing } from './watch/keep-following.ts'

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

/** What is at work when the agent is stopped may end by itself for this long. */
const DRAIN_MS = 10_000
const CACHE_EACH_MS = 1_000

/** Starts the agent on its store. Throws DAEMON_RUNNING, PORT_TAKEN and what the store throws; after that it goes on whatever happens. */
export async function startAgent(edge: AgentEdge): Promise<Agent> {
  const { folders, clock, log } = edge
  const startedAt = clock.now()
  const stopping = new AbortController()
  /** what is to be given free again, last first */
  const held: (() => Promise<unknown>)[] = []
  const release = async () => {
    for (const free of held.toReversed()) await free().catch((error: unknown) => log.warn({ problem: asProblem(error) }, 'not given free'))
  }
  await catalogued(folders.state, mkdir(folders.state, { recursive: true, mode: 0o700 }))
  held.push(await holdPidFile(edge, startedAt))
  try {
    const works = assemble(edge, stopping.signal)
    const { mirror } = works.edge
    let config = edge.config
    const engine = await openEngine(edge, works, () => durationMs(config.checkInterval))
    const token = edge.newToken()
    const view = serverView({
      ...{ mirror, token, startedAt, engine },
      version: edge.version,
      usage: edge.usage,
      metricsEnabled: () => config.metricsEnabled,
    })
    const server = await listen(createApp(view), config.metricsPort, edge.configFile)
    held.push(() => server.close())
    held.push(await holdFile(join(folders.state, 'token'), token))

    await mirror.load()
    const following = keepFollowing(mirror, edge, stopping.signal, (job) => engine.wake(job))
    const looping = engine.run(stopping.signal)
    const daemon = { ...edge.processes.self, port: server.port, startedAt, version: edge.version }
    held.push(await holdFile(join(folders.state, 'daemon.json'), JSON.stringify(daemon)))
    log.info({ folder: folders.base, port: server.port, version: edge.version }, 'agent started')

    return {
      port: server.port,
      reload(changed) {
        Object.assign(works.edge, settings(changed))
        if (changed.metricsPort !== edge.config.metricsPort) log.warn({}, 'a new metricsPort needs a restart')
        config = changed
        log.info({}, 'config reloaded')
        for (const job of mirror.of('job').keys()) engine.wake(job)
      },
      async stop(reason) {
        log.info({ reason, active: [...works.executor.active] }, 'agent stopping')
        stopping.abort(new Error(reason))
        await drain(works, clock, reason)
        await Promise.all([looping, following, works.housekeeping.idle()])
        await release()
        log.info({}, 'agent stopped')
      },
    }
  } catch (error) {
    stopping.abort(error)
    await release()
    throw error
  }
}

async function holdPidFile({ folders, processes }: AgentEdge, startedAt: Date): Promise<() => Promise<void>> {
  const path = join(folders.state, 'daemon.pid')
  const pid = await catalogued(path, createPidFile({ path, processes, content: { startedAt: startedAt.toISOString() } }))
  if ('heldBy' in pid) throw fail('DAEMON_RUNNING', { folder: folders.base, pid: String(pid.heldBy.pid) })
  return () => pid.release()
}

async function holdFile(path: string, text: string): Promise<() => Promise<void>> {
  await catalogued(path, writePrivate(path, text))
  return () => rm(path, { force: true })
}

/** The scheduler's loop, with the cache written after its rounds. */
async function openEngine(edge: AgentEdge, works: Works, checkIntervalMs: () => number): Promise<Engine> {
  const { clock, folders, log } = edge
  const warn = (message: string) => (error: unknown) => log.warn({ problem: asProblem(error) }, message)
  const cache = await openCache(join(folders.state, 'cache.json'), clock, warn('the cache cannot be read; it is made anew'))
  let cachedAtMs = -CACHE_EACH_MS
  const engine = createEngine({
    ...works.edge,
    executor: works.executor,
    outbox: works.outbox,
    mayStart: true,
    get checkIntervalMs() {
      return checkIntervalMs()
    },
    recover: () => recover(works.edge, folders, works.executor.active),
    async afterRound() {
      if (clock.monotonicMs() - cachedAtMs < CACHE_EACH_MS) return
      cachedAtMs = clock.monotonicMs()
      cache.data = snapshot(works.edge.mirror)
      await cache.write().catch(warn('cache not written'))
    },
  })
  works.onDone((job) => engine.wake(job))
  // A job that was deleted while nobody looked is seen by its absence.
  for (const job of Object.keys(cache.data.jobs)) engine.wake(job)
  return engine
}

async function drain({ executor, outbox }: Works, clock: Clock, reason: string): Promise<void> {
  executor.close()
  outbox.cancel(reason)
  const patience = new AbortController()
  await Promise.race([executor.idle(), clock.sleep(DRAIN_MS, patience.signal).catch(() => undefined)])
  patience.abort(new Error('done'))
  executor.cancel(reason)
  await Promise.all([executor.idle(), outbox.idle()])
}

/** Does what one request asks for, with no daemon at hand, and ends. Slots are left to a daemon. */
export async function runRequest(edge: AgentEdge, job: string, requestId: string, signal: AbortSignal): Promise<void> {
  const run = manualRunName(job, requestId)
  const { edge: works, executor, outbox, housekeeping } = assemble(edge, signal, run)
  const engine = createEngine({
    ...works,
    executor,
    outbox,
    mayStart: false,
    checkIntervalMs: 0,
    recover: async () => undefined,
    afterRound: async () => undefined,
  })
  const cancel = () => {
    executor.close()
    executor.cancel('interrupted')
    outbox.cancel('interrupted')
  }
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  await works.mirror.load()
  await engine.round([job])
  await executor.idle()
  await works.mirror.refresh(runRef(works, run))
  // Each target once, one after the other: what fails is tried again by a daemon.
  for (outbox.pump(); outbox.active.size > 0; outbox.pump()) await outbox.idle()
  await engine.round([job])
  await housekeeping.idle()
}
