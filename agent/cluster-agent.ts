import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/contract/index.ts'
import { asProblem, type Problem } from '../core/errors.ts'
import { Backoff } from '../core/kube/backoff.ts'
import type { KubeClient } from '../core/kube/client.ts'
import { type Fence, type Holder, isLater, type Run } from '../core/run.ts'
import type { AgentConfig } from './config.ts'
import { type AgentFolders, agentFolders, type PodFolders } from './folders.ts'
import { type TenantAccess, tenantAccess } from './identity/tenant-access.ts'
import { type ElectorEdge, lead } from './leader/elector.ts'
import { createPresences, keepPresence, type Presences, type Replica } from './leader/presence.ts'
import { createRenewals, type Renewals } from './leader/renewals.ts'
import { createDeliverers } from './outbox/deliverers.ts'
import { createCapacity } from './scheduler/capacity.ts'
import { allRuns, type KeptRun } from './scheduler/runs.ts'
import type { TaskStarter } from './task-process.ts'
import { openTenant, type Tenant, type TenantEdge } from './tenant.ts'
import { watchNamespaces } from './watch/namespaces.ts'

/** What an agent of a cluster needs. */
export interface ClusterAgentEdge {
  clock: Clock
  log: Logger
  client: KubeClient
  /** of the agent alone: caches, logs of runs */
  folder: string
  /** what tasks see */
  tasksFolders: Omit<PodFolders, 'namespace'> & { work: string }
  tasks: TaskStarter
  config: AgentConfig
  /** this process; never used again by another one */
  holder: Holder
  /** this pod; none where there are no pods */
  replica: Replica | undefined
  election: Pick<ElectorEdge, 'namespace' | 'name' | 'identity' | 'leaseMs' | 'renewMs'>
  random(): number
}

export interface ClusterAgent {
  replica: Replica | undefined
  /** to a namespace that is opted in, whether this process leads or not */
  access(namespace: string): TenantAccess
  folders(namespace: string): AgentFolders
  tenants: ReadonlyMap<string, Tenant>
  /** namespaces that are opted in and cannot be served, with the reason and what mends it */
  unserved: ReadonlyMap<string, Problem>
  /** the term that this process leads now */
  leading(): Fence | undefined
  /** resolves when everything has ended, after the signal has aborted */
  ended: Promise<void>
}

/**
 * Takes part in the election, and while it leads works on every opted-in namespace: those that join later too, and those that
 * leave no more. While it does not lead it delivers the bundles that lie in its pod. One namespace's trouble is its own.
 */
export function startClusterAgent(edge: ClusterAgentEdge, signal: AbortSignal): ClusterAgent {
  const tenants = new Map<string, Tenant>()
  const unserved = new Map<string, Problem>()
  const renewals = createRenewals(edge.clock)
  const electorEdge = { ...edge, ...edge.election, onRenewed: renewals.renewed }
  // The Lease of a pod goes with the pod: its time is for nodes that are gone without a word.
  const presenceEdge = { ...electorEdge, leaseMs: edge.election.leaseMs * PRESENCE_LEASES }
  const presences = createPresences(presenceEdge)
  const accesses = new Map<string, TenantAccess>()
  const access = (namespace: string) => {
    const known = accesses.get(namespace) ?? accessTo(edge, namespace)
    accesses.set(namespace, known)
    return known
  }
  const folders = (namespace: string) => agentFolders(edge.folder, { namespace, ...edge.tasksFolders })
  const edgeOf = (namespace: string) => ({ ...tenantEdge(edge, namespace), ...access(namespace), folders: folders(namespace) })
  const deliverers = createDeliverers(edgeOf, edge.tasksFolders.work)
  let term: Fence | undefined
  const work = async (fence: Fence, over: AbortSignal) => {
    term = fence
    await deliverers.stop('this replica leads')
    try {
      await serveNamespaces({ ...edge, fence, presences, renewals, edgeOf }, tenants, unserved, over, () =>
        signal.aborted ? undefined : 0,
      )
    } finally {
      term = undefined
      unserved.clear()
      if (!signal.aborted) deliverers.start()
    }
  }
  const run = async () => {
    const gone = new AbortController()
    const present = edge.replica && keepPresence(presenceEdge, edge.replica, gone.signal)
    deliverers.start()
    await lead(electorEdge, signal, work)
    await deliverers.stop((signal.reason as Error).message)
    // Told last: others may take over what lies here from then on.
    gone.abort(signal.reason)
    await present
  }
  return { replica: edge.replica, access, folders, tenants, unserved, leading: () => term, ended: run() }
}

/** One term of leadership. */
type Term = ClusterAgentEdge & {
  fence: Fence
  presences: Presences
  renewals: Renewals
  edgeOf(namespace: string): TenantEdge
}

const accessTo = ({ client, config, log }: ClusterAgentEdge, namespace: string) =>
  tenantAccess(client, namespace, config, (problem) => log.warn({ namespace, problem }, 'store'))

