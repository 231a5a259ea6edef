import { asProblem } from '../../core/errors.ts'
import type { ExecuteEdge } from './execute.ts'
import { viewOf } from './job-view.ts'
import type { KeptRun } from './runs.ts'

const TIMEOUT_MS = 60_000
const MEMORY_BYTES = 256 * 2 ** 20

/**
 * Removes what a run that did not clear up itself created in its cluster, as the job's own identity. Never throws: the next run
 * of the job does it as well, and what is in the run's namespace goes with its record.
 */
export async function clearUp(edge: ExecuteEdge, { name, run, stored }: KeptRun, signal: AbortSignal): Promise<void> {
  await clearNodes(edge, name, stored.uid)
  const job = edge.mirror.of('job').get(run.job)
  const spec = job && viewOf(job).plan?.spec
  if (!spec) return
  try {
    const cluster = await edge.outside.cluster(spec)
    if (!cluster) return
    const identity = { id: name, uid: stored.uid, job: run.job, namespace: edge.namespace, slot: run.slot, trigger: run.trigger }
    const outcome = await edge.tasks.start(
      { task: 'sweep', run: identity, cluster: cluster.request, timeoutMs: TIMEOUT_MS },
      { timeoutMs: TIMEOUT_MS, memoryBytes: MEMORY_BYTES, signal, onNeedToken: () => cluster.renewToken() },
    )
    if (outcome.error) throw outcome.error
    const removed = outcome.result?.removed ?? 0
    if (removed > 0) edge.log.info({ run: name, removed }, 'objects of an interrupted run removed')
  } catch (error) {
    edge.log.warn({ run: name, problem: asProblem(error) }, 'objects of an interrupted run not removed')
  }
}

/** What it left on nodes is removed by the agent itself: no task gets there. */
async function clearNodes({ outside, log }: ExecuteEdge, run: string, uid: string): Promise<void> {
  try {
    const removed = (await outside.nodes?.sweep(uid)) ?? 0
    if (removed > 0) log.info({ run, removed }, 'pods of an interrupted run removed from nodes')
  } catch (error) {
    log.warn({ run, problem: asProblem(error) }, 'pods of an interrupted run not removed from nodes')
  }
}
