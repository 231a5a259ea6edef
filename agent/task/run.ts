import { join } from 'node:path'
import { deadline, type Clock } from '../../core/clock.ts'
import type { Host, Logger } from '../../core/contract/index.ts'
import { asProblem, fail, type Problem, reasonOf } from '../../core/errors.ts'
import type { FromTask, RunRequest, RunResult } from '../../core/task.ts'
import { createArchive } from '../bundle/archive.ts'
import { Fatal } from '../bundle/fatal.ts'
import type { CollectorReport } from '../bundle/report.ts'
import { createSink } from '../bundle/sink.ts'
import type { Loader } from '../loader/loader.ts'
import type { CustomRules } from '../redaction/custom-rules.ts'
import { createRedactor } from '../redaction/redactor.ts'
import { defaultRules } from '../redaction/rules.ts'
import type { Fetch } from '../specs/fetch-spec.ts'
import { collectFacts } from '../drift/collect-facts.ts'
import { maskingOf } from '../drift/masking.ts'
import { closeBundle, type Collected } from './close.ts'
import { collect } from './collect.ts'
import { clusterSecrets, logWishes } from './kube/plan.ts'
import { OWNABLE } from './kube/owned.ts'
import { openCluster, type RunCluster } from './kube/run-cluster.ts'
import { expired } from './kube/sweep.ts'
import { collectNodes } from './nodes/collect-nodes.ts'
import { lookAtSpecs } from './look-at-specs.ts'
import { analyzersOf, encodeAnalyzers } from './own-analyzers.ts'
import type { Parent } from './parent.ts'
import { isHostCollector, type PlannedCollector, planCollectors, type Unplanned } from './plan.ts'
import { inPool } from './pool.ts'
import { readSpecs } from './read-specs.ts'
import { NO_TOKENS, readRedactors } from './redactors.ts'

/** What the run task needs of the world. */
export interface RunEdge {
  clock: Clock
  loader: Loader
  log: Logger
  version: string
  platform: string
  say(message: FromTask): void
  /** cancelled, or the parent is gone */
  signal: AbortSignal
  host(signal: AbortSignal): Host
  cpuMs(): number
  random(): number
  /** the proxy that the environment asks for; absent = none */
  proxyFor?: ((url: string) => string | undefined) | undefined
  /** without following redirects */
  fetch: Fetch
  /** asks the parent for a new bearer token of the cluster; empty = there is none */
  needToken(): Promise<string>
  /** asks the parent for work on nodes */
  nodes: Parent['nodes']
}

/** Collectors at work at the same time. */
const AT_ONCE = 4
/** How long a collector may take to end by itself once its time is over. */
const COLLECTOR_GRACE_MS = 2_000

/**
 * Collect → redact → analyze → one finished archive in the work folder. A collector that fails, hangs or yields nonsense
 * costs its own outputs and makes the bundle partial; a broken redactor, a full disk or a cancel costs the archive, which
 * is then removed.
 */
export async function runTask(asked: RunRequest, edge: RunEdge): Promise<RunResult> {
  const startedAt = edge.clock.now()
  const request = await lookAtSpecs(asked, edge)
  edge.say({ type: 'step', name: 'planning' })
  const hasCluster = request.cluster !== undefined
  const { spec, redactors, warnings, wantsNodes } = await readSpecs(request, edge)
  // Who may not look at this machine does not get to nodes by saying so in a spec either.
  const mayOpen = wantsNodes && request.mayUseHost !== false && !request.onNodes
  const own = mayOpen ? (await import('./nodes/own-nodes.ts')).ownNodes(request, edge) : undefined
  const nodes = request.onNodes ? edge.nodes : own?.nodes
  const custom = readRedactors(redactors, request)
  const { planned, unplanned, problems } = await planCollectors(spec, edge.loader, {
    platform: edge.platform,
    hasCluster,
    mayUseHost: request.mayUseHost !== false || request.onNodes === true,
  })
  if (planned.length === 0) throw nothingToDo(unplanned)
  const analyzersSpec = request.analyze ? encodeAnalyzers(spec) : undefined
  const judged = request.analyze ? spec : { analyzers: [], hostAnalyzers: [] }
  const { analyzers, problems: notes } = await analyzersOf(judged, startedAt)
  const all = {
    request,
    startedAt,
    unplanned,
    analyzers,
    analyzersSpec,
    facts: collectFacts(),
    masking: maskingOf({ ...request, version: edge.version, redactors: [request.redactors, redactors] }),
    warnings: [...warnings, ...custom.warnings, ...problems, ...notes],
  }
  if (request.redact && request.tokenKey === undefined) all.warnings.push(NO_TOKENS)
  try {
    return await makeBundle(planned, all, custom, nodes, edge)
  } catch (error) {
    throw error instanceof Fatal ? error.failure : error
  } finally {
    await own?.stop()
  }
}

