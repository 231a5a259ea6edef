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
import { asProblem, fail, type Problem, reasonOf } from '../../core/errors.ts'
import type { RunRequest } from '../../core/task.ts'
import type { CollectorReport } from '../bundle/report.ts'
import { Fatal, type Sink } from '../bundle/sink.ts'
import { abortable } from './abortable.ts'
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
    warnings: [...item.warnings],
  }
  try {
    for await (const output of abortable(start(item, edge), edge.stop)) await take(output, report, edge)
  } catch (error) {
    if (error instanceof Fatal) throw error
    report.state = 'failed'
    report.error = explain(item.key, error, edge.stop)
  }
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

async function take(output: Output, report: CollectorReport, edge: CollectEdge): Promise<void> {
  if (output.type === 'warning') {
    report.warnings.push({ code: output.code, message: output.message })
    return
  }
  try {
    const { body } = output
    const stoppable = typeof body === 'function' ? { ...output, body: () => abortable(body(), edge.stop) } : output
    const bytes = await edge.sink.take(stoppable, edge.stop)
    report.files++
    report.bytes += bytes
    edge.onOutput(output.path, bytes)
  } catch (error) {
    if (error instanceof Fatal || edge.stop.aborted) throw error
    report.warnings.push(outputProblem(output.path, error))
  }
}

function outputProblem(path: string, error: unknown): Problem {
  const problem = asProblem(error)
  return problem.code === 'INTERNAL'
    ? { code: 'OUTPUT_REFUSED', message: `output "${path}" could not be read: ${reasonOf(error)}` }
    : problem
}

function explain(key: string, error: unknown, stop: AbortSignal): Problem {
  if (stop.aborted && error === stop.reason) return asProblem(fail('COLLECTOR_TIMED_OUT', { key }))
  const problem = asProblem(error)
  return problem.code === 'INTERNAL' ? asProblem(fail('COLLECTOR_FAILED', { key, reason: reasonOf(error) })) : problem
}
