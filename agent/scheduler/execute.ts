import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asProblem, fail, type ProductError } from '../../core/errors.ts'
import type { JobSpec } from '../../core/job.ts'
import { jobOf } from '../../core/names.ts'
import { durationMs, sizeBytes } from '../../core/quantity.ts'
import { endRun, type Run } from '../../core/run.ts'
import type { TaskOutcome } from '../../core/supervise.ts'
import type { RunRequest, RunResult } from '../../core/task.ts'
import type { AgentFolders } from '../folders.ts'
import { placeBundle } from '../outbox/bundles.ts'
import type { TaskStarter } from '../task-process.ts'
import type { SchedulerEdge } from './edge.ts'
import { createRunLog } from './run-log.ts'
import { changeRun } from './runs.ts'

export interface ExecuteEdge extends SchedulerEdge {
  tasks: TaskStarter
  folders: AgentFolders
  /** ceilings that no job raises */
  limits: { memoryBytes: number; bundleBytes: number }
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
export async function execute(edge: ExecuteEdge, name: string, spec: JobSpec, signal: AbortSignal): Promise<Run> {
  const startedAt = edge.clock.now()
  const started = await changeRun(edge, name, (run) => ({ ...run, phase: 'running', startedAt: startedAt.toISOString() }))
  const work = join(edge.folders.work, name)
  const log = createRunLog(join(edge.folders.runLogs, `${name}.log`), edge.clock, edge.redact)
  log.entry('info', 'run started', 'agent')
  try {
    const request = runRequest(edge, name, started, spec, work)
    await mkdir(work, { recursive: true, mode: 0o700 })
    const outcome = await edge.tasks.start(request, {
      timeoutMs: request.timeoutMs + CLOSING_MS,
      memoryBytes: Math.min(sizeBytes(spec.limits.memory), edge.limits.memoryBytes),
      signal,
      onMessage: (message) => log.message(message),
      onText: (text) => log.text(text),
    })
    const ended = edge.clock.now()
    if (outcome.error ?? !outcome.result)
      return await recordFailure(edge, name, outcome.error ?? fail('INTERNAL', { reason: 'no result' }), ended)
    return await recordSuccess(edge, name, spec, outcome, startedAt, ended)
  } catch (error) {
    return await recordFailure(edge, name, error, edge.clock.now())
  } finally {
    await log.flush()
    await rm(work, { recursive: true, force: true })
  }
}

/** `<job>-20261124T020000Z.tar.gz`: made of job and slot, so that sending it twice is one object. */
export function bundleFileName(run: Pick<Run, 'job' | 'slot' | 'trigger'>, name: string): string {
  const slot = run.slot.replaceAll(/[-:]/g, '').replace(/\.\d+/, '')
  return `${run.job}-${slot}${run.trigger === 'manual' ? `-${name.split('.').at(-1)}` : ''}.tar.gz`
}

function runRequest(edge: ExecuteEdge, name: string, run: Run, spec: JobSpec, work: string): RunRequest {
  return {
    task: 'run',
    run: { id: name, job: run.job, namespace: edge.namespace, slot: run.slot, trigger: run.trigger },
    workFolder: work,
    fileName: bundleFileName(run, name),
    specs: spec.collect.specs.map((source) => source.inline),
    analyze: spec.analyze,
    redact: true,
    timeoutMs: durationMs(spec.timeout),
    limits: { bundleBytes: Math.min(sizeBytes(spec.limits.bundle), edge.limits.bundleBytes), outputBytes: OUTPUT_BYTES },
    pluginFolders: [edge.folders.plugins],
  }
}

async function recordSuccess(
  edge: ExecuteEdge,
  name: string,
  spec: JobSpec,
  outcome: TaskOutcome<RunResult>,
  startedAt: Date,
  ended: Date,
): Promise<Run> {
  const result = outcome.result
  if (!result) throw fail('INTERNAL', { reason: 'a task that is done has no result' })
  const { archive, analysis } = result
  const folder = spec.upload.length > 0 ? join(edge.folders.outbox, name) : join(edge.folders.bundles, jobOf(name))
  const path = await placeBundle(archive.path, folder)
  return changeRun(edge, name, (run) => {
    const collected: Run = {
      ...run,
      endedAt: ended.toISOString(),
      bundle: {
        fileName: archive.fileName,
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
      metrics: {
        collectMs: ended.getTime() - startedAt.getTime(),
        totalMs: ended.getTime() - Date.parse(run.claimedAt),
        peakRssBytes: outcome.peakRssBytes,
        cpuMs: result.cpuMs,
      },
      deliveries: spec.upload.map(({ uploader }) => ({ uploader, state: 'pending', tries: 0 })),
    }
    return spec.upload.length > 0 ? { ...collected, phase: 'delivering' } : endRun(collected, 'completed', ended)
  })
}

/** An exit without a result is an interruption: what it had done is unknown. All else is a failure with its reason. */
async function recordFailure(edge: ExecuteEdge, name: string, error: unknown, ended: Date): Promise<Run> {
  const code = (error as Partial<ProductError>).code
  const outcome = code === 'TASK_INTERRUPTED' || code === 'TASK_CANCELLED' ? 'interrupted' : 'failed'
  const problem = asProblem(error)
  edge.log.error({ run: name, outcome, problem }, 'run ended badly')
  return changeRun(edge, name, (run) => endRun(run, outcome, ended, { ...problem, message: edge.redact(problem.message) }))
}
