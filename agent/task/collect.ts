import type { Clock } from '../../core/clock.ts'
import type {
  CollectorContext,
  CollectorPlugin,
  Context,
  Host,
  HostContext,
  Kube,
  Logger,
  Output,
} from '../../core/contract/index.ts'
import { asProblem, fail, type Problem } from '../../core/errors.ts'
import type { RunRequest } from '../../core/task.ts'
import type { CollectorReport } from '../bundle/report.ts'
import { Fatal } from '../bundle/fatal.ts'
import type { Sink } from '../bundle/sink.ts'
import { abortable } from './abortable.ts'
import { createNotes, type Notes, thrownProblem } from './foreign.ts'
import type { RunCluster } from './kube/run-cluster.ts'
import { learningSecrets } from './learned-secrets.ts'
import { noCluster } from './no-cluster.ts'
import { openOutbound, type OutboundEdge } from './outbound/outbound.ts'
import { isHostCollector, type PlannedCollector } from './plan.ts'
import { createTaker } from './take.ts'

export interface CollectEdge extends Pick<OutboundEdge, 'proxyFor' | 'server'> {
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
  /** masks these values in all files that come after; false when there are too many by now */
  learn(values: readonly string[]): boolean
  /** none: entries that need one are given one that refuses */
  cluster?: RunCluster | undefined
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
    requests: 0,
    refused: 0,
    warnings: [],
    isComplete: true,
  }
  const notes = createNotes()
  for (const warning of item.warnings) notes.add(warning)
  const taker = createTaker(report, notes, { ...edge, logs: edge.cluster?.logs })
  let hasAnswered = false
  let unanswered: unknown
  const onAnswer = (error?: unknown) => {
    if (error === undefined) hasAnswered = true
    else unanswered = error
  }
  const port =
    edge.cluster && !isHostCollector(item.plugin) ? portOf(edge.cluster, item.plugin, edge, report, notes, onAnswer) : undefined
  try {
    for await (const output of abortable(start(item, edge, port?.kube), edge.stop)) await taker.take(output)
    await taker.end()
    // What it wrote are files with errors: a run of such entries is no success that the next one could follow on.
    if (unanswered !== undefined && !hasAnswered) throw unanswered
  } catch (error) {
    const last = await taker.end().catch((other: unknown) => other)
    if (last instanceof Fatal) throw last
    if (error instanceof Fatal) throw error
    report.state = 'failed'
    report.error = explain(item.key, error, edge.signal)
  } finally {
    for (const problem of (await port?.release()) ?? []) notes.add(problem)
  }
  report.warnings = notes.list()
  report.isComplete = report.state === 'ran' && !notes.isLossy
  report.durationMs = Math.round(edge.clock.monotonicMs() - startedMs)
  return report
}

/** Calls the collector; nothing of it runs before it is iterated. */
export function start(
  item: PlannedCollector,
  edge: Omit<CollectEdge, 'sink' | 'stop' | 'onOutput' | 'learn'>,
  kube: Kube = noCluster,
): AsyncIterable<Output> {
  const { run, cluster } = edge
  const context: Context<unknown> = {
    config: item.config,
    run: { ...run, slot: new Date(run.slot) },
    signal: edge.signal,
    log: edge.log,
    clock: edge.clock,
  }
  const outbound = openOutbound(edge)
  if (isHostCollector(item.plugin))
    return item.plugin.collect({ ...context, ...outbound, host: edge.host(edge.signal) } satisfies HostContext<unknown>)
  return item.plugin.collect({
    ...context,
    kube,
    http: outbound.http,
    namespaces: cluster?.namespaces ?? [],
    ...(cluster ? { defaultNamespace: cluster.defaultNamespace } : {}),
    since: cluster?.since,
  } satisfies CollectorContext<unknown>)
}

function portOf(
  cluster: RunCluster,
  { manifest }: CollectorPlugin,
  { signal, learn }: CollectEdge,
  report: CollectorReport,
  notes: Notes,
  onAnswer: (error?: unknown) => void,
): ReturnType<RunCluster['port']> {
  const { kube, release } = cluster.port({
    manifest,
    signal,
    onRequest: () => void report.requests++,
    onRefused: () => void report.refused++,
    onAnswer,
    onLoss: (problem) => notes.add(problem, true),
    onNote: (problem) => notes.add(problem),
  })
  const onValues = (values: readonly string[]) => {
    if (!learn(values)) notes.add(TOO_MANY_SECRETS)
  }
  return { kube: learningSecrets(kube, onValues), release }
}

const TOO_MANY_SECRETS: Problem = {
  code: 'REDACTION_SECRETS',
  message:
    'this entry read more values of Secrets than can be looked for in other files; the rules for what looks like a secret still hold',
}

/** Once its time is over, whatever a collector throws means that. */
function explain(key: string, error: unknown, signal: AbortSignal): Problem {
  if (signal.aborted) return asProblem(fail('COLLECTOR_TIMED_OUT', { key }))
  return thrownProblem(error, (reason) => fail('COLLECTOR_FAILED', { key, reason }))
}
