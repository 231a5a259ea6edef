import type { Clock } from '../../core/clock.ts'
import type {
  CollectorContext,
  Context,
  Host,
  HostCollectorPlugin,
  HostContext,
  Logger,
  Output,
} from '../../core/contract/index.ts'
import { asProblem, fail, type Problem } from '../../core/errors.ts'
import type { RunRequest } from '../../core/task.ts'
import type { CollectorReport } from '../bundle/report.ts'
import { Fatal } from '../bundle/fatal.ts'
import type { Sink } from '../bundle/sink.ts'
import { abortable } from './abortable.ts'
import { createNotes, type Notes, plainWarning, thrownProblem } from './foreign.ts'
import { noCluster } from './no-cluster.ts'
import type { PlannedCollector } from './plan.ts'

export interface CollectEdge {
  clock: Clock
  run: RunRequest['run']
  sink: Sink
  log: Logger
  host(signal: AbortSignal): Host
  /** what the collector sees */
  signal: AbortSignal
  /** a little later: from here on the host does not wait for it any more */
  stop: AbortSignal
  onOutput(path: string, bytes: number): void
}

/**
 * Runs one collector to its end and takes what it yields. Its troubles are in the report; what it gave before them is in the
 * bundle. Throws only Fatal.
 */
export async function collect(item: PlannedCollector, edge: CollectEdge): Promise<CollectorReport> {
  const started = edge.clock.now()
  const startedMs = edge.clock.monotonicMs()
  const report: CollectorReport = {
    key: item.key,
    source: item.source,
    state: 'ran',
    startedAt: started.toISOString(),
    durationMs: 0,
    files: 0,
    bytes: 0,
    warnings: [],
    isComplete: true,
  }
  const notes = createNotes()
  for (const warning of item.warnings) notes.add(warning)
  try {
    for await (const output of abortable(start(item, edge), edge.stop)) await take(output, report, notes, edge)
  } catch (error) {
    if (error instanceof Fatal) throw error
    report.state = 'failed'
    report.error = explain(item.key, error, edge.signal)
  }
  report.warnings = notes.list()
  report.isComplete = report.state === 'ran' && !notes.isLossy
  report.durationMs = Math.round(edge.clock.monotonicMs() - startedMs)
  return report
}

function start(item: PlannedCollector, edge: CollectEdge): AsyncIterable<Output> {
  const { run } = edge
  const context: Context<unknown> = {
    config: item.config,
    run: { ...run, slot: new Date(run.slot) },
    signal: edge.signal,
    log: edge.log,
    clock: edge.clock,
  }
  if (isHostCollector(item.plugin))
    return item.plugin.collect({ ...context, host: edge.host(edge.signal) } satisfies HostContext<unknown>)
  return item.plugin.collect({
    ...context,
    kube: noCluster,
    namespaces: [],
    since: undefined,
  } satisfies CollectorContext<unknown>)
}

const isHostCollector = (plugin: PlannedCollector['plugin']): plugin is HostCollectorPlugin =>
  plugin.manifest.kind === 'HostCollector'

async function take(output: Output, report: CollectorReport, notes: Notes, edge: CollectEdge): Promise<void> {
  if (output.type === 'warning') return notes.add(plainWarning(output))
  try {
    const { body } = output
    const stoppable = typeof body === 'function' ? { ...output, body: () => abortable(body(), edge.stop) } : output
    const bytes = await edge.sink.take(stoppable, edge.stop)
    report.files++
    report.bytes += bytes
    edge.onOutput(output.path, bytes)
  } catch (error) {
    if (error instanceof Fatal || edge.stop.aborted) throw error
    const unreadable = (reason: string) =>
      fail('OUTPUT_REFUSED', { path: output.path, reason: `it could not be read: ${reason}`, remedy: "see the run's log" })
    notes.add(thrownProblem(error, unreadable), true)
  }
}

/** Once its time is over, whatever a collector throws means that. */
function explain(key: string, error: unknown, signal: AbortSignal): Problem {
  if (signal.aborted) return asProblem(fail('COLLECTOR_TIMED_OUT', { key }))
  return thrownProblem(error, (reason) => fail('COLLECTOR_FAILED', { key, reason }))
}
