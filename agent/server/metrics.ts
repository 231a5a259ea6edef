import { totals } from '../../core/ledger.ts'
import { isActive } from '../../core/run.ts'
import { decodeStatus } from '../../core/status.ts'
import { statusName } from '../../core/names.ts'
import { readLedger } from '../scheduler/ledger-book.ts'
import { allRuns } from '../scheduler/runs.ts'
import type { Mirror } from '../watch/mirror.ts'

type Sample = [labels: Record<string, string>, value: number]
interface Metric {
  name: string
  type: 'gauge' | 'counter'
  help: string
  samples: Sample[]
}

const PREFIX = 'troubleshoot_scheduler_'

/**
 * The Prometheus text, computed from what is recorded: figures survive a restart, and a deleted job's series end with it.
 * Counters come from the ledgers' totals and the runs that are not yet in them.
 */
export function metricsText(mirror: Mirror, self: { startedAt: Date; residentBytes: number; cpuSeconds: number }): string {
  const jobs = [...mirror.of('job').values()].toSorted((a, b) => a.name.localeCompare(b.name))
  const runs = allRuns({ mirror })
  const executions = new Map<string, number>()
  const slots: Sample[] = []
  const next: Sample[] = []
  const lastSuccess: Sample[] = []
  const duration: Sample[] = []
  const size: Sample[] = []
  for (const { name: job, uid } of jobs) {
    const outcomes = totalsOf(mirror, job)
    for (const { run } of runs)
      if (run.job === job && run.jobUid === uid && run.outcome) outcomes[run.outcome] = (outcomes[run.outcome] ?? 0) + 1
    for (const [outcome, count] of Object.entries(outcomes)) {
      slots.push([{ job, outcome }, count])
      if (['completed', 'failed', 'interrupted'].includes(outcome))
        executions.set(outcome, (executions.get(outcome) ?? 0) + count)
    }
    const status = decodeStatus(mirror.of('status').get(statusName(job))?.text ?? '')
    if (status?.nextSlots[0]) next.push([{ job }, Date.parse(status.nextSlots[0]) / 1000])
    const own = runs.filter(({ run }) => run.job === job && run.jobUid === uid)
    const good = own.findLast(({ run }) => run.outcome === 'completed')?.run
    if (good?.endedAt) lastSuccess.push([{ job }, Date.parse(good.endedAt) / 1000])
    const last = own.findLast(({ run }) => run.startedAt && run.endedAt)?.run
    if (last?.startedAt && last.endedAt) duration.push([{ job }, (Date.parse(last.endedAt) - Date.parse(last.startedAt)) / 1000])
    if (last?.bundle) size.push([{ job }, last.bundle.bytes])
  }
  const statuses = new Map([['completed', 0], ['failed', 0], ['interrupted', 0], ...executions])
  const metrics: Metric[] = [
    { name: 'jobs_total', type: 'gauge', help: 'Jobs in the store.', samples: [[{}, jobs.length]] },
    {
      name: 'jobs_active',
      type: 'gauge',
      help: 'Runs claimed or at work.',
      samples: [[{}, runs.filter(({ run }) => isActive(run)).length]],
    },
    {
      name: 'executions_total',
      type: 'counter',
      help: 'Ended runs by how they ended.',
      samples: [...statuses].map(([status, count]) => [{ status }, count]),
    },
    { name: 'slots_total', type: 'counter', help: 'Slots and runs by outcome.', samples: slots },
    { name: 'next_run_timestamp_seconds', type: 'gauge', help: 'Next slot of a job.', samples: next },
    { name: 'last_success_timestamp_seconds', type: 'gauge', help: 'End of the last completed run.', samples: lastSuccess },
    { name: 'execution_duration_seconds', type: 'gauge', help: 'Duration of the last run.', samples: duration },
    { name: 'bundle_size_bytes', type: 'gauge', help: 'Size of the last bundle.', samples: size },
    {
      name: 'outbox_size',
      type: 'gauge',
      help: 'Bundles that wait for delivery.',
      samples: [[{}, runs.filter(({ run }) => run.phase === 'delivering').length]],
    },
    {
      name: 'start_time_seconds',
      type: 'gauge',
      help: 'When this agent started.',
      samples: [[{}, self.startedAt.getTime() / 1000]],
    },
    {
      name: 'resident_memory_bytes',
      type: 'gauge',
      help: 'Resident memory of the agent.',
      samples: [[{}, self.residentBytes]],
    },
    { name: 'cpu_seconds_total', type: 'counter', help: 'CPU time of the agent.', samples: [[{}, self.cpuSeconds]] },
  ]
  return metrics.map(showMetric).join('')
}

function totalsOf(mirror: Mirror, job: string): Record<string, number> {
  try {
    const page = readLedger({ mirror }, job)
    return page ? totals(page) : {}
  } catch {
    // A page of a newer version: its job shows in status, its figures are left out.
    return {}
  }
}

function showMetric(metric: Metric): string {
  const name = PREFIX + metric.name
  const lines = metric.samples.map(([labels, value]) => `${name}${showLabels(labels)} ${value}\n`)
  return `# HELP ${name} ${metric.help}\n# TYPE ${name} ${metric.type}\n${lines.join('')}`
}

function showLabels(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(
    ([key, value]) => `${key}="${value.replaceAll(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))}"`,
  )
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}
