import { constants } from 'node:fs'
import { chmod, copyFile, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FACTS_FILE } from '../../core/drift.ts'
import { asProblem } from '../../core/errors.ts'
import { JOB_NAME } from '../../core/names.ts'
import { isSettled } from '../../core/run.ts'
import type { RunRequest } from '../../core/task.ts'
import type { AgentFolders } from '../folders.ts'
import type { SchedulerEdge } from './edge.ts'
import { type KeptRun, runsOf } from './runs.ts'

/** What facts are kept with: `drift/<job>/<run>.json.gz`, so that their name says whose they are. */
export type BaselineEdge = SchedulerEdge & { folders: Pick<AgentFolders, 'drift'> }

const MOST_BYTES = 32 * 1024 * 1024
/** The task may run as another user of the same group. */
const READABLE = 0o640

/**
 * Puts the facts of the job's last good run where the task can read them, or says why there are none. Never throws: a run without
 * a baseline is a run all the same.
 */
export async function baselineFor(edge: BaselineEdge, { name, run }: KeptRun, work: string): Promise<RunRequest['baseline']> {
  const good = lastGood(runsOf(edge, run.job, run.jobUid))
  if (!good) return { reason: 'no run of this job has been completed yet' }
  const path = join(work, `baseline-${FACTS_FILE}`)
  try {
    // Bundles that were delivered hold the facts too: to fetch them from there belongs here.
    await copyFile(factsOf(edge, run.job, good.name), path)
    await chmod(path, READABLE)
    return { run: good.name, path }
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!isMissing) edge.log.warn({ run: name, problem: asProblem(error) }, 'no baseline')
    return { reason: isMissing ? `the facts of ${good.name} are not kept here` : `the facts of ${good.name} cannot be read` }
  }
}

const factsOf = ({ folders }: BaselineEdge, job: string, run: string) => join(folders.drift, job, `${run}.json.gz`)

/** The one that was completed last. */
function lastGood(runs: readonly KeptRun[]): KeptRun | undefined {
  const good = runs.filter(({ run }) => isSettled(run) && run.outcome === 'completed')
  return good.toSorted((a, b) => ((a.run.endedAt ?? '') < (b.run.endedAt ?? '') ? -1 : 1)).at(-1)
}

/**
 * Keeps what a task left of facts, before its run is recorded: they count once that is completed. Those of the last good run and
 * of runs that are still delivered stay, all others go. Never throws: the next run then says that it has no baseline.
 */
export async function keepFacts(edge: BaselineEdge, { name, run }: KeptRun, work: string): Promise<void> {
  const { job, jobUid } = run
  const path = factsOf(edge, job, name)
  try {
    const bytes = await readPlain(join(work, FACTS_FILE))
    if (!bytes) return
    await mkdir(join(edge.folders.drift, job), { recursive: true, mode: 0o700 })
    await writeFile(`${path}.new`, bytes, { mode: 0o600, flush: true })
    await rename(`${path}.new`, path)
    const runs = runsOf(edge, job, jobUid)
    const kept = [name, lastGood(runs)?.name, ...runs.flatMap((one) => (isSettled(one.run) ? [] : one.name))]
    await removeBut(join(edge.folders.drift, job), new Set(kept.map((one) => `${one}.json.gz`)))
  } catch (error) {
    edge.log.warn({ run: name, problem: asProblem(error) }, 'the facts of a run are not kept')
  }
}

/** A file of the task's, which may have put a link or a pipe there. */
async function readPlain(path: string): Promise<Buffer | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!file) return undefined
  try {
    const stats = await file.stat()
    if (!stats.isFile() || stats.size > MOST_BYTES) throw new Error('they are no file, or too large')
    return await file.readFile()
  } finally {
    await file.close()
  }
}

async function removeBut(folder: string, kept: ReadonlySet<string>): Promise<void> {
  for (const fileName of await readdir(folder)) if (!kept.has(fileName)) await rm(join(folder, fileName), { force: true })
}

/** Removes the facts of jobs that are gone. The store itself is asked: the mirror may not have seen a new job yet. */
export async function sweepFacts(edge: BaselineEdge): Promise<void> {
  for (const job of await readdir(edge.folders.drift).catch(() => [])) {
    if (edge.mirror.of('job').has(job) || !JOB_NAME.test(job)) continue
    try {
      if (await edge.store.get({ kind: 'job', namespace: edge.namespace, name: job })) continue
      await rm(join(edge.folders.drift, job), { recursive: true, force: true })
    } catch (error) {
      edge.log.warn({ job, problem: asProblem(error) }, 'facts not swept')
    }
  }
}
