import { type LedgerEntry, type LedgerPage, record } from '../../core/ledger.ts'
import { isSettled } from '../../core/run.ts'
import type { SchedulerEdge } from './edge.ts'
import type { JobView } from './job-view.ts'
import { keep } from './ledger-book.ts'
import { type KeptRun, runRef, runsOf } from './runs.ts'

/** Settled runs that stay objects, besides the last good one. */
const KEPT = 3

/** The settled runs of a job that become ledger lines: all but the last few and the last good one. Pure. */
export function toCompact(runs: readonly KeptRun[]): KeptRun[] {
  const settled = runs
    .filter(({ run }) => isSettled(run))
    .toSorted((a, b) => (a.run.endedAt ?? '').localeCompare(b.run.endedAt ?? ''))
  const lastGood = settled.findLast(({ run }) => run.outcome === 'completed')
  return settled.slice(0, -KEPT).filter((kept) => kept !== lastGood)
}

/** Turns old runs into ledger lines: each object goes only after its line is kept. */
export async function compact(edge: SchedulerEdge, view: JobView, page: LedgerPage): Promise<LedgerPage> {
  const old = toCompact(runsOf(edge, view.name, view.uid))
  if (old.length === 0) return page
  const kept = await keep(edge, view, (before) => {
    const known = new Set(before.entries.flatMap((entry) => (entry.type === 'run' ? [entry.run] : [])))
    const slots = old.filter(({ run }) => run.trigger === 'schedule').map(({ run }) => run.slot)
    const last = slots.toSorted().at(-1)
    return record(before, old.filter(({ name }) => !known.has(name)).map(lineOf), last === undefined ? undefined : new Date(last))
  })
  for (const { name, stored } of old) {
    await edge.store.remove(runRef(edge, name), stored.version)
    edge.mirror.drop(stored)
  }
  return kept
}

function lineOf({ name, run }: KeptRun): LedgerEntry {
  const location = run.deliveries.find((delivery) => delivery.location)?.location ?? run.bundle?.path
  return {
    type: 'run',
    run: name,
    slot: run.slot,
    trigger: run.trigger,
    outcome: run.outcome ?? 'failed',
    ...(run.startedAt ? { startedAt: run.startedAt } : {}),
    ...(run.endedAt ? { endedAt: run.endedAt } : {}),
    ...(run.bundle ? { bytes: run.bundle.bytes } : {}),
    ...(location ? { location } : {}),
    ...(run.error ? { error: run.error.message.slice(0, 300) } : {}),
  }
}
