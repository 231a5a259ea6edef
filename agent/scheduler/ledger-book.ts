import { fail, isFailure, ProductError, reasonOf } from '../../core/errors.ts'
import { decodeLedger, isClosed, isRecorded, type LedgerPage, openLedger, pageFor, record } from '../../core/ledger.ts'
import { LABEL_JOB, ledgerName, statusName } from '../../core/names.ts'
import { encodeDocument } from '../../core/run.ts'
import { decodeStatus } from '../../core/status.ts'
import type { Ref, Stored } from '../../core/store/store.ts'
import type { SchedulerEdge } from './edge.ts'
import type { JobView } from './job-view.ts'
import { lineOf } from './run-line.ts'
import { type KeptRun, keptRun } from './runs.ts'

const decoded = new WeakMap<Stored, LedgerPage | ProductError>()

function decodeOnce(stored: Stored): LedgerPage | ProductError {
  let page = decoded.get(stored)
  if (page) return page
  try {
    page = decodeLedger(stored.text)
  } catch (error) {
    page = isFailure(error, 'STORE_NEWER') ? error : fail('LEDGER_DAMAGED', { name: stored.name, reason: reasonOf(error) }, error)
  }
  decoded.set(stored, page)
  return page
}

/** The newest page of a job's ledger; undefined when there is none, or it cannot be read. */
export function readLedger(edge: Pick<SchedulerEdge, 'mirror'>, job: string): LedgerPage | undefined {
  const stored = edge.mirror.ledger(job)
  const page = stored && decodeOnce(stored)
  return page instanceof ProductError ? undefined : page
}

/** Why a job's ledger cannot be read. It is not written then, ever: what it holds may be better than what we know. */
export function ledgerProblem(edge: Pick<SchedulerEdge, 'mirror'>, job: string): ProductError | undefined {
  const stored = edge.mirror.ledger(job)
  const page = stored && decodeOnce(stored)
  return page instanceof ProductError ? page : undefined
}

/**
 * Changes a job's ledger and writes it, before anything that the change settles takes effect. `change` may be called again
 * when someone else wrote meanwhile, and decides anew then. Returns the page as it is now. Throws LEDGER_DAMAGED and
 * STORE_NEWER for a page that cannot be read, besides what the store throws.
 */
export async function keep(edge: SchedulerEdge, view: JobView, change: (page: LedgerPage) => LedgerPage): Promise<LedgerPage> {
  const page = await rewrite(edge, view.name, (known, current) => change(pageOf(edge, view, known, current)))
  if (!page) throw fail('INTERNAL', { reason: 'a ledger without a page' })
  return page
}

/** Notes in a ledger that its job is gone, once, with what became of the runs that went with it. */
export async function closeLedger(edge: SchedulerEdge, job: string): Promise<LedgerPage | undefined> {
  return rewrite(edge, job, (known, current) => (known && isClosed(known) ? known : current && closed(edge, current)))
}

function closed(edge: SchedulerEdge, page: LedgerPage): LedgerPage {
  if (isClosed(page)) return page
  const now = edge.clock.now()
  const open = openRuns(edge, page)
  return record(page, [...open.map((kept) => lineOf(kept)), { type: 'deleted', at: now.toISOString() }], now)
}

/** The runs of a page's job that have no line yet, those included that went with the job. */
export function openRuns(edge: Pick<SchedulerEdge, 'mirror'>, page: LedgerPage): KeptRun[] {
  if (isClosed(page)) return []
  const objects = [...edge.mirror.goneRuns(page.job), ...edge.mirror.ofJob('run', page.job)]
  const runs = [...new Map(objects.map((stored) => [stored.name, stored])).values()].flatMap((stored) => keptRun(stored) ?? [])
  return runs.filter(({ name, run }) => run.jobUid === page.jobUid && !isRecorded(page, name))
}

/** The page to go on with: opened at a job's first sight, and anew when another job has taken the name. */
function pageOf(edge: SchedulerEdge, view: JobView, known: LedgerPage | undefined, current: LedgerPage | undefined): LedgerPage {
  if (known?.jobUid === view.uid && current) return current
  const { plan, specHash } = view
  const observed = { specHash, schedule: plan?.lines ?? [], timeZone: plan?.spec.timeZone ?? 'UTC' }
  return openLedger(view, observed, edge.clock.now(), current && closed(edge, current), known ? undefined : lastSeen(edge, view))
}

/** When an agent last had a ledger of this job: a status is only written after it. What was before is not judged again. */
function lastSeen(edge: SchedulerEdge, view: JobView): Date | undefined {
  const status = decodeStatus(edge.mirror.of('status').get(statusName(view.name))?.text ?? '')
  return status?.id === view.uid ? new Date(status.updatedAt) : undefined
}

type Next = (known: LedgerPage | undefined, current: LedgerPage | undefined) => LedgerPage | undefined

/** `known` is the newest page as it is stored, `current` the one of this month that goes on from it. */
async function rewrite(edge: SchedulerEdge, job: string, next: Next): Promise<LedgerPage | undefined> {
  for (let tries = 0; ; tries++) {
    const problem = ledgerProblem(edge, job)
    if (problem) throw problem
    const before = edge.mirror.ledger(job)
    const known = readLedger(edge, job)
    const page = next(known, known && before && goOn(known, before, edge.clock.now()))
    if (!page || page === known || (known && JSON.stringify(known) === JSON.stringify(page))) return page
    try {
      await write(edge, page, before)
      return page
    } catch (error) {
      if (tries >= 5 || !isFailure(error, 'STORE_CONFLICT', 'STORE_EXISTS', 'STORE_GONE')) throw error
      if (before) await edge.mirror.refresh(before)
      await edge.mirror.refresh(ledgerRef(edge, page))
    }
  }
}

/** A closed page is gone on from on the next one, even when the clock went back into its month. */
function goOn(page: LedgerPage, stored: Stored, now: Date): LedgerPage {
  const next = pageFor(page, now)
  if (next !== page || !stored.isSealed) return next
  return pageFor(page, new Date(Date.UTC(Number(page.month.slice(0, 4)), Number(page.month.slice(4)), 1)))
}

const ledgerRef = (edge: SchedulerEdge, page: LedgerPage): Ref => ({
  kind: 'ledger',
  namespace: edge.namespace,
  name: ledgerName(page.job, page.month),
})

/** A new month is a new object. The old one is closed first: nobody can add to it what the new one would not know. */
async function write(edge: SchedulerEdge, page: LedgerPage, before: Stored | undefined): Promise<void> {
  const ref = ledgerRef(edge, page)
  const document = { text: encodeDocument(page), labels: { [LABEL_JOB]: page.job } }
  if (before?.name === ref.name) return edge.mirror.put(await edge.store.update(ref, document, before.version))
  if (before && !before.isSealed)
    await edge.store.seal(before, { text: before.text, labels: before.labels, annotations: before.annotations }, before.version)
  edge.mirror.put(await edge.store.create(ref, document))
}
