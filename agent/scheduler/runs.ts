import { fail, isFailure } from '../../core/errors.ts'
import { LABEL_JOB, LABEL_PHASE } from '../../core/names.ts'
import { decodeRun, encodeDocument, type Holder, isSettled, type Run } from '../../core/run.ts'
import type { Document, Ref, Stored } from '../../core/store/store.ts'
import type { SchedulerEdge } from './edge.ts'

/** A run's record with the object that holds it. */
export interface KeptRun {
  name: string
  stored: Stored
  run: Run
}

const decoded = new WeakMap<Stored, Run | Error>()

/** Reads a run's object once; undefined when it is damaged or newer than this program. */
export function readRun(stored: Stored): Run | undefined {
  let run = decoded.get(stored)
  if (!run) {
    try {
      run = decodeRun(stored.text)
    } catch (error) {
      run = error as Error
    }
    decoded.set(stored, run)
  }
  return run instanceof Error ? undefined : run
}

/** All runs of the namespace, oldest slot first. */
export function allRuns(edge: Pick<SchedulerEdge, 'mirror'>): KeptRun[] {
  return readRuns(edge.mirror.of('run').values())
}

function readRuns(all: Iterable<Stored>): KeptRun[] {
  const runs: KeptRun[] = []
  for (const stored of all) {
    const run = readRun(stored)
    if (run) runs.push({ name: stored.name, stored, run })
  }
  return runs.toSorted((a, b) => (a.run.slot < b.run.slot ? -1 : a.run.slot > b.run.slot ? 1 : 0))
}

/** The runs of a job, not those of an earlier job of the same name. */
export const runsOf = (edge: Pick<SchedulerEdge, 'mirror'>, job: string, uid: string): KeptRun[] =>
  readRuns(edge.mirror.ofJob('run', job)).filter(({ run }) => run.jobUid === uid)

export const runRef = (edge: Pick<SchedulerEdge, 'namespace'>, name: string): Ref => ({
  kind: 'run',
  namespace: edge.namespace,
  name,
})

/** The document of a run: its phase is a label, so that one selector finds what is under way. */
export function runDocument(run: Run): Document {
  return {
    text: encodeDocument(run),
    labels: { [LABEL_JOB]: run.job, [LABEL_PHASE]: run.phase },
    owner: { name: run.job, uid: run.jobUid },
  }
}

export const isSameHolder = (a: Holder, b: Holder): boolean => a.pid === b.pid && a.startId === b.startId

/**
 * Changes a run that this process holds, under its version; a conflict means read again and decide again. The last write
 * seals. Throws STORE_GONE when the run was removed, STORE_CONFLICT when someone else holds it now.
 */
export async function changeRun(edge: SchedulerEdge, name: string, change: (run: Run) => Run): Promise<Run> {
  const ref = runRef(edge, name)
  let stored = edge.mirror.of('run').get(name)
  for (let tries = 0; ; tries++) {
    const run = stored && readRun(stored)
    if (!stored || !run) throw fail('STORE_GONE', { kind: 'run', name })
    if (!isSameHolder(run.holder, edge.holder) || stored.isSealed) throw fail('STORE_CONFLICT', { kind: 'run', name })
    const changed = change(run)
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
