import { asProblem, fail, isFailure } from '../../core/errors.ts'
import { record } from '../../core/ledger.ts'
import { manualRunName } from '../../core/names.ts'
import { decodeRequest } from '../../core/run.ts'
import type { Stored } from '../../core/store/store.ts'
import { claim } from './claim.ts'
import type { SchedulerEdge } from './edge.ts'
import type { JobView } from './job-view.ts'
import { keep } from './ledger-book.ts'

/** A request is handled once its run exists: twice handled is one run, since the run's name holds the request's id. */
export async function claimRequests(edge: SchedulerEdge, view: JobView): Promise<void> {
  for (const stored of edge.mirror.ofJob('request', view.name)) {
    const requestId = stored.name.split('.').at(-1) ?? ''
    if ((edge.only ?? manualRunName(view.name, requestId)) !== manualRunName(view.name, requestId)) continue
    const askedAt = readRequest(edge, stored)
    if (askedAt) {
      const claimed = await claim(edge, view, { requestId, askedAt })
      edge.log.info({ job: view.name, requestId, claimed }, 'run requested')
      if (claimed === 'refused') await recordRefusal(edge, view, manualRunName(view.name, requestId), askedAt)
    }
    await removeRequest(edge, stored)
  }
}

/** Written before the request goes: whoever asked finds what became of it. */
async function recordRefusal(edge: SchedulerEdge, view: JobView, run: string, askedAt: Date): Promise<void> {
  const error = fail('CLAIM_REFUSED', { run }).message
  const line = { type: 'run', run, slot: askedAt.toISOString(), trigger: 'manual', outcome: 'claim-refused', error } as const
  try {
    await keep(edge, view, (page) => {
      const isTold = page.entries.some((entry) => entry.type === 'run' && entry.run === run)
      return isTold ? page : record(page, [line])
    })
  } catch (problem) {
    // A store that takes neither says so at the job; asking for ever would not help.
    if (!isFailure(problem, 'STORE_FORBIDDEN', 'STORE_FULL', 'STORE_TOO_LARGE', 'LEDGER_DAMAGED', 'STORE_NEWER')) throw problem
    edge.log.error({ job: view.name, run, problem: asProblem(problem) }, 'a run that was asked for is refused, and not recorded')
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
