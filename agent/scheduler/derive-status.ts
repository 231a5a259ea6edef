import type { LedgerPage } from '../../core/ledger.ts'
import { totals } from '../../core/ledger.ts'
import { isActive, isSettled, type Run, runState } from '../../core/run.ts'
import type { Condition, JobStatus } from '../../core/status.ts'
import type { JobView } from './job-view.ts'
import type { KeptRun } from './runs.ts'

const NEXT_SLOTS = 5

/** A job's status from what is recorded. Pure: with the previous one lost, the same is made again, but for `at` and `updatedAt`. */
export function deriveStatus(
  view: JobView,
  page: LedgerPage,
  runs: readonly KeptRun[],
  now: Date,
  before?: JobStatus,
): JobStatus {
  const { plan } = view
  const last = runs.findLast(({ run }) => run.phase !== 'claimed') ?? runs.at(-1)
  const counts = totals(page)
  const compacted = (counts.completed ?? 0) + (counts.failed ?? 0) + (counts.interrupted ?? 0)
  const lines = new Set(page.entries.flatMap((entry) => (entry.type === 'run' ? [entry.run] : [])))
  return {
    schema: 1,
    id: view.uid,
    observedSpecHash: view.specHash,
    state: stateOf(view, runs, last?.run),
    isPaused: view.paused !== undefined,
    description: plan?.spec.description ?? '',
    schedule: plan?.lines.join('; ') ?? '',
    timeZone: plan?.spec.timeZone ?? '',
    targets: plan?.spec.upload.map((target) => target.uploader) ?? [],
    nextSlots: nextSlots(view, now),
    runCount: compacted + runs.filter(({ name }) => !lines.has(name)).length,
    ...(last ? { lastRun: showRun(last) } : {}),
    ...(last?.run.error ? { lastError: last.run.error.message } : view.invalid ? { lastError: view.invalid.message } : {}),
    conditions: conditionsOf(view, runs).map((condition) => since(condition, now, before)),
    updatedAt: now.toISOString(),
  }
}

function stateOf(view: JobView, runs: readonly KeptRun[], last: Run | undefined): JobStatus['state'] {
  if (!view.plan) return 'invalid'
  if (runs.some(({ run }) => isActive(run) && run.phase === 'running')) return 'running'
  if (view.paused !== undefined) return 'disabled'
  if (!last || !isSettled(last)) return last?.phase === 'delivering' ? 'running' : 'pending'
  return last.outcome === 'completed' ? 'completed' : 'failed'
}

function nextSlots(view: JobView, now: Date): string[] {
  if (!view.plan || view.paused !== undefined) return []
  const slots: string[] = []
  for (let at = view.plan.schedule.next(now); at && slots.length < NEXT_SLOTS; at = view.plan.schedule.next(at))
    slots.push(at.toISOString())
  return slots
}

function showRun({ name, run }: KeptRun): NonNullable<JobStatus['lastRun']> {
  const delivery = run.deliveries.map((one) => `${one.uploader}: ${one.state}`).join(', ')
  const location = run.deliveries.find((one) => one.location)?.location ?? run.bundle?.path
  return {
    name,
    state: runState(run),
    ...(run.startedAt ? { startedAt: run.startedAt } : {}),
    ...(run.endedAt ? { endedAt: run.endedAt } : {}),
    ...(delivery ? { delivery } : {}),
    ...(location ? { location } : {}),
  }
}

type Fact = Omit<Condition, 'at'>

function conditionsOf(view: JobView, runs: readonly KeptRun[]): Fact[] {
  const { invalid, unknown } = view
  const facts: Fact[] = [
    invalid
      ? {
          type: 'Valid',
          status: 'False',
          reason: 'Invalid',
          message: invalid.message,
          ...(invalid.remedy ? { remedy: invalid.remedy } : {}),
        }
      : { type: 'Valid', status: 'True', reason: 'Accepted', message: 'the job can run' },
  ]
  if (unknown.length > 0) {
    const message = `ignored: ${unknown.map((issue) => issue.path).join(', ')}`
    facts.push({ type: 'Degraded', status: 'True', reason: 'UnknownKey', message, remedy: 'upgrade, or remove the keys' })
  }
  const collected = runs.findLast(({ run }) => isSettled(run) || run.phase === 'delivering')?.run
  if (collected) facts.push(collectedFact(collected))
  const delivered = runs.findLast(({ run }) => run.deliveries.length > 0)?.run
  if (delivered) facts.push(deliveredFact(delivered))
  return facts
}

function collectedFact(run: Run): Fact {
  if (run.bundle)
    return {
      type: 'Collected',
      status: 'True',
      reason: run.bundle.isPartial ? 'Partial' : 'Complete',
      message: `bundle ${run.bundle.fileName}`,
    }
  const { error } = run
  const remedy = error?.remedy ? { remedy: error.remedy } : {}
  return {
    type: 'Collected',
    status: 'False',
    reason: run.outcome === 'interrupted' ? 'Interrupted' : 'Failed',
    message: error?.message ?? 'no bundle was made',
    ...remedy,
  }
}

function deliveredFact(run: Run): Fact {
  const open = run.deliveries.find((delivery) => delivery.state !== 'delivered')
  if (!open) return { type: 'Delivered', status: 'True', reason: 'Delivered', message: `all of ${run.deliveries.length}` }
  const reason = open.state === 'failed' ? 'GivenUp' : open.tries > 0 ? 'Retrying' : 'Pending'
  const remedy = open.error?.remedy ? { remedy: open.error.remedy } : {}
  return {
    type: 'Delivered',
    status: 'False',
    reason,
    message: `${open.uploader}: ${open.error?.message ?? 'not tried yet'}`,
    ...remedy,
  }
}

function since(fact: Fact, now: Date, before: JobStatus | undefined): Condition {
  const old = before?.conditions.find((condition) => condition.type === fact.type)
  return { ...fact, at: old && old.status === fact.status ? old.at : now.toISOString() }
}