/** Throws Fatal, or the signal's reason; the archive is gone then. */
async function makeBundle(
  planned: PlannedCollector[],
  all: Omit<Collected, 'reports'>,
  custom: CustomRules,
  nodes: Parent['nodes'] | undefined,
  edge: RunEdge,
): Promise<RunResult> {
  const { request } = all
  const { workFolder, fileName, limits } = request
  const { rules, documents } = request.redact ? custom : { rules: [], documents: [] }
  const redactor = createRedactor(request.redact ? [...defaultRules, ...rules] : [], {
    literals: clusterSecrets(request),
    documents,
    tokenKey: request.tokenKey,
  })
  const cluster = request.cluster && openCluster(request.cluster, worldOf(planned, all, edge))
  const left = await sweepBefore(planned, cluster, edge)
  if (left) all.warnings.push(left)
  const archive = createArchive(join(workFolder, fileName), fileName.replace(/\.tar\.gz$/, ''), all.startedAt)
  const sink = createSink({ archive, redactor, taps: [...all.analyzers, all.facts], workFolder, limits })
  const learn = (values: readonly string[]) => !request.redact || redactor.learn(values)
  const time = collectingTime(edge, request.timeoutMs)
  const onNodes = nodes ? planned.filter(({ plugin }) => isHostCollector(plugin)) : []
  const here = planned.filter((item) => !onNodes.includes(item))
  const onOutput = (path: string, bytes: number) => edge.say({ type: 'output', path, bytes })
  try {
    const fromNodes = nodes && onNodes.length > 0 ? collectNodes(onNodes, time.softMs, { ...time, nodes, sink, onOutput }) : []
    const fromHere = inPool(here, AT_ONCE, async (item, done) => {
      edge.say({ type: 'step', name: `collecting ${item.key}` })
      edge.say({ type: 'progress', done, of: here.length })
      // What ends the run for one ends it for all: nobody waits for the slowest of the others.
      return collect(item, {
        ...edge,
        cluster,
        server: request.network?.server,
        run: request.run,
        learn,
        sink,
        signal: time.signal,
        stop: time.stop,
        onOutput,
      }).catch(time.giveUp)
    })
    const reports = await both(fromHere, Promise.resolve(fromNodes).catch(time.giveUp))
    edge.signal.throwIfAborted()
    edge.say({ type: 'step', name: 'closing the bundle' })
    reports.push(...all.unplanned.map(unplannedReport))
    return await closeBundle({ ...all, reports }, { ...edge, sink, archive, redactor })
  } catch (error) {
    await archive.abort()
    throw error
  } finally {
    time.end()
    cluster?.close()
    await sink.removeStaged()
  }
}

/** Waits for both, whatever happens: what failed first is thrown once nothing is at work any more. */
async function both(...work: Promise<CollectorReport[]>[]): Promise<CollectorReport[]> {
  const settled = await Promise.allSettled(work)
  return settled.flatMap((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
}

/** Kinds that one of the entries may create: what killed runs left of them is removed first. */
async function sweepBefore(
  planned: readonly PlannedCollector[],
  cluster: RunCluster | undefined,
  { clock, signal }: RunEdge,
): Promise<Problem | undefined> {
  const rights = planned.flatMap(({ plugin }) => ('permissions' in plugin.manifest ? plugin.manifest.permissions : []))
  const created = rights.filter(({ verbs }) => verbs.includes('create')).flatMap(({ resources }) => resources)
  const kinds = Object.values(OWNABLE).filter((plural) => created.includes(plural))
  try {
    if (kinds.length > 0) await cluster?.sweep(expired(clock.now()), kinds)
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    return asProblem(fail('SWEEP_FAILED', { reason: reasonOf(error) }, error))
  }
}

function worldOf(planned: PlannedCollector[], { request, startedAt }: Pick<Collected, 'request' | 'startedAt'>, edge: RunEdge) {
  const expiresAt = new Date(startedAt.getTime() + request.timeoutMs)
  // One call that hangs must not cost all that would come after it.
  const silenceMs = request.timeoutMs / 5
  return { ...edge, run: request.run, expiresAt, silenceMs, wishesOf: logWishes(planned, request, edge) }
}

/** Some of the time is kept back to close the bundle: a partial one is worth more than none. */
function collectingTime(edge: RunEdge, timeoutMs: number) {
  const softMs = timeoutMs - Math.min(10_000, timeoutMs / 5)
  const reason = fail('COLLECTOR_TIMED_OUT', { key: 'all' })
  const soft = deadline(edge.clock, softMs, reason)
  const hard = deadline(edge.clock, softMs + Math.min(COLLECTOR_GRACE_MS, timeoutMs / 10), reason)
  const lost = new AbortController()
  return {
    softMs,
    signal: AbortSignal.any([edge.signal, lost.signal, soft.signal]),
    stop: AbortSignal.any([edge.signal, lost.signal, hard.signal]),
    giveUp(error: unknown): never {
      lost.abort(error)
      throw error
    },
    end: () => [soft, hard].forEach((one) => one.stop()),
  }
}

function nothingToDo(unplanned: Unplanned[]): Error {
  const problems = unplanned.flatMap((entry) => entry.problem?.message ?? entry.unsupported ?? [])
  return fail('SPEC_EMPTY', { source: problems.length > 0 ? `the spec (${problems.join('; ')})` : 'the spec' })
}

function unplannedReport(entry: Unplanned): CollectorReport {
  const { key, source, problem, unsupported } = entry
  const skipped = unsupported ? [{ code: 'COLLECTOR_UNSUPPORTED', message: unsupported }] : []
  return {
    key,
    source,
    state: problem ? 'failed' : 'skipped',
    durationMs: 0,
    files: 0,
    bytes: 0,
    requests: 0,
    refused: 0,
    warnings: [...entry.warnings, ...skipped],
    isComplete: problem === undefined,
    ...(problem ? { error: problem } : {}),
  }
}
