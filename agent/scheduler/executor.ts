import { asProblem, fail, isFailure, reasonOf } from '../../core/errors.ts'
import { type LedgerEntry, record } from '../../core/ledger.ts'
import { jobOf } from '../../core/names.ts'
import { durationMs } from '../../core/quantity.ts'
import { execute, type ExecuteEdge } from './execute.ts'
import { keep } from './ledger-book.ts'
import { viewOf } from './reconcile.ts'
import { allRuns, isSameHolder, type KeptRun, runRef } from './runs.ts'

/** Works off claimed runs, a few at a time. */
export interface Executor {
  /** starts what may start now; call it whenever something changed */
  pump(): Promise<void>
  readonly active: ReadonlySet<string>
  /** resolves when nothing is at work */
  idle(): Promise<void>
  /** ends what is at work; each is recorded as interrupted */
  cancel(reason: string, job?: string): void
}

export interface ExecutorEdge extends ExecuteEdge {
  maxConcurrent: number
  /** only this run is done, whatever else is claimed */
  only?: string | undefined
  onDone(job: string): void
}

export function createExecutor(edge: ExecutorEdge): Executor {
  const active = new Map<string, { job: string; stop: AbortController; done: Promise<void> }>()

  const start = (kept: KeptRun) => {
    const { name, run } = kept
    const stop = new AbortController()
    const work = async () => {
      const stored = edge.mirror.of('job').get(run.job)
      const spec = stored && stored.uid === run.jobUid ? viewOf(stored).plan?.spec : undefined
      if (spec) await execute(edge, name, spec, stop.signal)
      else await edge.store.remove(runRef(edge, name))
    }
    const done = work()
      .catch((error: unknown) => {
        // Deleted, or taken over: whoever did it decides about it.
        const isLost = isFailure(error, 'STORE_GONE', 'STORE_CONFLICT')
        edge.log[isLost ? 'warn' : 'error']({ run: name, problem: asProblem(error) }, isLost ? 'run lost' : 'run not recorded')
      })
      .finally(() => {
        active.delete(name)
        edge.onDone(run.job)
      })
    active.set(name, { job: run.job, stop, done })
  }

  return {
    get active() {
      return new Set(active.keys())
    },
    async pump() {
      const claimed = allRuns(edge).filter(
        ({ name, run }) =>
          run.phase === 'claimed' && isSameHolder(run.holder, edge.holder) && !active.has(name) && (edge.only ?? name) === name,
      )
      const busy = new Set([...active.values()].map(({ job }) => job))
      for (const kept of claimed) {
        const { job } = kept.run
        if (active.size < edge.maxConcurrent && !busy.has(job)) {
          busy.add(job)
          start(kept)
        } else await dropIfTooLate(edge, kept)
      }
    },
    async idle() {
      await Promise.all([...active.values()].map(({ done }) => done))
    },
    cancel(reason, job) {
      for (const one of active.values())
        if (job === undefined || one.job === job) one.stop.abort(fail('TASK_CANCELLED', { reason }))
    },
  }
}

/** A slot that waited for its turn past its deadline is skipped: recorded first, then the claim goes. */
async function dropIfTooLate(edge: ExecutorEdge, { name, stored, run }: KeptRun): Promise<void> {
  const job = edge.mirror.of('job').get(jobOf(name))
  const view = job && viewOf(job)
  if (run.trigger !== 'schedule' || !view?.plan) return
  const now = edge.clock.now()
  if (now.getTime() - Date.parse(run.slot) <= durationMs(view.plan.spec.startingDeadline)) return
  const entry: LedgerEntry = {
    type: 'slots',
    from: run.slot,
    to: run.slot,
    count: 1,
    outcome: 'skipped-capacity',
    at: now.toISOString(),
  }
  try {
    await keep(edge, view, (page) => record(page, [entry], new Date(run.slot)))
    await edge.store.remove(runRef(edge, name), stored.version)
    edge.mirror.drop(stored)
  } catch (error) {
    edge.log.warn({ run: name, reason: reasonOf(error) }, 'a run that waited too long could not be dropped')
  }
}
