import { isFailure } from '../../core/errors.ts'
import { decodeLedger, type LedgerEntry, type LedgerPage, openLedger, pageFor } from '../../core/ledger.ts'
import { LABEL_JOB, ledgerName } from '../../core/names.ts'
import { encodeDocument, type Outcome } from '../../core/run.ts'
import type { Schedule } from '../../core/schedule/cron.ts'
import type { Ref, Stored } from '../../core/store/store.ts'
import type { SchedulerEdge } from './edge.ts'
import type { JobView } from './job-view.ts'

const decoded = new WeakMap<Stored, LedgerPage>()

/** The newest page of a job's ledger; undefined when there is none. Throws what decodeLedger does. */
export function readLedger(edge: Pick<SchedulerEdge, 'mirror'>, job: string): LedgerPage | undefined {
  const stored = edge.mirror.ledger(job)
  if (!stored) return undefined
  const page = decoded.get(stored) ?? decodeLedger(stored.text)
  decoded.set(stored, page)
  return page
}

/** The page to go on with: opened at a job's first sight, and anew when another job has taken the name. */
export function currentPage(edge: SchedulerEdge, view: JobView): LedgerPage {
  const page = readLedger(edge, view.name)
  const now = edge.clock.now()
  if (page?.jobUid === view.uid) return pageFor(page, now)
  const { plan, specHash } = view
  const observed = { specHash, schedule: plan?.lines ?? [], timeZone: plan?.spec.timeZone ?? 'UTC' }
  return openLedger(view.name, view.uid, observed, view.createdAt, now, page && pageFor(page, now))
}

/**
 * Changes a job's ledger and writes it, before anything that the change settles takes effect. `change` may be called again
 * when someone else wrote meanwhile. Returns the page as it is now.
 */
export async function keep(edge: SchedulerEdge, view: JobView, change: (page: LedgerPage) => LedgerPage): Promise<LedgerPage> {
  for (let tries = 0; ; tries++) {
    const before = edge.mirror.ledger(view.name)
    const page = change(currentPage(edge, view))
    if (before && JSON.stringify(decodeLedger(before.text)) === JSON.stringify(page)) return page
    try {
      await write(edge, page, before)
      return page
    } catch (error) {
      if (tries >= 5 || !isFailure(error, 'STORE_CONFLICT', 'STORE_EXISTS', 'STORE_GONE')) throw error
      await edge.mirror.refresh(ledgerRef(edge, page))
    }
  }
}

const ledgerRef = (edge: SchedulerEdge, page: LedgerPage): Ref => ({
  kind: 'ledger',
  namespace: edge.namespace,
  name: ledgerName(page.job, page.month),
})

/** A new month is a new object; the old one is closed for good only after the new one is there. */
async function write(edge: SchedulerEdge, page: LedgerPage, before: Stored | undefined): Promise<void> {
  const ref = ledgerRef(edge, page)
  const document = { text: encodeDocument(page), labels: { [LABEL_JOB]: page.job } }
  if (before?.name === ref.name) return edge.mirror.put(await edge.store.update(ref, document, before.version))
  edge.mirror.put(await edge.store.create(ref, document))
  if (before && !before.isSealed)
    await edge.store.seal(before, { text: before.text, labels: before.labels, annotations: before.annotations }, before.version)
}

/** Most slots that are counted one by one. */
const MAX_COUNT = 10_000

/** The slots in (after, upTo] as one ledger entry; none when there are none. */
export function slotsBetween(schedule: Schedule, after: Date, upTo: Date, outcome: Outcome, now: Date): LedgerEntry[] {
  const slots = schedule.between(after, upTo, MAX_COUNT)
  const [first, last] = [slots[0], slots.length < MAX_COUNT ? slots.at(-1) : schedule.latest(upTo)]
  if (!first || !last) return []
  const isCapped = slots.length >= MAX_COUNT ? { isCountCapped: true } : {}
  return [
    {
      type: 'slots',
      from: first.toISOString(),
      to: last.toISOString(),
      count: slots.length,
      ...isCapped,
      outcome,
      at: now.toISOString(),
    },
  ]
}
