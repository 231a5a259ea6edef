import { isFailure } from '../../core/errors.ts'
import { record } from '../../core/ledger.ts'
import { jobOf, LABEL_JOB } from '../../core/names.ts'
import { encodeDocument } from '../../core/run.ts'
import type { SchedulerEdge } from './edge.ts'
import { readLedger } from './ledger-book.ts'

/** The record of a deleted job is kept this long. */
const KEPT_MS = 90 * 86_400_000

/** Notes in a ledger that its job was deleted, once; removes the ledger when that was long ago. */
export async function bury(edge: SchedulerEdge, job: string): Promise<void> {
  const stored = edge.mirror.ledger(job)
  const page = readLedger(edge, job)
  if (!stored || !page) return
  const now = edge.clock.now()
  const last = page.entries.at(-1)
  if (last?.type === 'deleted') {
    if (now.getTime() - Date.parse(last.at) > KEPT_MS) await removeAll(edge, job)
    return
  }
  const noted = record(page, [{ type: 'deleted', at: now.toISOString() }], now)
  try {
    edge.mirror.put(
      await edge.store.update(stored, { text: encodeDocument(noted), labels: { [LABEL_JOB]: job } }, stored.version),
    )
  } catch (error) {
    if (!isFailure(error, 'STORE_CONFLICT', 'STORE_GONE')) throw error
    await edge.mirror.refresh(stored)
  }
}

async function removeAll(edge: SchedulerEdge, job: string): Promise<void> {
  for await (const stored of edge.store.list('ledger', edge.namespace)) {
    if (jobOf(stored.name) !== job) continue
    await edge.store.remove(stored)
    edge.mirror.drop(stored)
  }
}