/** What works in a namespace, with that namespace's own rights, without being elected. */
function tenantEdge(edge: ClusterAgentEdge, namespace: string): Omit<TenantEdge, keyof TenantAccess | 'folders'> {
  const { replica } = edge
  return {
    ...edge,
    namespace,
    cacheFile: join(edge.folder, 'namespaces', namespace, 'cache.json'),
    holder: { ...edge.holder, ...(replica ? { replica: replica.uid } : {}) },
    // Nothing but the bundles in this pod is its business.
    isAlive: ({ phase, holder }) => phase !== 'delivering' || replica === undefined || holder.replica !== replica.uid,
    capacity: createCapacity(() => edge.config.defaultMaxConcurrent),
  }
}

/**
 * Whether someone else works on a run. Who leads knows that all others have stopped collecting; that they deliver what lies in
 * their pods; and that it leads no more, when a run is held in a later term.
 */
function isAtWork({ holder, phase }: Run, fence: Fence, presences: Presences, replica: Replica | undefined): boolean {
  if (isLater(holder.fence, fence)) return true
  return (
    phase === 'delivering' && holder.replica !== undefined && holder.replica !== replica?.uid && presences.isThere(holder.replica)
  )
}

const PRESENCE_LEASES = 4
/** One that lacks something is looked at again this often, in the end. */
const RETRY_MOST_MS = 60_000

/**
 * Opens and closes tenants as namespaces come and go, until the term is over. After a normal stop, what is at work may end by
 * itself; after a lost lease another process may begin soon, and it is ended at once.
 */
async function serveNamespaces(
  edge: Term,
  tenants: Map<string, Tenant>,
  unserved: Map<string, Problem>,
  over: AbortSignal,
  patienceMs: () => number | undefined,
): Promise<void> {
  const capacity = createCapacity(
    () => edge.config.defaultMaxConcurrent,
    (waiting) => {
      for (const namespace of waiting) tenants.get(namespace)?.engine.nudge()
    },
  )
  const closing = new Set<Promise<void>>()
  const opening = new Map<string, Promise<void>>()
  const wanted = new Set<string>()

  const open = async (namespace: string) => {
    const own = edge.edgeOf(namespace)
    const waits = new Backoff(edge.random, RETRY_MOST_MS)
    while (wanted.has(namespace) && !over.aborted) {
      try {
        const tenant = await openTenant({
          ...own,
          holder: { ...own.holder, fence: edge.fence },
          isAlive: (run) => isAtWork(run, edge.fence, edge.presences, edge.replica),
          renewals: (renew) => edge.renewals.subscribe(renew),
          capacity,
        })
        await tenant.start()
        tenants.set(namespace, tenant)
        unserved.delete(namespace)
        edge.log.info({ namespace }, 'namespace joined')
        return
      } catch (error) {
        unserved.set(namespace, asProblem(error))
        edge.log.error({ namespace, problem: asProblem(error) }, 'namespace cannot be served yet')
        await edge.clock.sleep(waits.next(), over).catch(() => undefined)
      }
    }
  }
  const close = (namespace: string, reason: string) => {
    const tenant = tenants.get(namespace)
    tenants.delete(namespace)
    unserved.delete(namespace)
    if (!tenant) return
    const done = tenant
      .stop(reason, patienceMs())
      .then(() => edge.log.info({ namespace, reason }, 'namespace left'))
      .finally(() => closing.delete(done))
    closing.add(done)
  }
  const change = (names: ReadonlySet<string>) => {
    for (const name of wanted) {
      if (names.has(name)) continue
      wanted.delete(name)
      close(name, 'the namespace is not opted in any more')
    }
    for (const name of names) {
      if (wanted.has(name)) continue
      wanted.add(name)
      const done = (opening.get(name) ?? Promise.resolve()).then(() => open(name))
      opening.set(name, done)
    }
  }

  const looking = lookForPods(edge, tenants, over)
  const { namespaces } = edge.config
  if (namespaces.length > 0) {
    change(new Set(namespaces))
    await aborted(over)
  } else {
    const onProblem = (error: unknown) => edge.log.warn({ problem: asProblem(error) }, 'namespaces cannot be watched')
    for await (const names of watchNamespaces(edge.client, over, onProblem)) change(names)
  }
  const reason = over.reason instanceof Error ? over.reason.message : 'the term is over'
  wanted.clear()
  await Promise.all(opening.values())
  for (const namespace of [...tenants.keys()]) close(namespace, reason)
  await Promise.all([...closing, looking])
}

/** Looks which pods are there: once, and again for as long as some deliver. */
async function lookForPods(
  edge: ClusterAgentEdge & { presences: Presences },
  tenants: ReadonlyMap<string, Tenant>,
  over: AbortSignal,
): Promise<void> {
  const isElsewhere = ({ run }: KeptRun) =>
    run.phase === 'delivering' && run.holder.replica !== undefined && run.holder.replica !== edge.replica?.uid
  for (let isFirst = true; !over.aborted; isFirst = false) {
    try {
      if (isFirst || [...tenants.values()].some((tenant) => allRuns(tenant).some(isElsewhere))) await edge.presences.look()
    } catch (error) {
      edge.log.warn({ problem: asProblem(error) }, 'nobody knows which replicas are there')
    }
    await edge.clock.sleep(edge.election.renewMs, over).catch(() => undefined)
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
