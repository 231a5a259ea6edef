import { asProblem, fail, isFailure, ProductError, reasonOf } from '../../core/errors.ts'
import { LABEL_JOB, LABEL_PHASE, slotOf } from '../../core/names.ts'
import { decodeRun, encodeDocument, fitRun, isSameHolder, isSettled, Run, shorten } from '../../core/run.ts'
import { type Document, type Ref, type Stored, TEXT_LIMIT } from '../../core/store/store.ts'
import type { SchedulerEdge } from './edge.ts'

/** A run's record with the object that holds it. */
export interface KeptRun {
  name: string
  stored: Stored
  run: Run
}

const decoded = new WeakMap<Stored, Run | ProductError>()

function decodeOnce(stored: Stored): Run | ProductError {
  let run = decoded.get(stored)
  if (run) return run
  try {
    run = decodeRun(stored.text)
  } catch (error) {
    run = isFailure(error, 'STORE_NEWER') ? error : fail('RUN_DAMAGED', { name: stored.name, reason: reasonOf(error) }, error)
  }
  decoded.set(stored, run)
  return run
}

/** Reads a run's object; undefined when it is damaged or newer than this program. */
export function readRun(stored: Stored): Run | undefined {
  const run = decodeOnce(stored)
  return run instanceof ProductError ? undefined : run
}

/** A run's object with its record; undefined as for readRun. */
export function keptRun(stored: Stored): KeptRun | undefined {
  const run = readRun(stored)
  return run && { name: stored.name, stored, run }
}

/** All runs of the namespace, oldest slot first. */
export function allRuns(edge: Pick<SchedulerEdge, 'mirror'>): KeptRun[] {
  return readRuns(edge.mirror.of('run').values())
}

function readRuns(all: Iterable<Stored>): KeptRun[] {
  const runs: KeptRun[] = []
  for (const stored of all) {
    const kept = keptRun(stored)
    if (kept) runs.push(kept)
  }
  return runs.toSorted((a, b) => (a.run.slot < b.run.slot ? -1 : a.run.slot > b.run.slot ? 1 : 0))
}

/** The runs of a job, not those of an earlier job of the same name. */
export const runsOf = (edge: Pick<SchedulerEdge, 'mirror'>, job: string, uid: string): KeptRun[] =>
  readRuns(edge.mirror.ofJob('run', job)).filter(({ run }) => run.jobUid === uid)

/** Records of a job's runs that cannot be read. Their names still say which slots were claimed. */
export function damagedRuns(
  edge: Pick<SchedulerEdge, 'mirror'>,
  job: string,
  uid: string,
): { slot: Date | undefined; problem: ProductError }[] {
  return edge.mirror.ofJob('run', job).flatMap((stored) => {
    const problem = decodeOnce(stored)
    return problem instanceof ProductError && stored.owner?.uid === uid ? [{ slot: slotOf(stored.name), problem }] : []
  })
}

export const runRef = (edge: Pick<SchedulerEdge, 'namespace'>, name: string): Ref => ({
  kind: 'run',
  namespace: edge.namespace,
  name,
})

/** The document of a run: its phase is a label, so that one selector finds what is under way. */
export function runDocument(run: Run): Document {
  return {
    text: encodeDocument(fitRun(run, TEXT_LIMIT.run)),
    labels: { [LABEL_JOB]: run.job, [LABEL_PHASE]: run.phase },
    owner: { name: run.job, uid: run.jobUid },
  }
}

/** A run that is worked on, told from a later one of the same name. */
export type HeldRun = Pick<KeptRun, 'name' | 'stored'>

/**
 * Changes a run that this process holds, under its version; a conflict means read again and decide again. The last write
 * seals. Throws STORE_GONE when the run was removed, STORE_CONFLICT when someone else holds it now or it has ended,
 * TASK_PROTOCOL for a change that could not be read again: what a task gave is in it.
 */
export async function changeRun(
  edge: SchedulerEdge,
  { name, stored: { uid } }: HeldRun,
  change: (run: Run) => Run,
): Promise<Run> {
  const ref = runRef(edge, name)
  let stored = edge.mirror.of('run').get(name)
  for (let tries = 0; ; tries++) {
    const run = stored && readRun(stored)
    if (!stored || !run || stored.uid !== uid) throw fail('STORE_GONE', { kind: 'run', name })
    if (!isSameHolder(run.holder, edge.holder) || stored.isSealed) throw fail('STORE_CONFLICT', { kind: 'run', name })
    const changed = checked(change(run))
    try {
      if (isSettled(changed)) {
        await edge.store.seal(ref, runDocument(changed), stored.version)
        await edge.mirror.refresh(ref)
      } else edge.mirror.put(await edge.store.update(ref, runDocument(changed), stored.version))
      return changed
    } catch (error) {
      if (tries >= 5 || !isFailure(error, 'STORE_CONFLICT')) throw error
      stored = await edge.mirror.refresh(ref)
    }
  }
}

function checked(run: Run): Run {
  const parsed = Run.safeParse(run)
  if (parsed.success) return parsed.data
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw fail('TASK_PROTOCOL', { reason: shorten(places.join('; '), 500) })
}

const AGAIN_MS = 5_000
/** Five minutes: a full disk or a store that is away is often mended by then. */
const MAX_TRIES = 60

/** changeRun for a result that must not be lost: while the store cannot take it, it is offered again, until the signal aborts. */
export async function insistOn(edge: SchedulerEdge, held: HeldRun, signal: AbortSignal, change: (run: Run) => Run): Promise<Run> {
  for (let tries = 0; ; tries++) {
    try {
      return await changeRun(edge, held, change)
    } catch (error) {
      if (tries >= MAX_TRIES || signal.aborted || !isFailure(error, 'STORE_UNAVAILABLE', 'STORE_FULL', 'STORE_FORBIDDEN'))
        throw error
      edge.log.warn({ run: held.name, problem: asProblem(error) }, 'the outcome of a run cannot be kept yet')
      await edge.clock.sleep(AGAIN_MS, signal).catch(() => undefined)
    }
  }
}
