import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/contract/index.ts'
import { asProblem } from '../core/errors.ts'
import type { KubeClient } from '../core/kube/client.ts'
import { type Fence, type Holder, isLater } from '../core/run.ts'
import type { Store } from '../core/store/store.ts'
import type { AgentConfig } from './config.ts'
import { agentFolders } from './folders.ts'
import { type ElectorEdge, lead } from './leader/elector.ts'
import type { Outside } from './outside.ts'
import { createCapacity } from './scheduler/capacity.ts'
import type { TaskStarter } from './task-process.ts'
import { openTenant, type Tenant } from './tenant.ts'
import { watchNamespaces } from './watch/namespaces.ts'

/** What an agent of a cluster needs. */
export interface ClusterAgentEdge {
  clock: Clock
  log: Logger
  client: KubeClient
  store: Store
  /** base of the work folders of all namespaces */
  folder: string
  tasks: TaskStarter
  config: AgentConfig
  /** this process; never used again by another one */
  holder: Holder
  outside(namespace: string): Outside
  election: Pick<ElectorEdge, 'namespace' | 'name' | 'identity' | 'leaseMs' | 'renewMs'>
  random(): number
}

export interface ClusterAgent {
  tenants: ReadonlyMap<string, Tenant>
  /** the term that this process leads now */
  leading(): Fence | undefined
  /** resolves when everything has ended, after the signal has aborted */
  ended: Promise<void>
}

/**
 * Takes part in the election, and while it leads works on every opted-in namespace: those that join later too, and those that
 * leave no more. One namespace's trouble is its own.
 */
export function startClusterAgent(edge: ClusterAgentEdge, signal: AbortSignal): ClusterAgent {
  const tenants = new Map<string, Tenant>()
  let term: Fence | undefined
  const work = async (fence: Fence, over: AbortSignal) => {
    term = fence
    try {
      await serveNamespaces({ ...edge, fence }, tenants, over, () => (signal.aborted ? undefined : 0))
    } finally {
      term = undefined
    }
  }
  const ended = lead({ ...edge, ...edge.election }, signal, work)
  return { tenants, leading: () => term, ended }
}

const RETRY_MS = 5_000

/**
 * Opens and closes tenants as namespaces come and go, until the term is over. After a normal stop, what is at work may end by
 * itself; after a lost lease another process may begin soon, and it is ended at once.
 */
async function serveNamespaces(
  edge: ClusterAgentEdge & { fence: Fence },
  tenants: Map<string, Tenant>,
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
    while (wanted.has(namespace) && !over.aborted) {
      try {
        const tenant = await openTenant({
          ...edge,
          namespace,
          folders: agentFolders(edge.folder, namespace),
          cacheFile: join(edge.folder, 'namespaces', namespace, 'cache.json'),
          holder: { ...edge.holder, fence: edge.fence },
          // Who leads knows that all others have stopped; one of a later term says that we lead no more.
          isAlive: (holder) => isLater(holder.fence, edge.fence),
          outside: edge.outside(namespace),
          capacity,
        })
        await tenant.start()
        tenants.set(namespace, tenant)
        edge.log.info({ namespace }, 'namespace joined')
        return
      } catch (error) {
        edge.log.error({ namespace, problem: asProblem(error) }, 'namespace cannot be served yet')
        await edge.clock.sleep(RETRY_MS, over).catch(() => undefined)
      }
    }
  }
  const close = (namespace: string, reason: string) => {
    const tenant = tenants.get(namespace)
    tenants.delete(namespace)
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
  await Promise.all(closing)
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
