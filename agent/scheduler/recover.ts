import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asProblem, fail, isFailure } from '../../core/errors.ts'
import { isRunName } from '../../core/names.ts'
import { endRun, isSameHolder, isSettled, type Run } from '../../core/run.ts'
import type { AgentFolders } from '../folders.ts'
import { sweepOutbox } from '../outbox/sweep-outbox.ts'
import { sweepFacts } from './baselines.ts'
import type { SchedulerEdge } from './edge.ts'
import { allRuns, type KeptRun, readRun, runDocument, runRef } from './runs.ts'

/**
 * Takes over what dead processes left: a claim without side effects and a bundle on its way are gone on with; a run at work
 * becomes `interrupted`, once, since nobody knows what it had done. So does one of this process that is not at work any more,
 * because its outcome could not be kept. Safe to repeat and to cut anywhere.
 */
export async function recover(edge: SchedulerEdge, folders: AgentFolders, active: ReadonlySet<string>): Promise<void> {
  for (const kept of allRuns(edge)) {
    const { name, run } = kept
    if (isSettled(run) || active.has(name)) continue
    const isOurs = isSameHolder(run.holder, edge.holder)
    if (isOurs ? run.phase !== 'running' : edge.isAlive(run)) continue
    try {
      await takeOver(edge, kept)
    } catch (error) {
      // One run's trouble is its own; it is looked at again soon.
      const isTaken = isFailure(error, 'STORE_CONFLICT', 'STORE_GONE')
      edge.log[isTaken ? 'info' : 'error']({ run: name, problem: asProblem(error) }, 'run not taken over')
      if (isTaken) await edge.mirror.refresh(runRef(edge, name))
    }
  }
  await sweepWork(edge, folders, active)
  await sweepOutbox(edge, folders)
  await sweepFacts({ ...edge, folders })
}

async function takeOver(edge: SchedulerEdge, { name, stored, run }: KeptRun): Promise<void> {
  const ref = runRef(edge, name)
  if (run.phase === 'running') {
    const remedy = 'the next slot runs as planned; "run" repeats it now'
    const error = fail('TASK_INTERRUPTED', { how: 'its agent ended', step: 'collecting', remedy })
    await edge.store.seal(ref, runDocument(endRun(run, 'interrupted', edge.clock.now(), asProblem(error))), stored.version)
    await edge.mirror.refresh(ref)
    edge.log.warn({ run: name }, 'run was interrupted')
    edge.clearUp?.({ name, stored, run })
    return
  }
  const taken: Run = { ...run, holder: edge.holder }
  edge.mirror.put(await edge.store.update(ref, runDocument(taken), stored.version))
  edge.log.info({ run: name, phase: run.phase }, 'run taken over')
}

/** Removes work folders whose runs have ended or are gone. The store itself is asked: the mirror may not have seen a new run yet. */
async function sweepWork(edge: SchedulerEdge, folders: AgentFolders, active: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folders.work).catch(() => [])) {
    if (active.has(name) || !isRunName(name)) continue
    try {
      const stored = await edge.store.get(runRef(edge, name))
      const run = stored && readRun(stored)
      if (!stored || (run && isSettled(run))) await rm(join(folders.work, name), { recursive: true, force: true })
    } catch (error) {
      edge.log.warn({ run: name, problem: asProblem(error) }, 'work folder not swept')
    }
  }
}
