import { asProblem, fail } from '../../core/errors.ts'
import { isSameHolder, type Run } from '../../core/run.ts'
import { allRuns, type KeptRun } from '../scheduler/runs.ts'
import { type DeliverEdge, deliverOnce } from './deliver-once.ts'

/** Delivers finished bundles: first try and hundredth are the same task. */
export interface Outbox {
  /** starts what is due; returns when the next try is */
  pump(): Date | undefined
  /** runs of which a target is being tried */
  readonly active: ReadonlySet<string>
  idle(): Promise<void>
  /** starts nothing any more, and ends what is under way */
  cancel(reason: string): void
}

export interface OutboxEdge extends DeliverEdge {
  onDone(job: string): void
}

const AT_ONCE = 2
/** After a try whose end could not be recorded: it would be due at once, and again, for ever. */
const UNRECORDED_MS = 30_000

export function createOutbox(edge: OutboxEdge): Outbox {
  const active = new Map<string, { stop: AbortController; done: Promise<void> }>()
  const notBefore = new Map<string, number>()
  let isClosed = false

  const start = (kept: KeptRun, index: number) => {
    const { name, run } = kept
    const stop = new AbortController()
    notBefore.delete(name)
    const done = deliverOnce(edge, kept, index, stop.signal)
      .catch((error: unknown) => {
        notBefore.set(name, edge.clock.now().getTime() + UNRECORDED_MS)
        edge.log.warn({ run: name, problem: asProblem(error) }, 'delivery not recorded')
      })
      .finally(() => {
        active.delete(name)
        edge.onDone(run.job)
      })
    active.set(name, { stop, done })
  }
  const isMine = ({ name, run }: KeptRun) =>
    run.phase === 'delivering' && isSameHolder(run.holder, edge.holder) && !active.has(name) && (edge.only ?? name) === name

  return {
    pump() {
      const now = edge.clock.now().getTime()
      let next = Infinity
      for (const kept of allRuns(edge).filter(isMine)) {
        const { index, at } = nextTry(kept.run, now)
        const dueAt = Math.max(at, notBefore.get(kept.name) ?? 0)
        if (dueAt > now) next = Math.min(next, dueAt)
        else if (active.size < AT_ONCE && !isClosed) start(kept, index)
      }
      return next === Infinity ? undefined : new Date(next)
    },
    get active() {
      return new Set(active.keys())
    },
    async idle() {
      await Promise.all([...active.values()].map(({ done }) => done))
    },
    cancel(reason) {
      isClosed = true
      for (const { stop } of active.values()) stop.abort(fail('TASK_CANCELLED', { reason }))
    },
  }
}

/** One target of a run at a time, in the job's order, but none waits for another's pause. -1 when all have settled. */
function nextTry(run: Run, now: number): { index: number; at: number } {
  const tries = run.deliveries.flatMap(({ state, nextTryAt }, index) =>
    state === 'pending' ? [{ index, at: nextTryAt === undefined ? now : Date.parse(nextTryAt) }] : [],
  )
  const due = tries.find(({ at }) => at <= now)
  return due ?? tries.toSorted((a, b) => a.at - b.at)[0] ?? { index: -1, at: now }
}
