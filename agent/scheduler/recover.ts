import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asProblem, fail, isFailure } from '../../core/errors.ts'
import { endRun, isSettled, type Run } from '../../core/run.ts'
import type { AgentFolders } from '../folders.ts'
import type { SchedulerEdge } from './edge.ts'
import { allRuns, isSameHolder, type KeptRun, readRun, runDocument, runRef } from './runs.ts'

/**
 * Takes over what dead processes left: a claim without side effects and a bundle on its way are gone on with; a run at work
 * becomes `interrupted`, once, since nobody knows what it had done. Safe to repeat and to cut anywhere.
 */
export async function recover(edge: SchedulerEdge, folders: AgentFolders): Promise<void> {
  for (const kept of allRuns(edge)) {
    const { name, run } = kept
    if (isSettled(run) || isSameHolder(run.holder, edge.holder) || edge.isAlive(run.holder)) continue
    try {
      await takeOver(edge, kept)
    } catch (error) {
      if (!isFailure(error, 'STORE_CONFLICT', 'STORE_GONE')) throw error
      edge.log.info({ run: name, problem: asProblem(error) }, 'someone else took the run over')
      await edge.mirror.refresh(runRef(edge, name))
    }
  }
  await sweepWork(edge, folders)
}

async function takeOver(edge: SchedulerEdge, { name, stored, run }: KeptRun): Promise<void> {
  const ref = runRef(edge, name)
  if (run.phase === 'running') {
    const error = fail('TASK_INTERRUPTED', {
      how: 'its agent ended',
      step: 'collecting',
      remedy: 'the next slot runs as planned; "run" repeats it now',
    })
    await edge.store.seal(ref, runDocument(endRun(run, 'interrupted', edge.clock.now(), asProblem(error))), stored.version)
    await edge.mirror.refresh(ref)
    edge.log.warn({ run: name }, 'run was interrupted')
    return
  }
  const taken: Run = { ...run, holder: edge.holder }
  edge.mirror.put(await edge.store.update(ref, runDocument(taken), stored.version))
  edge.log.info({ run: name, phase: run.phase }, 'run taken over')
}

/** Removes work folders whose runs have ended or are gone. The store itself is asked: the mirror may not have seen a new run yet. */
async function sweepWork(edge: SchedulerEdge, folders: AgentFolders): Promise<void> {
  for (const name of await readdir(folders.work).catch(() => [])) {
    const stored = await edge.store.get(runRef(edge, name))
    const run = stored && readRun(stored)
    if (!stored || (run && isSettled(run))) await rm(join(folders.work, name), { recursive: true, force: true })
  }
}
