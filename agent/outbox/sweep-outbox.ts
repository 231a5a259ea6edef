import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asProblem } from '../../core/errors.ts'
import { isRunName, jobOf } from '../../core/names.ts'
import { isSettled } from '../../core/run.ts'
import type { AgentFolders } from '../folders.ts'
import type { SchedulerEdge } from '../scheduler/edge.ts'
import { readRun, runRef } from '../scheduler/runs.ts'
import { isBundle, placeBundle } from './bundles.ts'

/**
 * Clears what a crash left in the outbox: of runs that have settled, which have their bundle elsewhere or delivered it, and of
 * runs whose record is gone. A bundle whose job is still there is kept as one that was not delivered.
 */
export async function sweepOutbox(edge: SchedulerEdge, folders: AgentFolders): Promise<void> {
  for (const name of await readdir(folders.outbox).catch(() => [])) {
    if (!isRunName(name)) continue
    try {
      await sweepOne(edge, folders, name)
    } catch (error) {
      edge.log.warn({ run: name, problem: asProblem(error) }, 'outbox not swept')
    }
  }
}

async function sweepOne(edge: SchedulerEdge, folders: AgentFolders, name: string): Promise<void> {
  const stored = await edge.store.get(runRef(edge, name))
  const run = stored && readRun(stored)
  if (stored && !(run && isSettled(run))) return
  const folder = join(folders.outbox, name)
  const job = { kind: 'job' as const, namespace: edge.namespace, name: jobOf(name) }
  if (!stored && (await edge.store.get(job))) {
    const bundles = (await readdir(folder)).filter(isBundle)
    for (const fileName of bundles) await placeBundle(join(folder, fileName), join(folders.bundles, job.name), folders.open)
    edge.log.warn({ run: name, bundles }, 'bundles of a run without a record are kept here')
  }
  await rm(folder, { recursive: true, force: true })
}
