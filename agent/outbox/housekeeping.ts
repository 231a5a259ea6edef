import { asProblem } from '../../core/errors.ts'
import { isSettled } from '../../core/run.ts'
import type { ExecuteEdge } from '../scheduler/execute.ts'
import { runsOf } from '../scheduler/runs.ts'
import { applyRetention } from './retention.ts'

/** Retention after runs, beside the scheduler's loop: a target may take minutes to answer. One job at a time. */
export interface Housekeeping {
  /** looks at a job's bundles soon, if a run of it has ended since the last time */
  look(job: string): void
  idle(): Promise<void>
}

/** Stops between two targets once the signal aborts. */
export function createHousekeeping(edge: ExecuteEdge, signal: AbortSignal): Housekeeping {
  const due = new Set<string>()
  /** by job: the ended runs for which it was done last */
  const done = new Map<string, string>()
  let working: Promise<void> | undefined

  const endedRuns = (job: string) => {
    const uid = edge.mirror.of('job').get(job)?.uid
    return (
      uid &&
      runsOf(edge, job, uid)
        .flatMap(({ name, run }) => (isSettled(run) ? [name] : []))
        .join(' ')
    )
  }
  const work = async () => {
    for (const job of due) {
      due.delete(job)
      const ended = endedRuns(job)
      if (signal.aborted || !ended || done.get(job) === ended) continue
      done.set(job, ended)
      await applyRetention(edge, job, signal).catch((error: unknown) =>
        edge.log.warn({ job, problem: asProblem(error) }, 'retention failed'),
      )
    }
  }
  const begin = () => {
    working ??= work().finally(() => {
      working = undefined
      if (due.size > 0) begin()
    })
  }
  return {
    look(job) {
      due.add(job)
      begin()
    },
    async idle() {
      while (working) await working
    },
  }
}
