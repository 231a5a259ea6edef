import type { Drift } from '../../core/drift.ts'
import type { LedgerEntry } from '../../core/ledger.ts'
import { shorten } from '../../core/run.ts'
import type { KeptRun } from './runs.ts'

/** A run as a line of the ledger. One that has not ended was cut off, by the end of its job. */
export function lineOf({ name, run }: KeptRun): LedgerEntry {
  const location = run.deliveries.find((delivery) => delivery.location)?.location ?? run.bundle?.path
  return {
    type: 'run',
    run: name,
    slot: run.slot,
    trigger: run.trigger,
    outcome: run.outcome ?? 'interrupted',
    ...(run.startedAt ? { startedAt: run.startedAt } : {}),
    ...(run.endedAt ? { endedAt: run.endedAt } : {}),
    ...(run.bundle ? { bytes: run.bundle.bytes } : {}),
    ...(location ? { location: shorten(location, 1024) } : {}),
    ...(run.drift ? { drift: countsOf(run.drift) } : {}),
    ...(run.error ? { error: shorten(run.error.message, 300) } : {}),
  }
}

const countsOf = ({ baseline: _, reason: __, ...counts }: Drift) => counts
