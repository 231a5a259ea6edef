import { type LedgerPage, sum, type Totals, totals } from '../../core/ledger.ts'
import { jobOf, statusName } from '../../core/names.ts'
import { isActive, type Run } from '../../core/run.ts'
import { decodeStatus } from '../../core/status.ts'
import type { Stored } from '../../core/store/store.ts'
import { openRuns, readLedger } from '../scheduler/ledger-book.ts'
import { type KeptRun, runsOf } from '../scheduler/runs.ts'
import type { Mirror } from '../watch/mirror.ts'
import { type Metric, prometheusText, type Sample } from './prometheus-text.ts'

/** What the process tells of itself. */
export interface SelfUsage {
  startedAt: Date
  residentBytes: number
  cpuSeconds: number
}

/**
 * The Prometheus text, computed from what is recorded: figures survive a restart, and a deleted job's series end with it.
 * Counters come from the ledgers' totals and the runs that are not yet in them. A page that cannot be read is left out.
 */
export function metricsText(mirrors: readonly Mirror[], self: SelfUsage): string {
  const jobs = mirrors.flatMap((mirror) =>
    [...mirror.of('job').values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((job) => factsOf(mirror, job)),
  )
  const each = (sample: (facts: JobFacts) => Sample[] | Sample | undefined): Sample[] =>
    jobs.flatMap((facts) => {
      const found = sample(facts)
      return found === undefined ? [] : isSample(found) ? [found] : found
    })
  const count = (isCounted: (run: Run) => boolean) =>
    jobs.reduce((all, { runs }) => all + runs.filter(({ run }) => isCounted(run)).length, 0)
  return prometheusText([
    gauge('jobs_total', 'Jobs in the store.', [[{}, jobs.length]]),
    gauge('jobs_active', 'Runs claimed or at work.', [[{}, count(isActive)]]),
    counter('executions_total', 'Ended runs by how they ended, those of deleted jobs too.', executions(mirrors)),
    counter('slots_total', 'Slots and runs by outcome.', each(slotsOf)),
    gauge('next_run_timestamp_seconds', 'Next slot of a job.', each(nextOf)),
    gauge('last_success_timestamp_seconds', 'End of the last completed run.', each(lastSuccessOf)),
    gauge('execution_duration_seconds', 'Duration of the last run.', each(durationOf)),
    gauge('bundle_size_bytes', 'Size of the last bundle.', each(sizeOf)),
    gauge('outbox_size', 'Bundles that wait for delivery.', [[{}, count((run) => run.phase === 'delivering')]]),
    gauge('start_time_seconds', 'When this agent started.', [[{}, self.startedAt.getTime() / 1000]]),
    gauge('resident_memory_bytes', 'Resident memory of the agent.', [[{}, self.residentBytes]]),
    counter('cpu_seconds_total', 'CPU time of the agent.', [[{}, self.cpuSeconds]]),
  ])
}

const gauge = (name: string, help: string, samples: Sample[]): Metric => ({ name, type: 'gauge', help, samples })
const counter = (name: string, help: string, samples: Sample[]): Metric => ({ name, type: 'counter', help, samples })
const isSample = (found: Sample[] | Sample): found is Sample => typeof found[1] === 'number'

interface JobFacts {
  /** which job: with its namespace, where there are several */
  labels: Record<string, string>
  outcomes: Totals
  /** oldest slot first */
  runs: KeptRun[]
  nextSlot: string | undefined
}

function factsOf(mirror: Mirror, { name: job, uid, namespace }: Stored): JobFacts {
  const labels: Record<string, string> = namespace ? { namespace, job } : { job }
  const page = readLedger({ mirror }, job)
  const runs = runsOf({ mirror }, job, uid)
  const nextSlot = decodeStatus(mirror.of('status').get(statusName(job))?.text ?? '')?.nextSlots[0]
  return { labels, outcomes: page?.jobUid === uid ? outcomesOf(mirror, page) : outcomesOfRuns(runs), runs, nextSlot }
}

const outcomesOf = (mirror: Mirror, page: LedgerPage): Totals => sum(totals(page), outcomesOfRuns(openRuns({ mirror }, page)))

const outcomesOfRuns = (runs: readonly KeptRun[]): Totals =>
  sum(...runs.map(({ run }) => (run.outcome ? { [run.outcome]: 1 } : {})))

const ENDS = ['completed', 'failed', 'interrupted'] as const

/** Of all jobs that ever were: a counter that goes down when a job is deleted looks like a restart, and sets off alerts. */
function executions(mirrors: readonly Mirror[]): Sample[] {
  const all = sum(
    ...mirrors.flatMap((mirror) => {
      const pages = [...mirror.of('ledger').keys()].flatMap((name) => readLedger({ mirror }, jobOf(name)) ?? [])
      return pages.flatMap((page) => [outcomesOf(mirror, page), page.earlier ?? {}])
    }),
  )
  return ENDS.map((status) => [{ status }, all[status] ?? 0])
}

const slotsOf = ({ labels, outcomes }: JobFacts): Sample[] =>
  Object.entries(outcomes).map(([outcome, slots]): Sample => [{ ...labels, outcome }, slots])

const seconds = (instant: string) => Date.parse(instant) / 1000

const nextOf = ({ labels, nextSlot }: JobFacts): Sample | undefined => (nextSlot ? [labels, seconds(nextSlot)] : undefined)

function lastSuccessOf({ labels, runs }: JobFacts): Sample | undefined {
  const endedAt = runs.findLast(({ run }) => run.outcome === 'completed')?.run.endedAt
  return endedAt ? [labels, seconds(endedAt)] : undefined
}

function durationOf({ labels, runs }: JobFacts): Sample | undefined {
  const last = runs.findLast(({ run }) => run.startedAt && run.endedAt)?.run
  return last?.startedAt && last.endedAt ? [labels, seconds(last.endedAt) - seconds(last.startedAt)] : undefined
}

function sizeOf({ labels, runs }: JobFacts): Sample | undefined {
  const bytes = runs.findLast(({ run }) => run.bundle)?.run.bundle?.bytes
  return bytes === undefined ? undefined : [labels, bytes]
}
