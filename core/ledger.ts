import * as z from 'zod'
import { monthOf } from './names.ts'
import { decodeDocument, DriftFacts, encodeDocument, OUTCOMES, type Outcome } from './run.ts'

const Instant = z.iso.datetime()

/** Slots that ended without a run, or runs whose objects are gone: a range when there were several in a row. */
const SlotsEntry = z.object({
  type: z.literal('slots'),
  from: Instant,
  to: Instant,
  count: z.int(),
  isCountCapped: z.boolean().optional(),
  outcome: z.enum(OUTCOMES),
  at: Instant.describe('when it was decided'),
  why: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe('inputs of the decision'),
})
const RunEntry = z.object({
  type: z.literal('run'),
  run: z.string(),
  slot: Instant,
  trigger: z.enum(['schedule', 'manual', 'once']),
  outcome: z.enum(OUTCOMES),
  startedAt: Instant.optional(),
  endedAt: Instant.optional(),
  bytes: z.int().optional(),
  location: z.string().optional(),
  error: z.string().optional(),
  drift: DriftFacts.omit({ baseline: true, reason: true }).optional(),
})
const EventEntry = z.object({
  type: z.enum(['created', 'edited', 'invalid', 'paused', 'resumed', 'clock', 'delivery-lost', 'deleted']),
  at: Instant,
  note: z.string().optional(),
})
const Entry = z.discriminatedUnion('type', [SlotsEntry, RunEntry, EventEntry])
export type LedgerEntry = z.infer<typeof Entry>

const Totals = z.partialRecord(z.enum(OUTCOMES), z.int())
export type Totals = Partial<Record<Outcome, number>>

/**
 * `ledger.json`: one page of a job's record, a month each. A record, not a cache: an entry is written before the decision
 * it settles takes effect. `state` and `carried` make the newest page enough to go on from.
 */
export const LedgerPage = z.object({
  schema: z.literal(1),
  job: z.string(),
  jobUid: z.string(),
  month: z.string().regex(/^[0-9]{6}$/),
  state: z.object({
    settledUpTo: Instant.describe('every slot up to here has its outcome, here or as a Run'),
    specHash: z.string(),
    schedule: z.array(z.string()).describe('as last observed: what an edit is compared with'),
    timeZone: z.string(),
    paused: z.object({ at: Instant, reason: z.string() }).optional(),
    isInvalid: z.boolean().optional().describe('as last observed; what was due meanwhile is not caught up'),
    removing: z.array(z.string()).optional().describe('runs that have their line, here or earlier, and whose objects go next'),
  }),
  carried: Totals.describe('totals of all earlier pages and merged entries'),
  earlier: Totals.optional().describe('totals of earlier jobs of this name'),
  entries: z.array(Entry),
})
export type LedgerPage = z.infer<typeof LedgerPage>

/** Reads ledger.json. Throws STORE_NEWER, or an Error whose message says what is wrong. */
export const decodeLedger = (text: string): LedgerPage => decodeDocument(LedgerPage, text, 'the ledger')

/** What a ledger remembers of the job it was last seen with. */
export type Observed = Pick<LedgerPage['state'], 'specHash' | 'schedule' | 'timeZone'>

/**
 * The first page of a job, or of a re-created one that goes on in the page of its name. Slots count from the creation; or
 * from `knownUpTo`, when the record of the time before it was lost.
 */
export function openLedger(
  job: { name: string; uid: string; createdAt: Date },
  observed: Observed,
  now: Date,
  before?: LedgerPage,
  knownUpTo?: Date,
): LedgerPage {
  const isLost = knownUpTo !== undefined && knownUpTo > job.createdAt
  const created: LedgerEntry = { type: 'created', at: job.createdAt.toISOString(), ...(isLost ? { note: LOST } : {}) }
  return shrink({
    schema: 1,
    job: job.name,
    jobUid: job.uid,
    month: before?.month ?? monthOf(now),
    state: { settledUpTo: (isLost ? knownUpTo : job.createdAt).toISOString(), ...observed },
    carried: {},
    ...(before ? { earlier: sum(before.earlier ?? {}, totals(before)) } : {}),
    entries: [...(before?.entries ?? []), created],
  })
}

