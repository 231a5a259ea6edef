import { jobOf } from '../../core/names.ts'
import type { SchedulerEdge } from './edge.ts'
import { closeLedger, ledgerProblem } from './ledger-book.ts'

/** The record of a deleted job is kept this long. */
const KEPT_MS = 90 * 86_400_000

/** Notes in a ledger that its job was deleted, once; removes the ledger when that was long ago. One that cannot be read stays as it is. */
export async function bury(edge: SchedulerEdge, job: string): Promise<void> {
  if (!edge.mirror.ledger(job) || ledgerProblem(edge, job)) return
  const page = await closeLedger(edge, job)
  edge.mirror.goneRuns(job, 'forget')
  const last = page?.entries.at(-1)
  if (last?.type === 'deleted' && edge.clock.now().getTime() - Date.parse(last.at) > KEPT_MS) await removeAll(edge, job)
}

async function removeAll(edge: SchedulerEdge, job: string): Promise<void> {
  for await (const stored of edge.store.list('ledger', edge.namespace)) {
    if (jobOf(stored.name) !== job) continue
    await edge.store.remove(stored)
    edge.mirror.drop(stored)
  }
}
