import { basename, join } from 'node:path'
import type { AgentFacts } from '../../core/agent-api.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/contract/index.ts'
import { asProblem } from '../../core/errors.ts'
import { jobOf, NAME_OF, statusName } from '../../core/names.ts'
import { type Run, runState } from '../../core/run.ts'
import { decodeStatus } from '../../core/status.ts'
import type { Stored } from '../../core/store/store.ts'
import type { AgentFolders } from '../folders.ts'
import { readRun } from '../scheduler/runs.ts'
import { openInside, sendFile, type SendOptions } from './kept-file.ts'
import { recordReader, type Records, type RecordSource } from './records.ts'
import type { Answer, Call, Failure, Handled, Route } from './route.ts'

/** What the API reads of the agent. */
export interface ClusterSource extends RecordSource {
  clock: Clock
  log: Logger
  /** uid of this pod; undefined outside of one */
  replica: string | undefined
  /** where this replica keeps what runs of a namespace made */
  folders(namespace: string): Pick<AgentFolders, 'bundles' | 'outbox' | 'runLogs'>
  agent(): AgentFacts | Promise<AgentFacts>
}

interface View {
  source: ClusterSource
  records(namespace: string): Promise<Records | undefined>
}

type Table = readonly (Route & { handle(view: View, call: Call): Promise<Answer> | Answer })[]

const OF = '/api/v1/namespaces/:namespace'

/** All of the API in a cluster. */
export const CLUSTER_ROUTES: Table = [
  {
    path: `${OF}/jobs`,
    resource: 'jobs',
    verb: 'list',
    isNow: false,
    about: 'the jobs of a namespace, each with its status',
    handle: listJobs,
  },
  { path: `${OF}/jobs/:name`, resource: 'jobs', verb: 'get', isNow: false, about: 'one job with its status', handle: getJob },
  {
    path: `${OF}/jobs/:name/runs`,
    resource: 'runs',
    verb: 'list',
    isNow: false,
    about: 'the runs of a job that are kept as objects, newest first',
    handle: listRuns,
  },
  { path: `${OF}/runs/:name`, resource: 'runs', verb: 'get', isNow: false, about: 'the record of one run', handle: getRun },
  {
    path: `${OF}/runs/:name/bundle`,
    resource: 'runs',
    subresource: 'bundle',
    verb: 'get',
    isNow: true,
    about: 'the archive, where this replica keeps it; `Range` works',
    handle: sendBundle,
  },
  {
    path: `${OF}/runs/:name/log`,
    resource: 'runs',
    verb: 'get',
    isNow: true,
    about: 'the log of the run: a JSON document a line',
    handle: sendLog,
  },
  {
    path: '/api/v1/agent',
    resource: 'agents',
    verb: 'get',
    isNow: false,
    about: 'the replica that answers: version, memory, who leads, and what each namespace lacks',
    handle: async ({ source }) => ({ document: await source.agent(), isStale: false }),
  },
]

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** The routes, on this agent. */
export function clusterRoutes(source: ClusterSource): Handled[] {
  const read = recordReader(source, source.clock)
  // What names no namespace names no folder either.
  const view: View = { source, records: async (namespace) => (NAMESPACE.test(namespace) ? read(namespace) : undefined) }
  return CLUSTER_ROUTES.map(({ handle, ...route }) => ({
    ...route,
    async handle(call) {
      try {
        return await handle(view, call)
      } catch (error) {
        source.log.warn({ route: route.path, namespace: call.namespace, problem: asProblem(error) }, 'the API cannot answer')
        return { failure: UNREADABLE }
      }
    },
  }))
}

/** Why stands in the log: it is the agent's trouble, and nothing for strangers. */
const UNREADABLE: Failure = {
  status: 503,
  code: 'RECORDS_UNREADABLE',
  message: 'what was asked for cannot be read now',
  remedy: 'the log of the agent says why',
}

const missing = (what: string): { failure: Failure } => ({
  failure: { status: 404, code: 'NOT_FOUND', message: `there is no ${what}` },
})
const notServed = ({ namespace }: Call) => missing(`namespace "${namespace}" that this agent serves`)

const showJob = (records: Records, { name, uid, namespace, createdAt }: Stored) => ({
  name,
  namespace,
  id: uid,
  created: createdAt.toISOString(),
  ...decodeStatus(records.of('status').get(statusName(name))?.text ?? ''),
})