const LOST = 'the record of the time before was lost'

/** The page for `now`'s month: the same one, or a new one that goes on from it. */
export function pageFor(page: LedgerPage, now: Date): LedgerPage {
  const month = monthOf(now)
  return month <= page.month ? page : { ...page, month, carried: totals(page), entries: [] }
}

/** How many slots and runs ended in each outcome since the job was created. */
export function totals(page: LedgerPage): Totals {
  const created = page.entries.findLastIndex((entry) => entry.type === 'created')
  // With its creation on the page, what was carried to it is an earlier job's.
  const sums: Totals = created >= 0 ? {} : { ...page.carried }
  for (const entry of page.entries.slice(created + 1))
    if ('outcome' in entry) sums[entry.outcome] = (sums[entry.outcome] ?? 0) + (entry.type === 'slots' ? entry.count : 1)
  return sums
}

/** Totals of several jobs. */
export function sum(...all: Totals[]): Totals {
  const sums: Totals = {}
  for (const one of all) for (const outcome of OUTCOMES) if (one[outcome]) sums[outcome] = (sums[outcome] ?? 0) + one[outcome]
  return sums
}

/** True when a run has its line, so that its object only waits to be removed. */
export const isRecorded = (page: LedgerPage, run: string): boolean => page.state.removing?.includes(run) === true

/** True when the job of a page was deleted, and no other one has its name. */
export const isClosed = (page: LedgerPage): boolean => page.entries.at(-1)?.type === 'deleted'

/** Adds entries, and moves `settledUpTo` on; it never goes back. */
export function record(page: LedgerPage, entries: LedgerEntry[], settledUpTo?: Date): LedgerPage {
  const settled =
    settledUpTo && settledUpTo.toISOString() > page.state.settledUpTo ? settledUpTo.toISOString() : page.state.settledUpTo
  if (entries.length === 0 && settled === page.state.settledUpTo) return page
  return shrink({ ...page, state: { ...page.state, settledUpTo: settled }, entries: [...page.entries, ...entries] })
}

/** Largest page in bytes, well below the store's limit: what grows past it loses detail, oldest first, never its count. */
export const PAGE_LIMIT = 96 * 1024

const fits = (page: LedgerPage) => Buffer.byteLength(encodeDocument(page)) <= PAGE_LIMIT

/** Entries with one outcome in a row become one range: instants are lost, the count is kept. */
function fold(entries: readonly LedgerEntry[]): LedgerEntry[] {
  const folded: LedgerEntry[] = []
  for (const entry of entries.map(asSlots)) {
    const last = folded.at(-1)
    const isSame = last?.type === 'slots' && entry.type === 'slots' && last.outcome === entry.outcome
    if (isSame) folded[folded.length - 1] = merge(last, entry)
    else folded.push(entry)
  }
  return folded
}

function merge(a: z.infer<typeof SlotsEntry>, b: z.infer<typeof SlotsEntry>): LedgerEntry {
  const isCountCapped = a.isCountCapped === true || b.isCountCapped === true
  return {
    ...b,
    from: a.from < b.from ? a.from : b.from,
    to: a.to > b.to ? a.to : b.to,
    count: a.count + b.count,
    ...(isCountCapped ? { isCountCapped } : {}),
  }
}

/** Folds the older half of a page that is too large: runs become ranges by outcome; what still does not fit is only counted. */
function shrink(page: LedgerPage): LedgerPage {
  if (page.entries.length === 0 || fits(page)) return page
  const half = Math.ceil(page.entries.length / 2)
  const folded = fold(page.entries.slice(0, half))
  const smaller = { ...page, entries: [...folded, ...page.entries.slice(half)] }
  if (fits(smaller)) return smaller
  return shrink({ ...page, carried: totals({ ...page, entries: folded }), entries: page.entries.slice(half) })
}

function asSlots(entry: LedgerEntry): LedgerEntry {
  if (entry.type !== 'run') return entry
  return { type: 'slots', from: entry.slot, to: entry.slot, count: 1, outcome: entry.outcome, at: entry.endedAt ?? entry.slot }
}
