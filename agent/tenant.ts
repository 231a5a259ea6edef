import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/contract/index.ts'
import { asProblem } from '../core/errors.ts'
import { durationMs } from '../core/quantity.ts'
import type { Holder, Run } from '../core/run.ts'
import type { Store } from '../core/store/store.ts'
import type { SuperviseOptions } from '../core/supervise.ts'
import { assemble, settings, type Works } from './assemble.ts'
import { openCache } from './cache/cache.ts'
import { snapshot } from './cache/snapshot.ts'
import type { AgentConfig } from './config.ts'
import type { AgentFolders } from './folders.ts'
import type { Outside } from './outside.ts'
import type { Capacity } from './scheduler/capacity.ts'
import { createEngine, type Engine } from './scheduler/engine.ts'
import { recover } from './scheduler/recover.ts'
import type { TaskStarter } from './task-process.ts'
import { keepFollowing } from './watch/keep-following.ts'
import type { Mirror } from './watch/mirror.ts'

/** What is needed to work on one namespace. */
export interface TenantEdge {
  clock: Clock
  store: Store
  /** the local store has one tenant, the empty name */
  namespace: string
  folders: AgentFolders
  /** where the cache of this namespace is kept */
  cacheFile: string
  tasks: TaskStarter
  log: Logger
  config: AgentConfig
  holder: Holder
  isAlive(run: Run): boolean
  outside: Outside
  /** for agents that are elected: see SuperviseOptions */
  renewals?: SuperviseOptions['renewals']
  capacity: Capacity
  random(): number
}

/** One namespace at work: its mirror, its loop, its runs and deliveries. */
export interface Tenant {
  mirror: Mirror
  engine: Engine
  activeRuns(): ReadonlySet<string>
  /** Reads the store and begins to work on it. Throws what the first reading throws; after that it goes on whatever happens. */
  start(): Promise<void>
  reload(config: AgentConfig): void
  /** finishes what is at work within a moment, or records what it leaves */
  stop(reason: string, patienceMs?: number): Promise<void>
}

/** What is at work when a tenant is stopped may end by itself for this long. */
const PATIENCE_MS = 10_000
const CACHE_EACH_MS = 1_000

/** Makes ready to work on a namespace; nothing is read but the cache, and nothing done, before `start`. */
export async function openTenant(edge: TenantEdge): Promise<Tenant> {
  const stopping = new AbortController()
  const works = assemble(edge, stopping.signal)
  const { mirror } = works.edge
  let config = edge.config
  const engine = await openEngine(edge, works, () => durationMs(config.checkInterval))
  let working: Promise<unknown>[] = []
  return {
    mirror,
    engine,
    activeRuns: () => works.executor.active,
    async start() {
      await mirror.load()
      working = [keepFollowing(mirror, edge, stopping.signal, (job) => engine.wake(job)), engine.run(stopping.signal)]
    },
    reload(changed) {
      config = changed
      Object.assign(works.edge, settings(changed))
      for (const job of mirror.of('job').keys()) engine.wake(job)
    },
    async stop(reason, patienceMs = PATIENCE_MS) {
      stopping.abort(new Error(reason))
      await drain(works, edge.clock, reason, patienceMs)
      await Promise.all([...working, works.housekeeping.idle()])
    },
  }
}

/** The scheduler's loop, with the cache written after its rounds. */
async function openEngine(edge: TenantEdge, works: Works, checkIntervalMs: () => number): Promise<Engine> {
  const { clock, log } = edge
  const warn = (message: string) => (error: unknown) => log.warn({ problem: asProblem(error) }, message)
  const cache = await openCache(edge.cacheFile, clock, warn('the cache cannot be read; it is made anew'))
  let cachedAtMs = -CACHE_EACH_MS
  const engine = createEngine({
    ...works.edge,
    executor: works.executor,
    outbox: works.outbox,
    mayStart: true,
    get checkIntervalMs() {
      return checkIntervalMs()
    },
    recover: () => recover(works.edge, edge.folders, works.executor.active),
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

async function drain({ executor, outbox }: Works, clock: Clock, reason: string, patienceMs: number): Promise<void> {
  executor.close()
  outbox.cancel(reason)
  const patience = new AbortController()
  await Promise.race([executor.idle(), clock.sleep(patienceMs, patience.signal).catch(() => undefined)])
  patience.abort(new Error('done'))
  executor.cancel(reason)
  await Promise.all([executor.idle(), outbox.idle()])
}
