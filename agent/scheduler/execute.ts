import { rm } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { asProblem, fail, isFailure, type Problem, type ProductError } from '../../core/errors.ts'
import type { JobSpec } from '../../core/job.ts'
import { jobOf, TOKEN_KEY_SECRET } from '../../core/names.ts'
import { durationMs, sizeBytes } from '../../core/quantity.ts'
import { completeRun, endRun, type Run } from '../../core/run.ts'
import type { SuperviseOptions, TaskOutcome } from '../../core/supervise.ts'
import type { RunRequest, RunResult } from '../../core/task.ts'
import type { AgentFolders } from '../folders.ts'
import { bytesBelow, placeBundle } from '../outbox/bundles.ts'
import type { HandedCluster, Outside } from '../outside.ts'
import type { TaskStarter } from '../task-process.ts'
import { baselineFor, keepFacts } from './baselines.ts'
import type { SchedulerEdge } from './edge.ts'
import { viewOf } from './job-view.ts'
import { createRunLog } from './run-log.ts'
import { changeRun, insistOn, type KeptRun, runsOf } from './runs.ts'
import { specSources } from './spec-sources.ts'

export interface ExecuteEdge extends SchedulerEdge {
  tasks: TaskStarter
  folders: AgentFolders
  /** ceilings that no job raises */
  limits: { memoryBytes: number; bundleBytes: number; keptBytes: number }
  outside: Outside
  renewals?: SuperviseOptions['renewals']
  /** masks what looks like a secret; never throws */
  redact: (text: string) => string
}

/** Longest that closing a bundle may take beyond the job's time-out, before the task is killed. */
const CLOSING_MS = 60_000
/** One output of a collector, uncompressed. */
const OUTPUT_BYTES = 2 * 2 ** 30

/**
 * Does a claimed run: collects to a finished archive, puts it in its place, records how it ended. The record says `running`
 * before the work begins and tells the outcome after the archive is where it says. Throws only when the record cannot be kept.
 */
