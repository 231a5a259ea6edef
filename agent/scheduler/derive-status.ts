import type { Problem } from '../../core/errors.ts'
import { isRecorded, type LedgerPage, totals } from '../../core/ledger.ts'
import { isSettled, type Run, runState, shorten } from '../../core/run.ts'
import type { Condition, JobStatus } from '../../core/status.ts'
import { conditionsOf, type Fact } from './conditions.ts'
import type { JobView } from './job-view.ts'
import type { KeptRun } from './runs.ts'

const NEXT_SLOTS = 5
/** Longest texts, in bytes: a status of 32 KiB must hold all of them. */
const LONGEST_ERROR = 2_000
const LONGEST_SCHEDULE = 4_000

/** What a status is made of. */
export interface StatusFacts {
  view: JobView
  /** absent when the ledger cannot be read: then nothing is due */
  page: LedgerPage | undefined
  runs: readonly KeptRun[]
  /** what is wrong with the job's records; the first says what to do */
  troubles: readonly Problem[]
}

/** A job's status from what is recorded. Pure: with the previous one lost, the same is made again, but for `at` and `updatedAt`. */
export function deriveStatus(facts: StatusFacts, now: Date, before?: JobStatus): JobStatus {
  const { view, page, troubles } = facts
  const { plan } = view
  const runs = page ? facts.runs.filter(({ name }) => !isRecorded(page, name)) : facts.runs
  const last = runs.findLast(({ run }) => run.phase !== 'claimed') ?? runs.at(-1)
  const counts = page ? totals(page) : {}
  const compacted = (counts.completed ?? 0) + (counts.failed ?? 0) + (counts.interrupted ?? 0)
  const lastError = (page ? undefined : troubles[0]?.message) ?? last?.run.error?.message ?? view.invalid?.message
  return {
    schema: 1,
    id: view.uid,
    observedVersion: view.version,
    observedSpecHash: view.specHash,
    state: page ? stateOf(view, runs, last?.run) : 'invalid',
    isPaused: view.paused !== undefined,
    description: plan?.spec.description ?? '',
    schedule: shorten(plan?.lines.join('; ') ?? '', LONGEST_SCHEDULE),
    timeZone: plan?.spec.timeZone ?? '',
    targets: plan?.spec.upload.map((target) => target.uploader) ?? [],
    ...(plan?.spec.collect.auto ? { auto: plan.spec.collect.auto } : {}),
    nextSlots: page ? nextSlots(view, now) : [],
    runCount: page ? compacted + runs.length : (before?.runCount ?? runs.length),
    ...(last ? { lastRun: showRun(last) } : {}),
    ...(lastError === undefined ? {} : { lastError: shorten(lastError, LONGEST_ERROR) }),
    conditions: conditionsOf(view, runs, troubles).map((fact) => since(fact, now, before)),
    updatedAt: now.toISOString(),
  }
}

function stateOf(view: JobView, runs: readonly KeptRun[], last: Run | undefined): JobStatus['state'] {
  if (!view.plan) return 'invalid'
  if (runs.some(({ run }) => run.phase === 'running')) return 'running'
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
    ...(run.drift ? { drift: run.drift } : {}),
  }
}

function since(fact: Fact, now: Date, before: JobStatus | undefined): Condition {
  const old = before?.conditions.find((condition) => condition.type === fact.type)
  return { ...fact, at: old && old.status === fact.status ? old.at : now.toISOString() }
}
