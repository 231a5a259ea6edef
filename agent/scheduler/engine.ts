import type { Clock } from '../../core/clock.ts'
import { asProblem } from '../../core/errors.ts'
import { record } from '../../core/ledger.ts'
import { jobOf } from '../../core/names.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { MAX_NAP_MS, type SchedulerEdge } from './edge.ts'
import type { Executor } from './executor.ts'
import { viewOf } from './job-view.ts'
import { keep } from './ledger-book.ts'
import { reconcile } from './reconcile.ts'

export interface EngineEdge extends SchedulerEdge {
  executor: Executor
  outbox: Outbox
  /** takes over what dead processes left */
  recover(): Promise<void>
  /** after each round; what takes long is not waited for */
  afterRound(): Promise<void>
  /** no claims of slots: a process that does only what was asked */
  mayStart: boolean
  /** longest pause between two looks at everything */
  checkIntervalMs: number
}

export interface Engine {
  /** works until the signal aborts; what is at work then goes on until `executor` is cancelled */
  run(signal: AbortSignal): Promise<void>
  /** looks at a job soon */
  wake(job: string): void
  /** looks soon whether a run may start: a place came free */
  nudge(): void
  /** one look at the given jobs, without waiting */
  round(jobs: Iterable<string>): Promise<void>
  /** how long ago the last round ended, for readiness; undefined before the first */
  sinceRoundMs(): number | undefined
}

/** A wall clock that moves by more than this against the monotonic one was set by someone. */
const JUMP_MS = 300_000
/** It may go back by this: a clock that is kept right is moved by less. */
const BACK_MS = 1_000
const RETRY_MS = 5_000
/** Jobs of one round, besides those that are due. */
const AT_ONCE = 25

export function createEngine(edge: EngineEdge): Engine {
  const dirty = new Set<string>()
  const wakeAt = new Map<string, number>()
  let bell = new AbortController()
  let roundAtMs: number | undefined
  let lookAtAllMs = 0
  const watchClock = clockWatch(edge.clock)

  const wake = (job: string) => {
    dirty.add(job)
    bell.abort(new Error('woken'))
  }
  const round = async (jobs: Iterable<string>) => {
    for (const job of new Set(jobs)) {
      try {
        // What is at work for a job that was deleted, or was and is another now, has no use any more.
        edge.executor.cancelJob(job, edge.mirror.of('job').get(job)?.uid)
        const { wakeAt: at } = await reconcile(edge, job, edge.mayStart)
        if (at) wakeAt.set(job, at.getTime())
        else wakeAt.delete(job)
      } catch (error) {
        // One job's trouble is its own; it is looked at again soon.
        edge.log.error({ job, problem: asProblem(error) }, 'job could not be looked at')
        wakeAt.set(job, edge.clock.now().getTime() + RETRY_MS)
      }
    }
    await edge.executor.pump()
    edge.outbox.pump()
    await edge.afterRound()
    roundAtMs = edge.clock.monotonicMs()
  }
  const turn = async () => {
    if (edge.clock.monotonicMs() >= lookAtAllMs) {
      await edge.recover()
      for (const job of edge.mirror.of('job').keys()) dirty.add(job)
      // Those of deleted jobs, too: their records end some day.
      for (const page of edge.mirror.of('ledger').keys()) dirty.add(jobOf(page))
      lookAtAllMs = edge.clock.monotonicMs() + edge.checkIntervalMs
    }
    const now = edge.clock.now().getTime()
    const due = [...wakeAt].flatMap(([job, at]) => (at <= now ? [job] : []))
    // What is due goes before what only changed, and soon again: a thousand new jobs take a while to look at.
    const jobs = [...new Set([...due, ...dirty])].slice(0, Math.max(due.length, AT_ONCE))
    for (const job of jobs) dirty.delete(job)
    await round(jobs)
    return dirty.size > 0 ? 0 : nap(edge, wakeAt)
  }
  /** Whether the clock is right now is seen by whether it stays so for a while. */
  const freeze = async (jumpMs: number) => {
    edge.log.warn({ jumpMs }, 'the clock was set: nothing is decided for a moment')
    const at = edge.clock.now().toISOString()
    for (const stored of edge.mirror.of('job').values())
      await keep(edge, viewOf(stored), (page) => record(page, [{ type: 'clock', at, note: `${jumpMs} ms` }])).catch(
        () => undefined,
      )
    lookAtAllMs = 0
    roundAtMs = edge.clock.monotonicMs()
  }

  return {
    wake,
    nudge: () => bell.abort(new Error('woken')),
    round,
    sinceRoundMs: () => (roundAtMs === undefined ? undefined : edge.clock.monotonicMs() - roundAtMs),
    async run(signal) {
      while (!signal.aborted) {
        const jumpMs = watchClock()
        if (jumpMs !== 0) {
          await freeze(jumpMs)
          await edge.clock.sleep(MAX_NAP_MS, signal).catch(() => undefined)
          continue
        }
        bell = new AbortController()
        const napMs = await turn().catch((error: unknown) => {
          edge.log.error({ problem: asProblem(error) }, 'a round was cut short')
          lookAtAllMs = 0
          return RETRY_MS
        })
        await edge.clock.sleep(napMs, AbortSignal.any([signal, bell.signal])).catch(() => undefined)
      }
    },
  }
}

/** Until the next slot or the next delivery, but never longer than one nap: a suspended machine stretches it. */
function nap(edge: EngineEdge, wakeAt: ReadonlyMap<string, number>): number {
  const now = edge.clock.now().getTime()
  let until = now + Math.min(edge.checkIntervalMs, MAX_NAP_MS)
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
    return jump < -BACK_MS || jump > JUMP_MS ? Math.round(jump) : 0
  }
}
