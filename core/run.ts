import * as z from 'zod'
import { type Drift, DRIFT_STATES } from './drift.ts'
import { asProblem, fail, type Problem, reasonOf } from './errors.ts'

const Instant = z.iso.datetime()
const ProblemData = z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() })

export const PHASES = ['claimed', 'running', 'delivering', 'finished'] as const

/** How a slot, or a run asked for by hand, ended. Every slot that was due ends in exactly one of them. */
export const OUTCOMES = [
  'completed',
  'failed',
  'interrupted',
  'skipped-overlap',
  'skipped-late',
  'skipped-capacity',
  'missed-down',
  'not-observed',
  'disabled',
  'claim-refused',
] as const
export type Outcome = (typeof OUTCOMES)[number]

const Delivery = z.object({
  uploader: z.string(),
  state: z.enum(['pending', 'delivered', 'failed']),
  tries: z.int().default(0),
  nextTryAt: Instant.optional(),
  location: z.string().optional(),
  isVerified: z.boolean().optional(),
  error: ProblemData.optional(),
})
export type Delivery = z.infer<typeof Delivery>

const BundleFacts = z.object({
  fileName: z.string(),
  path: z.string().optional().describe('where it lies on this machine; gone once it was removed'),
  bytes: z.int(),
  sha256: z.string(),
  files: z.int(),
  isPartial: z.boolean(),
})
export type BundleFacts = z.infer<typeof BundleFacts>

const Count = z.int().min(0).optional()
/** At most 300 bytes, whatever a task says: it stands in records of runs and in lines of the ledger. */
export const DriftFacts = z.object({
  state: z.enum(DRIFT_STATES),
  baseline: z.string().max(128).optional(),
  appeared: Count,
  gone: Count,
  changed: Count,
  flips: Count,
  reason: z.string().max(128).optional(),
}) satisfies z.ZodType<Drift>

const Fence = z.object({ leaseUid: z.string(), transitions: z.int() })
/** One term of leadership: of terms of one lease, that with more transitions is the later one. */
export type Fence = z.infer<typeof Fence>

const Holder = z.object({
  pid: z.int(),
  startId: z.string(),
  fence: Fence.optional(),
  replica: z.string().optional().describe('uid of the pod whose files it works with'),
})
/** A process that works on runs: told from a later one with the same id by when it started; where agents are elected, in which term. */
export type Holder = z.infer<typeof Holder>

export const isSameHolder = (a: Holder, b: Holder): boolean =>
  a.pid === b.pid &&
  a.startId === b.startId &&
  a.fence?.leaseUid === b.fence?.leaseUid &&
  a.fence?.transitions === b.fence?.transitions

/** Whether one term came after another. A lease that was made anew counts from the start: those of the old one are over. */
export const isLater = (one: Fence | undefined, other: Fence): boolean =>
  one !== undefined && one.leaseUid === other.leaseUid && one.transitions > other.transitions

/** `run.json`: the record of one execution. Creating it is the claim of its slot. */
export const Run = z.object({
  schema: z.literal(1),
  job: z.string(),
  jobUid: z.string(),
  specHash: z.string(),
  trigger: z.enum(['schedule', 'manual', 'once']),
  slot: Instant.describe('nominal instant; for a manual run, when it was asked for'),
  phase: z.enum(PHASES),
  outcome: z.enum(['completed', 'failed', 'interrupted']).optional(),
  holder: Holder.describe('who works on it'),
  attempt: z.int().min(1).default(1).describe('more than 1 when its bundle was lost before it was delivered'),
  claimedAt: Instant,
  startedAt: Instant.optional(),
  endedAt: Instant.optional().describe('end of collecting; deliveries may go on'),
  bundle: BundleFacts.optional(),
  analysis: z.object({ pass: z.int(), warn: z.int(), fail: z.int() }).optional(),
  collectors: z.object({ ran: z.int(), failed: z.int(), skipped: z.int() }).optional(),
  warnings: z.int().default(0),
  redactions: z.int().default(0),
  refused: z.int().optional().describe('requests of collectors that the API server refused for want of a right'),
  drift: DriftFacts.optional().describe('what changed since the last good run'),
  metrics: z.object({ collectMs: z.number(), totalMs: z.number(), peakRssBytes: z.number(), cpuMs: z.number() }).optional(),
  deliveries: z.array(Delivery).default([]),
  error: ProblemData.optional(),
})
export type Run = z.infer<typeof Run>