async function listJobs(view: View, call: Call): Promise<Answer> {
  const records = await view.records(call.namespace)
  if (!records) return notServed(call)
  const jobs = [...records.of('job').values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { document: { items: jobs.map((job) => showJob(records, job)) }, isStale: records.isStale }
}

async function getJob(view: View, call: Call): Promise<Answer> {
  const records = await view.records(call.namespace)
  if (!records) return notServed(call)
  const job = records.of('job').get(call.name)
  return job ? { document: showJob(records, job), isStale: records.isStale } : missing(`job "${call.name}"`)
}

const showRun = (stored: Stored, run: Run) => ({ name: stored.name, namespace: stored.namespace, state: runState(run), ...run })

async function listRuns(view: View, call: Call): Promise<Answer> {
  const records = await view.records(call.namespace)
  if (!records) return notServed(call)
  const job = records.of('job').get(call.name)
  if (!job) return missing(`job "${call.name}"`)
  const runs = [...records.of('run').values()]
    .flatMap((stored) => {
      const run = jobOf(stored.name) === call.name ? readRun(stored) : undefined
      return run?.jobUid === job.uid ? [showRun(stored, run)] : []
    })
    .toSorted((a, b) => (a.slot < b.slot ? 1 : -1))
  return { document: { items: runs }, isStale: records.isStale }
}

type FoundRun = { stored: Stored; run: Run; isStale: boolean }

async function findRun(view: View, call: Call): Promise<FoundRun | { failure: Failure }> {
  const records = await view.records(call.namespace)
  if (!records) return notServed(call)
  const stored = NAME_OF.run.test(call.name) ? records.of('run').get(call.name) : undefined
  const run = stored && readRun(stored)
  return stored && run ? { stored, run, isStale: records.isStale } : missing(`run "${call.name}"`)
}

async function getRun(view: View, call: Call): Promise<Answer> {
  const found = await findRun(view, call)
  return 'failure' in found ? found : { document: showRun(found.stored, found.run), isStale: found.isStale }
}

async function sendBundle(view: View, call: Call): Promise<Answer> {
  const found = await findRun(view, call)
  if ('failure' in found) return found
  const { bundle, job } = found.run
  if (!bundle) return missing(`bundle of run "${call.name}"`)
  const { bundles, outbox } = view.source.folders(call.namespace)
  // Where it lies as recorded, or where a crash had just moved it.
  const paths = [...(bundle.path === undefined ? [] : [bundle.path]), join(bundles, job, basename(bundle.fileName))]
  const file = await openInside(paths, [bundles, outbox])
  if (file && file.bytes !== bundle.bytes) await file.handle.close()
  if (!file || file.bytes !== bundle.bytes) return notHere(view.source, call, found.run, 'bundle')
  view.source.log.info({ user: call.user, namespace: call.namespace, run: call.name }, 'bundle sent')
  const sha256 = /^[0-9a-f]{64}$/.test(bundle.sha256) ? bundle.sha256 : undefined
  const options = { contentType: 'application/gzip', fileName: bundle.fileName, sha256, ...sendOptions(call) }
  return { response: await sendFile(file, options) }
}

async function sendLog(view: View, call: Call): Promise<Answer> {
  const found = await findRun(view, call)
  if ('failure' in found) return found
  const { runLogs } = view.source.folders(call.namespace)
  const fileName = `${call.name}.log`
  const file = await openInside([join(runLogs, fileName)], [runLogs])
  if (!file) return notHere(view.source, call, found.run, 'log')
  const options = { contentType: 'application/x-ndjson', fileName, sha256: undefined, ...sendOptions(call) }
  return { response: await sendFile(file, options) }
}

const sendOptions = (call: Call): Pick<SendOptions, 'range' | 'ifRange' | 'isHead'> => ({
  range: call.header('range'),
  ifRange: call.header('if-range'),
  isHead: call.isHead,
})

/** Another replica may have it; else it is gone, and a bundle may have gone somewhere. */
function notHere({ replica }: ClusterSource, { name }: Call, run: Run, what: 'bundle' | 'log'): { failure: Failure } {
  const { holder, deliveries } = run
  if (holder.replica !== undefined && holder.replica !== replica) {
    const message = `the ${what} of run "${name}" is kept by another replica, pod ${holder.replica}`
    return { failure: { status: 421, code: 'ELSEWHERE', message, holder: holder.replica, remedy: 'ask that pod' } }
  }
  const places = what === 'bundle' ? deliveries.flatMap(({ location }) => location ?? []) : []
  const message = `the ${what} of run "${name}" is not kept any more`
  return {
    failure: {
      status: 410,
      code: 'GONE',
      message,
      ...(places.length > 0 ? { remedy: `it was delivered to ${places.join(', ')}` } : {}),
    },
  }
}
