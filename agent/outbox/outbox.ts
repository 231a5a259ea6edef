import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asProblem, fail, type Problem } from '../../core/errors.ts'
import type { JobSpec } from '../../core/job.ts'
import { jobOf } from '../../core/names.ts'
import { type Delivery, endRun, type Run } from '../../core/run.ts'
import type { DeliverResult } from '../../core/task.ts'
import type { ExecuteEdge } from '../scheduler/execute.ts'
import { viewOf } from '../scheduler/job-view.ts'
import { allRuns, changeRun, isSameHolder, type KeptRun } from '../scheduler/runs.ts'
import { backOffMs } from './back-off.ts'
import { placeBundle } from './bundles.ts'

/** Delivers finished bundles: first try and hundredth are the same task. */
export interface Outbox {
  /** starts what is due; returns when the next try is */
  pump(): Date | undefined
  idle(): Promise<void>
  cancel(reason: string): void
}

export interface OutboxEdge extends ExecuteEdge {
  random(): number
  deliverWithinMs: number
  only?: string | undefined
  onDone(job: string): void
}

const AT_ONCE = 2
const TRY_MS = 3_600_000
const TASK_BYTES = 512 * 2 ** 20

export function createOutbox(edge: OutboxEdge): Outbox {
  const active = new Map<string, { stop: AbortController; done: Promise<void> }>()

  const start = (kept: KeptRun, index: number) => {
    const stop = new AbortController()
    const done = deliverOnce(edge, kept, index, stop.signal)
      .catch((error: unknown) => edge.log.warn({ run: kept.name, problem: asProblem(error) }, 'delivery not recorded'))
      .finally(() => {
        active.delete(kept.name)
        edge.onDone(kept.run.job)
      })
    active.set(kept.name, { stop, done })
  }

  return {
    pump() {
      const now = edge.clock.now()
      let next: Date | undefined
      for (const kept of allRuns(edge)) {
        const { name, run } = kept
        if (
          run.phase !== 'delivering' ||
          !isSameHolder(run.holder, edge.holder) ||
          active.has(name) ||
          (edge.only ?? name) !== name
        )
          continue
        const index = run.deliveries.findIndex((delivery) => delivery.state === 'pending')
        const at = new Date(run.deliveries[index]?.nextTryAt ?? now)
        // One target of a run at a time, in the job's order, but none waits for another's pause.
        const due = run.deliveries.findIndex(
          (delivery) => delivery.state === 'pending' && new Date(delivery.nextTryAt ?? now) <= now,
        )
        if (due >= 0 && active.size < AT_ONCE) start(kept, due)
        else if (due < 0 && (!next || at < next)) next = at
      }
      return next
    },
    async idle() {
      await Promise.all([...active.values()].map(({ done }) => done))
    },
    cancel(reason) {
      for (const { stop } of active.values()) stop.abort(fail('TASK_CANCELLED', { reason }))
    },
  }
}

/** One try at one target of a run, and the record of how it went. */
async function deliverOnce(edge: OutboxEdge, { name, run }: KeptRun, index: number, signal: AbortSignal): Promise<void> {
  const spec = specOf(edge, run)
  const target = spec?.upload[index]
  const { bundle } = run
  if (!target || !bundle?.path || target.uploader !== run.deliveries[index]?.uploader)
    return settle(edge, name, index, { state: 'failed', error: asProblem(gone(run, index)) })
  const statePath = join(edge.folders.outbox, name, `state-${index}.json`)
  const outcome = await edge.tasks.start(
    {
      task: 'deliver',
      run: { id: name, job: run.job, namespace: edge.namespace, slot: run.slot, trigger: run.trigger },
      target: { ...target, secrets: {} },
      bundle: { path: bundle.path, fileName: bundle.fileName, size: bundle.bytes, sha256: bundle.sha256 },
      state: await readState(statePath),
      timeoutMs: TRY_MS,
      pluginFolders: [edge.folders.plugins],
    },
    {
      timeoutMs: TRY_MS + 10_000,
      memoryBytes: TASK_BYTES,
      signal,
      onMessage: (message) => {
        if (message.type === 'state') void writeState(statePath, message.value)
      },
    },
  )
  // Stopping is no failure of the target: the try does not count.
  if (signal.aborted && !outcome.result?.receipt) return
  await settle(edge, name, index, verdict(edge, run, index, outcome.result, outcome.error && asProblem(outcome.error)))
}