/** Asks the agent for a run now. Deleted by the agent once it is handled; the run's name carries the request's id. */
export const Request = z.object({
  schema: z.literal(1),
  action: z.enum(['run']),
  requestedAt: Instant,
})
export type Request = z.infer<typeof Request>

/**
 * The run with texts that come from plug-ins cut so far that its stored form has at most `limit` bytes: a record that could
 * not be written would leave its run at work for ever.
 */
export function fitRun(run: Run, limit: number): Run {
  let fitted = run
  for (const bytes of [2048, 512, 128]) {
    if (Buffer.byteLength(encodeDocument(fitted)) <= limit) return fitted
    fitted = withTexts(fitted, (text) => shorten(text, bytes))
  }
  return fitted
}

/** A text of at most `bytes` bytes of JSON, cut between characters. */
export function shorten(text: string, bytes: number): string {
  const sizeOf = (part: string) => Buffer.byteLength(JSON.stringify(part)) - 2
  if (sizeOf(text) <= bytes) return text
  let [short, size] = ['', sizeOf('…')]
  for (const character of text) {
    size += sizeOf(character)
    if (size > bytes) break
    short += character
  }
  return `${short}…`
}

function withTexts(run: Run, cut: (text: string) => string): Run {
  const problem = ({ code, message, remedy }: Problem) => ({
    code: cut(code),
    message: cut(message),
    ...(remedy ? { remedy: cut(remedy) } : {}),
  })
  return {
    ...run,
    ...(run.error ? { error: problem(run.error) } : {}),
    deliveries: run.deliveries.map((one) => ({
      ...one,
      ...(one.location ? { location: cut(one.location) } : {}),
      ...(one.error ? { error: problem(one.error) } : {}),
    })),
  }
}

/** Reads run.json. Throws STORE_NEWER, or an Error whose message says what is wrong. */
export const decodeRun = (text: string): Run => decodeDocument(Run, text, 'the run')
/** Reads request.json, as decodeRun does. */
export const decodeRequest = (text: string): Request => decodeDocument(Request, text, 'the request')

/** A document of ours in its stored form. */
export const encodeDocument = (document: object): string => JSON.stringify(document, undefined, 1)

/** A reader never guesses at a newer document: it would lose what it does not know when writing it back. */
export function decodeDocument<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.infer<Schema> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Error(`${what} is not JSON: ${reasonOf(error)}`, { cause: error })
  }
  const found = (value as { schema?: unknown } | null)?.schema
  if (typeof found === 'number' && found > 1) throw fail('STORE_NEWER', { what, found: String(found), known: '1' })
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new Error(`${what}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`)
  return parsed.data
}

/** A run whose record will not change any more. */
export const isSettled = (run: Run): boolean => run.phase === 'finished'

/** A run that counts for overlap: delivering does not. */
export const isActive = (run: Run): boolean => run.phase === 'claimed' || run.phase === 'running'

/** The word that users see for a run's state. */
export function runState(run: Run): 'pending' | 'running' | 'retrying' | 'completed' | 'failed' {
  if (run.phase === 'claimed') return 'pending'
  if (run.phase === 'running') return 'running'
  if (run.phase === 'delivering' && run.deliveries.some((delivery) => delivery.state === 'pending' && delivery.tries > 0))
    return 'retrying'
  if (run.phase === 'delivering') return 'running'
  return run.outcome === 'completed' ? 'completed' : 'failed'
}

/** The run as it is once its work has ended with a problem, or without one. */
export function endRun(run: Run, outcome: NonNullable<Run['outcome']>, endedAt: Date, error?: Problem): Run {
  return { ...run, phase: 'finished', outcome, endedAt: run.endedAt ?? endedAt.toISOString(), ...(error ? { error } : {}) }
}

/** Why a run that ended with a bundle has nothing to show for it: none of its collectors worked. None where one did. */
export function collectedNothing({ job, collectors }: Run): Problem | undefined {
  if (!collectors || collectors.ran > 0 || collectors.failed === 0) return undefined
  return asProblem(fail('COLLECTED_NOTHING', { count: String(collectors.failed), reason: `see "history ${job} --logs"` }))
}

/** The run as it is once all its work is done, but for a delivery that was given up: one that collected nothing is no success. */
export function completeRun(run: Run, endedAt: Date, lost?: Problem): Run {
  const error = collectedNothing(run) ?? lost
  return endRun(run, error ? 'failed' : 'completed', endedAt, error)
}
