import { isFailure } from '../../core/errors.ts'
import { manualRunName, runName } from '../../core/names.ts'
import type { Run } from '../../core/run.ts'
import type { Stored } from '../../core/store/store.ts'
import type { SchedulerEdge } from './edge.ts'
import type { JobView } from './job-view.ts'
import { runDocument, runRef } from './runs.ts'

const MAX_TRIES = 3

/** `mine`: this process may work on it. `taken`: someone has it. `refused`: the store will not have it. */
export type Claim = 'mine' | 'taken' | 'refused'

/** Claims a slot, or a run asked for by hand, by creating its run. No side effect of the run may come before `mine`. */
export async function claim(
  edge: SchedulerEdge,
  view: JobView,
  what: { slot: Date } | { requestId: string; askedAt: Date },
): Promise<Claim> {
  const isSlot = 'slot' in what
  const name = isSlot ? runName(view.name, what.slot) : manualRunName(view.name, what.requestId)
  const ref = runRef(edge, name)
  const run: Run = {
    schema: 1,
    job: view.name,
    jobUid: view.uid,
    specHash: view.specHash,
    trigger: isSlot ? 'schedule' : 'manual',
    slot: (isSlot ? what.slot : what.askedAt).toISOString(),
    phase: 'claimed',
    holder: edge.holder,
    claimedAt: edge.clock.now().toISOString(),
    attempt: 1,
    warnings: 0,
    redactions: 0,
    deliveries: [],
  }
  for (let tries = 0; ; tries++) {
    try {
      edge.mirror.put(await edge.store.create(ref, runDocument(run)))
      return 'mine'
    } catch (error) {
      // Not only "exists" asks for a look: a time-out may have created it, and a quota may refuse a name that is there.
      const there = await edge.mirror.refresh(ref)
      if (there?.owner?.uid === view.uid) return 'taken'
      // Nobody's: not ours to remove, and in the way for good.
      if (there && !there.owner) return 'refused'
      if (there && tries < MAX_TRIES) await removeStale(edge, there)
      else if (isFailure(error, 'STORE_FORBIDDEN', 'STORE_FULL', 'STORE_TOO_LARGE', 'STORE_NAME_TAKEN')) return 'refused'
      else throw error
    }
  }
}

/** The run of an earlier job of this name. Whoever changes it meanwhile is asked again. */
async function removeStale(edge: SchedulerEdge, stored: Stored): Promise<void> {
  try {
    await edge.store.remove(stored, stored.version)
    edge.mirror.drop(stored)
  } catch (error) {
    if (!isFailure(error, 'STORE_CONFLICT')) throw error
  }
}