type Change = Partial<Delivery>

function verdict(
  edge: OutboxEdge,
  run: Run,
  index: number,
  result: DeliverResult | undefined,
  error: Problem | undefined,
): Change {
  const tries = (run.deliveries[index]?.tries ?? 0) + 1
  if (result?.receipt)
    return { state: 'delivered', tries, location: result.receipt.location, isVerified: result.receipt.verified }
  const problem = result?.error ?? { ...(error ?? asProblem(new Error('no result'))), class: 'retryable' }
  const { code, message, remedy } = problem
  const now = edge.clock.now()
  const retryAfterMs = 'retryAfterMs' in problem ? problem.retryAfterMs : undefined
  const nextTryAt = new Date(now.getTime() + backOffMs(tries, problem.class, retryAfterMs, edge.random()))
  const givenUp = nextTryAt.getTime() - Date.parse(run.endedAt ?? run.slot) > edge.deliverWithinMs
  const shown = { code, message: edge.redact(message), ...(remedy ? { remedy } : {}) }
  edge.log.warn({ run: run.job, target: run.deliveries[index]?.uploader, tries, problem: shown, givenUp }, 'delivery failed')
  return { state: givenUp ? 'failed' : 'pending', tries, error: shown, nextTryAt: nextTryAt.toISOString() }
}

/** Records a target's state; the last one settles the run and clears the outbox. */
async function settle(edge: OutboxEdge, name: string, index: number, change: Change): Promise<void> {
  const ended = edge.clock.now()
  const apply = (run: Run): Run => ({
    ...run,
    deliveries: run.deliveries.map((delivery, at) => (at === index ? clean({ ...delivery, ...change }) : delivery)),
  })
  const current = allRuns(edge).find((kept) => kept.name === name)
  const after = current && apply(current.run)
  const isLast = after?.deliveries.every((delivery) => delivery.state !== 'pending') ?? false
  if (!isLast) return void (await changeRun(edge, name, apply))
  const lost = after?.deliveries.find((delivery) => delivery.state === 'failed')
  // What could not be delivered is kept here; what was delivered needs no second copy.
  const path =
    lost && after?.bundle?.path ? await placeBundle(after.bundle.path, join(edge.folders.bundles, jobOf(name))) : undefined
  await changeRun(edge, name, (run) => {
    const { path: _, ...bundle } = run.bundle ?? { fileName: '', bytes: 0, sha256: '', files: 0, isPartial: false }
    return endRun(
      { ...apply(run), bundle: { ...bundle, ...(path ? { path } : {}) } },
      lost ? 'failed' : 'completed',
      ended,
      lost?.error,
    )
  })
  await rm(join(edge.folders.outbox, name), { recursive: true, force: true })
}

/** A delivered one has no next try and no error any more. */
function clean(delivery: Delivery): Delivery {
  const { nextTryAt, error, ...rest } = delivery
  if (delivery.state === 'delivered') return rest
  return { ...rest, ...(error ? { error } : {}), ...(nextTryAt && delivery.state === 'pending' ? { nextTryAt } : {}) }
}

function specOf(edge: OutboxEdge, run: Run): JobSpec | undefined {
  const stored = edge.mirror.of('job').get(run.job)
  return stored && stored.uid === run.jobUid ? viewOf(stored).plan?.spec : undefined
}

const gone = (run: Run, index: number) =>
  fail('UPLOAD_FAILED', {
    name: run.deliveries[index]?.uploader ?? 'unknown',
    reason: 'the job no longer names this target',
    remedy: 'the bundle is kept on this machine',
  })

async function readState(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    // None yet, or half-written: the uploader begins anew.
    return undefined
  }
}

async function writeState(path: string, value: unknown): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
  await writeFile(path, JSON.stringify(value), { mode: 0o600 })
}
