import type { Clock } from '../../core/clock.ts'
import { asProblem } from '../../core/errors.ts'
import { record } from '../../core/ledger.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { MAX_NAP_MS, type SchedulerEdge } from './edge.ts'
import type { Executor } from './executor.ts'
import { keep } from './ledger-book.ts'
import { reconcile, viewOf } from './reconcile.ts'

export interface EngineEdge extends SchedulerEdge {
  executor: Executor
  outbox: Outbox
  /** takes over what dead processes left */
  recover(): Promise<void>
  /** after each round: caches, retention */
  afterRound(jobs: ReadonlySet<string>): Promise<void>
  /** no claims of slots: a process that does only what was asked */
  mayStart: boolean
  checkIntervalMs?: number | undefined
}

export interface Engine {
  /** works until the signal aborts; what is at work then goes on until `executor` is cancelled */
  run(signal: AbortSignal): Promise<void>
  /** looks at a job soon */
  wake(job: string): void
  /** one look at the given jobs, without waiting */
  round(jobs: Iterable<string>): Promise<void>
  /** when the last round ended, for readiness */
  readonly lastRoundAt: Date | undefined
}

/** A wall clock that moves by more than this against the monotonic one was set by someone. */
const JUMP_MS = 300_000
const RETRY_MS = 5_000

export function createEngine(edge: EngineEdge): Engine {
  const dirty = new Set<string>()
  const wakeAt = new Map<string, number>()
  let bell = new AbortController()
  let lastRoundAt: Date | undefined
  const watchClock = clockWatch(edge.clock)

  const wake = (job: string) => {
    dirty.add(job)
    bell.abort(new Error('woken'))
  }
  const round = async (jobs: Iterable<string>) => {
    const seen = new Set(jobs)
    for (const job of seen) {
      try {
        const { wakeAt: at } = await reconcile(edge, job, edge.mayStart)
        if (at) wakeAt.set(job, at.getTime())
        else wakeAt.delete(job)
        // A job that was deleted has no use for its bundle.
        if (!edge.mirror.of('job').has(job)) edge.executor.cancel('the job was deleted', job)
      } catch (error) {
        // One job's trouble is its own; it is looked at again soon.
        edge.log.error({ job, problem: asProblem(error) }, 'job could not be looked at')
        wakeAt.set(job, edge.clock.now().getTime() + RETRY_MS)
      }
    }
    await edge.executor.pump()
    edge.outbox.pump()
    await edge.afterRound(seen)
    lastRoundAt = edge.clock.now()
  }
  const freeze = async (jumpMs: number) => {
    edge.log.warn({ jumpMs }, 'the clock was set: no decisions for one round')
    const at = edge.clock.now().toISOString()
    for (const stored of edge.mirror.of('job').values())
      await keep(edge, viewOf(stored), (page) => record(page, [{ type: 'clock', at, note: `${jumpMs} ms` }])).catch(
        () => undefined,
      )
  }

  return {
    wake,
    round,
    get lastRoundAt() {
      return lastRoundAt
    },
    async run(signal) {
      let lookAtAll = 0
      while (!signal.aborted) {
        bell = new AbortController()
        const jumpMs = watchClock()
        if (jumpMs !== 0) await freeze(jumpMs)
        else {
          const now = edge.clock.now().getTime()
          if (edge.clock.monotonicMs() >= lookAtAll) {
            await edge
              .recover()
              .catch((error: unknown) => edge.log.error({ problem: asProblem(error) }, 'left-over runs could not be taken over'))
            for (const job of edge.mirror.of('job').keys()) dirty.add(job)
            lookAtAll = edge.clock.monotonicMs() + (edge.checkIntervalMs ?? MAX_NAP_MS)
          }
          for (const [job, at] of wakeAt) if (at <= now) dirty.add(job)
          const jobs = [...dirty]
          dirty.clear()
          await round(jobs)
        }
        const napMs = dirty.size > 0 ? 0 : nap(edge, wakeAt)
        await edge.clock.sleep(napMs, AbortSignal.any([signal, bell.signal])).catch(() => undefined)
      }
    },
  }
}

/** Until the next slot or the next delivery, but never longer than one nap. */
function nap(edge: EngineEdge, wakeAt: ReadonlyMap<string, number>): number {
  const now = edge.clock.now().getTime()
  let until = now + (edge.checkIntervalMs ?? MAX_NAP_MS)
  for (const at of wakeAt.values()) until = Math.min(until, at)
  const delivery = edge.outbox.pump()
  return Math.max(0, Math.min(until, delivery?.getTime() ?? until) - now)
}

/** Tells by how much the wall clock was set since the last call; 0 when it only ran. */
function clockWatch(clock: Clock): () => number {
  let wall = clock.now().getTime()
  let monotonic = clock.monotonicMs()
  return () => {
    const jump = clock.now().getTime() - wall - (clock.monotonicMs() - monotonic)
    wall = clock.now().getTime()
    monotonic = clock.monotonicMs()
    return jump < -1000 || jump > JUMP_MS ? Math.round(jump) : 0
  }
}
