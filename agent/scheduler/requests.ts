import { asProblem } from '../../core/errors.ts'
import { manualRunName } from '../../core/names.ts'
import { decodeRequest } from '../../core/run.ts'
import type { Stored } from '../../core/store/store.ts'
import { claim } from './claim.ts'
import type { SchedulerEdge } from './edge.ts'
import type { JobView } from './job-view.ts'

/** A request is handled once its run exists: twice handled is one run, since the run's name holds the request's id. */
export async function claimRequests(edge: SchedulerEdge, view: JobView): Promise<void> {
  for (const stored of edge.mirror.ofJob('request', view.name)) {
    const requestId = stored.name.split('.').at(-1) ?? ''
    if ((edge.only ?? manualRunName(view.name, requestId)) !== manualRunName(view.name, requestId)) continue
    const askedAt = readRequest(edge, stored)
    if (askedAt) {
      const claimed = await claim(edge, view, { requestId, askedAt })
      edge.log.info({ job: view.name, requestId, claimed }, 'run requested')
    }
    await removeRequest(edge, stored)
  }
}

function readRequest(edge: SchedulerEdge, stored: Stored): Date | undefined {
  try {
    return new Date(decodeRequest(stored.text).requestedAt)
  } catch (error) {
    edge.log.warn({ request: stored.name, problem: asProblem(error) }, 'request refused')
    return undefined
  }
}

/** Requests for a job that is not there. */
export async function sweepRequests(edge: SchedulerEdge, job: string): Promise<void> {
  for (const stored of edge.mirror.ofJob('request', job)) await removeRequest(edge, stored)
}

async function removeRequest(edge: SchedulerEdge, stored: Stored): Promise<void> {
  await edge.store.remove(stored)
  edge.mirror.drop(stored)
}
