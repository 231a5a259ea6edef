import { asProblem, fail, isFailure } from '../../core/errors.ts'
import { isRecorded } from '../../core/ledger.ts'
import { durationMs } from '../../core/quantity.ts'
import { endRun, isSameHolder, type Outcome } from '../../core/run.ts'
import type { Capacity } from './capacity.ts'
import { retire } from './compact.ts'
import { execute, type ExecuteEdge } from './execute.ts'
import { viewOf } from './job-view.ts'
import { readLedger } from './ledger-book.ts'
import { allRuns, insistOn, type KeptRun } from './runs.ts'
import { slotEntry } from './slots-entry.ts'

/** Works off claimed runs, a few at a time. */
export interface Executor {
  /** starts what may start now; call it whenever something changed */
  pump(): Promise<void>
  readonly active: ReadonlySet<string>
  /** resolves when nothing is at work */
  idle(): Promise<void>
  /** starts nothing any more */
  close(): void
  /** ends what is at work; each is recorded as interrupted */
  cancel(reason: string): void
  /** ends what is at work for a job that is gone: `uid` is of the one that has its name now */
  cancelJob(job: string, uid: string | undefined): void
}

export interface ExecutorEdge extends ExecuteEdge {
  /** places for runs, shared with all that work beside this one */
  capacity: Capacity
  onDone(job: string): void
}

interface Active {
  kept: KeptRun
  stop: AbortController
  done: Promise<void>
}

export function createExecutor(edge: ExecutorEdge): Executor {
  const active = new Map<string, Active>()
  let isClosed = false

  const start = (kept: KeptRun, release: () => void) => {
    const { name, run } = kept
    const stop = new AbortController()
    const done = work(edge, kept, stop.signal)
      .catch(async (error: unknown) => {
        // Deleted, or taken over: whoever did it decides about it.
        const isLost = isFailure(error, 'STORE_GONE', 'STORE_CONFLICT')
        edge.log[isLost ? 'warn' : 'error']({ run: name, problem: asProblem(error) }, isLost ? 'run lost' : 'run not recorded')
        // What is gone from the store must not count as at work here.
        if (isLost) await edge.mirror.refresh(kept.stored).catch(() => undefined)
      })
      .finally(() => {
        active.delete(name)
        release()
        edge.onDone(run.job)
      })
    active.set(name, { kept, stop, done })
  }
  const abort = (one: Active, reason: string) => one.stop.abort(fail('TASK_CANCELLED', { reason }))

  return {
    get active() {
      return new Set(active.keys())
    },
    async pump() {
      const claimed = allRuns(edge).filter(
        ({ name, run }) =>
          run.phase === 'claimed' && isSameHolder(run.holder, edge.holder) && !active.has(name) && (edge.only ?? name) === name,
      )
      const busy = new Set([...active.values()].map(({ kept }) => kept.run.job))
      for (const kept of claimed) {
        const { job } = kept.run
        const release = busy.has(job) || isClosed ? undefined : edge.capacity.take(edge.namespace)
        const isDropped = await dropIfTooLate(edge, kept, release ? 'skipped-late' : 'skipped-capacity')
        if (isDropped || isClosed) release?.()
        else if (release) {
          busy.add(job)
          start(kept, release)
        }
      }
      if (claimed.every(({ name }) => active.has(name))) edge.capacity.rest(edge.namespace)
    },
    async idle() {
      await Promise.all([...active.values()].map(({ done }) => done))
    },
    close: () => void (isClosed = true),
    cancel(reason) {
      for (const one of active.values()) abort(one, reason)
    },
    cancelJob(job, uid) {
      for (const one of active.values())
        if (one.kept.run.job === job && one.kept.run.jobUid !== uid) abort(one, 'the job was deleted')
    },
  }
}

/** What the job says now counts, not what it said when the slot was claimed. */
async function work(edge: ExecutorEdge, kept: KeptRun, signal: AbortSignal): Promise<void> {
  const stored = edge.mirror.of('job').get(kept.run.job)
  if (!stored || stored.uid !== kept.run.jobUid) {
    await edge.store.remove(kept.stored, kept.stored.version)
    return edge.mirror.drop(kept.stored)
  }
  const { plan, invalid } = viewOf(stored)
  if (plan) await execute(edge, kept, plan.spec, signal)
  else await insistOn(edge, kept, signal, (run) => endRun(run, 'failed', edge.clock.now(), invalid))
}

/**
 * A slot that waited for its turn past its deadline, or for somebody to take it over, is skipped: recorded first, then the
 * claim goes. True when the run is not to be started.
 */
async function dropIfTooLate(edge: ExecutorEdge, kept: KeptRun, outcome: Outcome): Promise<boolean> {
  const { name, run } = kept
  const stored = edge.mirror.of('job').get(run.job)
  if (!stored || stored.uid !== run.jobUid) return false
  const view = viewOf(stored)
  const page = readLedger(edge, run.job)
  const now = edge.clock.now()
  const lateMs = now.getTime() - Date.parse(run.slot)
  const isTooLate = run.trigger === 'schedule' && view.plan && lateMs > durationMs(view.plan.spec.startingDeadline)
  if (!isTooLate && !(page && isRecorded(page, name))) return false
  try {
    await retire(edge, view, [kept], () => slotEntry(new Date(run.slot), outcome, now, { lateMs }))
    edge.log.warn({ run: name, outcome }, 'claimed slot skipped')
  } catch (error) {
    edge.log.warn({ run: name, problem: asProblem(error) }, 'a run that waited too long could not be dropped')
  }
  return true
}
