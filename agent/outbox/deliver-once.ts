import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asProblem, fail, isFailure, type Problem, type ProductError } from '../../core/errors.ts'
import type { JobSpec } from '../../core/job.ts'
import { jobOf } from '../../core/names.ts'
import { type BundleFacts, completeRun, type Delivery, type Run } from '../../core/run.ts'
import type { DeliverRequest, DeliverResult } from '../../core/task.ts'
import { type ExecuteEdge, redacted } from '../scheduler/execute.ts'
import { viewOf } from '../scheduler/job-view.ts'
import { changeRun, insistOn, type KeptRun, keptRun } from '../scheduler/runs.ts'
import { backOffMs } from './back-off.ts'
import { findBundle, placeBundle } from './bundles.ts'
import { collectAgain } from './collect-again.ts'
import { openTryState } from './try-state.ts'

export interface DeliverEdge extends ExecuteEdge {
  /** in [0, 1) */
  random(): number
  deliverWithinMs: number
}

const TRY_MS = 3_600_000
const TASK_BYTES = 512 * 2 ** 20

/** One try at one target of a run, and the record of how it went. `index` is the target's; -1 only closes the run. */
export async function deliverOnce(edge: DeliverEdge, kept: KeptRun, index: number, signal: AbortSignal): Promise<void> {
  const { name, run } = kept
  const delivery = run.deliveries[index]
  const path = run.bundle && (await findBundle(run.bundle, keptFolder(edge, name)))
  if (!delivery) return settle(edge, kept, index, {}, signal)
  const target = targetOf(edge, run, index)
  if ('problem' in target)
    return settle(edge, kept, index, retry(edge, kept, index, { ...target.problem, class: 'config' }), signal)
  if (!target.found) return settle(edge, kept, index, gaveUp(notNamed(delivery.uploader)), signal)
  if (!run.bundle || !path) {
    if (await collectAgain(edge, kept)) return
    return settle(edge, kept, index, gaveUp(fail('DELIVERY_LOST', { run: name, name: delivery.uploader })), signal)
  }

  const { uploader, config, credentials } = target.found
  const refusal = edge.outside.refusesUploader(uploader)
  if (refusal) return settle(edge, kept, index, gaveUp(refusal), signal)
  let secrets: Record<string, string> = {}
  try {
    if (credentials) secrets = await edge.outside.secret(credentials.secret)
  } catch (error) {
    return settle(edge, kept, index, retry(edge, kept, index, { ...asProblem(error), class: 'permission' }), signal)
  }
  const state = openTryState(join(edge.folders.outbox, name, `state-${index}.json`))
  const request: DeliverRequest = {
    task: 'deliver',
    run: { id: name, job: run.job, namespace: edge.namespace, slot: run.slot, trigger: run.trigger },
    target: { uploader, config, secrets },
    bundle: { path, fileName: run.bundle.fileName, size: run.bundle.bytes, sha256: run.bundle.sha256 },
    state: await state.read(),
    network: edge.outside.network(),
    timeoutMs: TRY_MS,
    pluginFolders: [edge.folders.plugins],
  }
  const outcome = await edge.tasks.start(request, {
    timeoutMs: TRY_MS + 10_000,
    memoryBytes: TASK_BYTES,
    signal,
    onState: (value) => state.keep(value),
  })
  await state.settled()
  const receipt = outcome.result?.receipt
  // Stopping is no failure of the target: the try does not count.
  if (signal.aborted && !receipt) return
  const failure = () => retry(edge, kept, index, problemOf(outcome.result, outcome.error && asProblem(outcome.error)))
  if (!receipt) return settle(edge, kept, index, failure(), signal)
  try {
    const delivered = { state: 'delivered' as const, location: receipt.location, isVerified: receipt.verified }
    await settle(edge, kept, index, { ...delivered, tries: delivery.tries + 1 }, signal)
  } catch (error) {
    // A receipt that is none: the uploader is at fault, and may be mended.
    if (!isFailure(error, 'TASK_PROTOCOL')) throw error
    await settle(edge, kept, index, retry(edge, kept, index, { ...asProblem(error), class: 'bug' }), signal)
  }
}

const notNamed = (name: string) =>
  fail('UPLOAD_FAILED', { name, reason: 'the job no longer names this target', remedy: 'the bundle is kept on this machine' })

const keptFolder = (edge: DeliverEdge, name: string) => join(edge.folders.bundles, jobOf(name))