export async function execute(edge: ExecuteEdge, kept: KeptRun, spec: JobSpec, signal: AbortSignal): Promise<Run> {
  const { name } = kept
  const startedAt = edge.clock.now()
  const started = await changeRun(edge, kept, (run) => {
    // Our own write, whose answer was lost.
    if (run.phase === 'running' && run.startedAt === startedAt.toISOString()) return run
    // Seen as claimed, but begun since: once is enough.
    if (run.phase !== 'claimed') throw fail('STORE_CONFLICT', { kind: 'run', name })
    return { ...run, phase: 'running', startedAt: startedAt.toISOString() }
  })
  const work = join(edge.folders.work, name)
  const log = createRunLog(join(edge.folders.runLogs, `${name}.log`), edge.clock, edge.redact)
  log.entry('info', 'run started', 'agent')
  try {
    signal.throwIfAborted()
    await checkRoom(edge)
    // What a try that was killed left is not part of this one.
    await rm(work, { recursive: true, force: true })
    await edge.folders.open(work, 'work')
    const cluster = await edge.outside.cluster(spec)
    const tokenKey = await edge.outside.tokenKey?.()
    const specs = await specSources(spec, edge.outside, uploadSecretNames(edge))
    const baseline = await baselineFor(edge, kept, work)
    const request = { ...runRequest(edge, kept, started, spec, work, cluster, tokenKey), ...specs, baseline }
    const outcome = await edge.tasks.start(request, {
      timeoutMs: request.timeoutMs + CLOSING_MS,
      memoryBytes: Math.min(sizeBytes(spec.limits.memory), edge.limits.memoryBytes),
      signal,
      ...(edge.renewals ? { renewals: edge.renewals } : {}),
      ...(cluster ? { onNeedToken: () => cluster.renewToken() } : {}),
      ...(edge.outside.nodes ? { onNodes: edge.outside.nodes.work(request.run) } : {}),
      onMessage: (message) => log.message(message),
      onText: (text) => log.text(text),
    })
    const done = await recordSuccess(edge, kept, spec, outcome, startedAt, signal)
    log.entry('info', 'run collected', 'agent')
    for (const line of outcome.result?.drift?.lines ?? []) log.entry('info', String(line), 'drift')
    return done
  } catch (error) {
    if (isFailure(error, 'STORE_GONE', 'STORE_CONFLICT')) throw error
    log.entry('error', asProblem(error).message, 'agent')
    return await recordFailure(edge, kept, error, signal)
  } finally {
    await log.flush()
    await rm(work, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Bundles that nobody takes away must not fill the disk that all share. */
async function checkRoom({ folders, limits }: ExecuteEdge): Promise<void> {
  const used = (await bytesBelow(folders.bundles)) + (await bytesBelow(folders.outbox))
  const mib = (bytes: number) => String(Math.round(bytes / 2 ** 20))
  if (used >= limits.keptBytes) throw fail('DISK_QUOTA', { used: mib(used), limit: mib(limits.keptBytes) })
}

/** `<job>-20261124T020000Z.tar.gz`: made of job and slot, so that sending it twice is one object. */
export function bundleFileName(run: Pick<Run, 'job' | 'slot' | 'trigger'>, name: string): string {
  const slot = run.slot.replaceAll(/[-:]/g, '').replace(/\.\d+/, '')
  return `${run.job}-${slot}${run.trigger === 'manual' ? `-${name.split('.').at(-1)}` : ''}.tar.gz`
}

function runRequest(
  edge: ExecuteEdge,
  kept: KeptRun,
  run: Run,
  spec: JobSpec,
  work: string,
  cluster: HandedCluster | undefined,
  tokenKey: string | undefined,
): RunRequest {
  const network = edge.outside.network()
  const { name, stored } = kept
  const since = logsSince(edge, kept, run, spec)
  return {
    task: 'run',
    run: { id: name, uid: stored.uid, job: run.job, namespace: edge.namespace, slot: run.slot, trigger: run.trigger },
    workFolder: work,
    fileName: bundleFileName(run, name),
    specs: [],
    ...(cluster ? { cluster: { ...cluster.request, ...(since ? { since } : {}), withheld: uploadSecrets(edge) } } : {}),
    analyze: spec.analyze,
    redact: true,
    ...(tokenKey === undefined ? {} : { tokenKey }),
    mayUseHost: edge.outside.mayUseHost,
    ...(edge.outside.nodes ? { onNodes: true } : {}),
    ...(network ? { network: { ...network, ...(cluster ? { server: hostOf(cluster) } : {}) } } : {}),
    timeoutMs: durationMs(spec.timeout),
    limits: { bundleBytes: Math.min(sizeBytes(spec.limits.bundle), edge.limits.bundleBytes), outputBytes: OUTPUT_BYTES },
    pluginFolders: [edge.folders.plugins],
  }
}

/** Where logs begin. A job that never completed a run has no such time: then its entries say it. */
function logsSince(edge: ExecuteEdge, { name }: KeptRun, { job, jobUid, startedAt }: Run, spec: JobSpec): string | undefined {
  const { since } = spec.collect
  if (since === undefined || startedAt === undefined) return undefined
  if (since !== 'lastSuccess') return new Date(Date.parse(startedAt) - durationMs(since)).toISOString()
  const begins = runsOf(edge, job, jobUid).flatMap((kept) =>
    kept.name !== name && kept.run.outcome === 'completed' ? (kept.run.startedAt ?? []) : [],
  )
  return begins.toSorted().at(-1)
}

function hostOf({ request }: HandedCluster): string {
  const { hostname, port, protocol } = new URL(request.connection.server)
  // Sockets are told an IPv6 address without its brackets.
  return `${hostname.replace(/^\[|\]$/g, '')}:${port || (protocol === 'http:' ? '80' : '443')}`
}

const uploadSecrets = (edge: SchedulerEdge) => uploadSecretNames(edge).map((name) => `${edge.namespace}/${name}`)

/** What any job of the namespace uploads with: who may write a job may not thereby read it. */
function uploadSecretNames(edge: SchedulerEdge): string[] {
  const targets = [...edge.mirror.of('job').values()].flatMap((stored) => viewOf(stored).plan?.spec.upload ?? [])
  const names = targets.flatMap(({ credentials }) => (credentials ? [credentials.secret] : []))
  // Whoever knew it could try values until their tokens match.
  return [...new Set([...names, TOKEN_KEY_SECRET])]
}

async function recordSuccess(
  edge: ExecuteEdge,
  kept: KeptRun,
  spec: JobSpec,
  outcome: TaskOutcome<RunResult>,
  startedAt: Date,
  signal: AbortSignal,
): Promise<Run> {
  const { result, error } = outcome
  if (error ?? !result) throw error ?? fail('INTERNAL', { reason: 'a task that is done has no result' })
  const { name } = kept
  const ended = edge.clock.now()
  const { archive, analysis } = result
  const archivePath = insideOf(join(edge.folders.work, name), archive.path)
  const folder = spec.upload.length > 0 ? join(edge.folders.outbox, name) : join(edge.folders.bundles, jobOf(name))
  const path = await placeBundle(archivePath, folder, edge.folders.open)
  await keepFacts(edge, kept, join(edge.folders.work, name))
  return insistOn(edge, kept, signal, (run) => {
    const collected: Run = {
      ...run,
      endedAt: ended.toISOString(),
      bundle: {
        fileName: basename(path),
        path,
        bytes: archive.bytes,
        sha256: archive.sha256,
        files: archive.files,
        isPartial: archive.isPartial,
      },
      collectors: result.collectors,
      ...(analysis ? { analysis } : {}),
      warnings: result.warnings,
      redactions: result.redactions,
      ...(result.refused > 0 ? { refused: result.refused } : {}),
      ...(result.drift ? { drift: result.drift } : {}),
      metrics: {
        collectMs: ended.getTime() - startedAt.getTime(),
        totalMs: ended.getTime() - Date.parse(run.claimedAt),
        peakRssBytes: outcome.peakRssBytes,
        cpuMs: result.cpuMs,
      },
      deliveries: spec.upload.map(({ uploader }) => ({ uploader, state: 'pending', tries: 0 })),
    }
    return spec.upload.length > 0 ? { ...collected, phase: 'delivering' } : completeRun(collected, ended)
  })
}

/** Plug-ins share the task's process: a path that it names is not moved unless it is where the task may write. */
function insideOf(folder: string, path: unknown): string {
  const found = resolve(String(path))
  if (found.startsWith(folder + sep)) return found
  throw fail('TASK_PROTOCOL', { reason: 'its archive is not in its work folder' })
}

/** An exit without a result is an interruption: what it had done is unknown. All else is a failure with its reason. */
async function recordFailure(edge: ExecuteEdge, kept: KeptRun, error: unknown, signal: AbortSignal): Promise<Run> {
  const code = (error as Partial<ProductError>).code
  const outcome = code === 'TASK_INTERRUPTED' || code === 'TASK_CANCELLED' ? 'interrupted' : 'failed'
  const ended = edge.clock.now()
  const isFull = (error as NodeJS.ErrnoException).code === 'ENOSPC'
  const reason = isFull ? fail('DISK_FULL', { what: 'the bundle', folder: edge.folders.base }, error) : error
  const problem = redacted(asProblem(reason), edge.redact)
  edge.log.error({ run: kept.name, outcome, problem }, 'run ended badly')
  // What ended without a word did not clear up either.
  if (code?.startsWith('TASK_')) edge.clearUp?.(kept)
  return insistOn(edge, kept, signal, (run) => endRun(run, outcome, ended, problem))
}

/** A problem as it may be kept: plug-ins quote what they like. */
export function redacted({ code, message, remedy }: Problem, redact: (text: string) => string): Problem {
  return { code, message: redact(message), ...(remedy ? { remedy: redact(remedy) } : {}) }
}