/** The job's settings for a target, as they are now. A job that is invalid for the moment is no reason to give up. */
function targetOf(
  edge: DeliverEdge,
  run: Run,
  index: number,
): { found: JobSpec['upload'][number] | undefined } | { problem: Problem } {
  const stored = edge.mirror.of('job').get(run.job)
  const view = stored && stored.uid === run.jobUid ? viewOf(stored) : undefined
  if (view?.invalid) return { problem: view.invalid }
  const { uploader } = run.deliveries[index] ?? { uploader: '' }
  // Targets are known by their uploader, and several of one uploader by their order.
  const before = run.deliveries.slice(0, index).filter((other) => other.uploader === uploader).length
  return { found: view?.plan?.spec.upload.filter((other) => other.uploader === uploader)[before] }
}

type Failure = Problem & { class: string; retryAfterMs?: number | undefined }
type Change = Partial<Delivery>

/** What a task said, or how it ended. Its texts crossed a process border: they may be anything. */
function problemOf(result: DeliverResult | undefined, error: Problem | undefined): Failure {
  const said = result?.error
  if (!said) return { ...(error ?? asProblem(new Error('the task gave no result'))), class: 'retryable' }
  const { code, message, remedy, retryAfterMs } = said
  return {
    code: String(code),
    message: String(message),
    ...(remedy ? { remedy: String(remedy) } : {}),
    class: String(said.class),
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
  }
}

/** Another try after a pause; none when that would be after the time a delivery may take. */
function retry(edge: DeliverEdge, { name, run }: KeptRun, index: number, failure: Failure): Change {
  const tries = (run.deliveries[index]?.tries ?? 0) + 1
  const nextTryAt = new Date(edge.clock.now().getTime() + backOffMs(tries, failure.class, failure.retryAfterMs, edge.random()))
  const isGivenUp = nextTryAt.getTime() - Date.parse(run.endedAt ?? run.slot) > edge.deliverWithinMs
  const error = redacted(failure, edge.redact)
  edge.log.warn({ run: name, target: run.deliveries[index]?.uploader, tries, problem: error, isGivenUp }, 'delivery failed')
  return { state: isGivenUp ? 'failed' : 'pending', tries, error, nextTryAt: nextTryAt.toISOString() }
}

const gaveUp = (reason: ProductError): Change => ({ state: 'failed', error: asProblem(reason) })

/** Records a target's state; the last one settles the run and clears the outbox. */
async function settle(edge: DeliverEdge, kept: KeptRun, index: number, change: Change, signal: AbortSignal): Promise<void> {
  const { name } = kept
  const ended = edge.clock.now()
  const apply = (run: Run): Run => {
    if (run.phase !== 'delivering') throw fail('STORE_CONFLICT', { kind: 'run', name })
    return { ...run, deliveries: run.deliveries.map((one, at) => (at === index ? clean({ ...one, ...change }) : one)) }
  }
  const stored = edge.mirror.of('run').get(name)
  const after = apply((stored && keptRun(stored)?.run) ?? kept.run)
  if (after.deliveries.some((delivery) => delivery.state === 'pending')) return void (await changeRun(edge, kept, apply))
  const isLost = after.deliveries.some((delivery) => delivery.state === 'failed')
  // What could not be delivered is kept here; what was delivered needs no second copy.
  const found = isLost && after.bundle ? await findBundle(after.bundle, keptFolder(edge, name)) : undefined
  const path = found && (await placeBundle(found, keptFolder(edge, name), edge.folders.open))
  await insistOn(edge, kept, signal, (run) => {
    const ending = apply(run)
    const lost = ending.deliveries.find((delivery) => delivery.state === 'failed')
    const bundle = ending.bundle && { bundle: lyingAt(ending.bundle, path) }
    return completeRun({ ...ending, ...bundle }, ended, lost?.error)
  })
  await rm(join(edge.folders.outbox, name), { recursive: true, force: true })
}

/** A bundle with where it lies now, if anywhere. */
const lyingAt = ({ path: _, ...facts }: BundleFacts, path: string | undefined): BundleFacts => ({
  ...facts,
  ...(path ? { path } : {}),
})

/** A delivered one has no next try and no error any more. */
function clean({ nextTryAt, error, ...rest }: Delivery): Delivery {
  if (rest.state === 'delivered') return rest
  return { ...rest, ...(error ? { error } : {}), ...(nextTryAt && rest.state === 'pending' ? { nextTryAt } : {}) }
}
