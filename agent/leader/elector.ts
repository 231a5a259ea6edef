import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/contract/index.ts'
import { reasonOf } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { createObject, getObject, replaceObject } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { isStatus } from '../../core/kube/status-error.ts'

export interface ElectorEdge {
  client: KubeClient
  clock: Clock
  log: Logger
  namespace: string
  /** of the Lease object */
  name: string
  /** who we are: never used again by another process */
  identity: string
  /** how long a lease counts that is not renewed */
  leaseMs: number
  /** how often it is renewed; who cannot for two thirds of leaseMs stops leading, well before another may begin */
  renewMs: number
}

/** Tells this leadership from all before and after it: written into every run. */
export interface Fence {
  leaseUid: string
  transitions: number
}

interface Lease {
  metadata: { uid?: string; resourceVersion?: string }
  spec?: { holderIdentity?: string; leaseDurationSeconds?: number; acquireTime?: string; renewTime?: string; leaseTransitions?: number }
}

/**
 * Takes part in the election until the signal aborts, and calls `work` for each term of leadership. Its signal aborts when
 * the term is over: by a stop, by a lost lease, or because renewing failed for too long. The lease is given back when `work`
 * has ended, so that a stop hands over at once. One holds a lease that others see renewed; expiry is judged by our own
 * monotonic clock since we last saw it change, so that clocks of nodes need not agree.
 * Source: the Lease API of coordination.k8s.io, used as client-go's leader election does.
 */
export async function lead(edge: ElectorEdge, signal: AbortSignal, work: (fence: Fence, term: AbortSignal) => Promise<void>): Promise<void> {
  const seen: Seen = { version: '', atMs: edge.clock.monotonicMs() }
  while (!signal.aborted) {
    const lease = await acquire(edge, seen)
    if (lease) await serve(edge, lease, signal, work)
    await edge.clock.sleep(edge.renewMs / 2, signal).catch(() => undefined)
  }
}

interface Seen {
  version: string
  atMs: number
}

const pathOf = (edge: ElectorEdge, name?: string) =>
  resourcePath({ group: 'coordination.k8s.io', version: 'v1', namespace: edge.namespace, plural: 'leases', ...(name === undefined ? {} : { name }) })

/** One try to become the holder. Undefined when someone else is, or nobody can say. */
async function acquire(edge: ElectorEdge, seen: Seen): Promise<Lease | undefined> {
  try {
    const found = (await getObject(edge.client, pathOf(edge, edge.name)))?.json as Lease | undefined
    if (!found) return await write(edge, undefined, 0)
    const version = found.metadata.resourceVersion ?? ''
    if (version !== seen.version) Object.assign(seen, { version, atMs: edge.clock.monotonicMs() })
    const holder = found.spec?.holderIdentity
    const isOurs = holder === edge.identity
    const durationMs = Math.max(edge.leaseMs, (found.spec?.leaseDurationSeconds ?? 0) * 1000)
    if (holder && !isOurs && edge.clock.monotonicMs() - seen.atMs < durationMs) return undefined
    return await write(edge, found, (found.spec?.leaseTransitions ?? 0) + (isOurs ? 0 : 1))
  } catch (error) {
    if (!isStatus(error, 409)) edge.log.warn({ reason: reasonOf(error) }, 'the lease cannot be taken')
    return undefined
  }
}

/** Writes the lease as ours, if nobody changed it since it was read. */
async function write(edge: ElectorEdge, before: Lease | undefined, leaseTransitions: number, holderIdentity = edge.identity): Promise<Lease> {
  const now = `${edge.clock.now().toISOString().slice(0, -1)}000Z`
  const isSameTerm = before?.spec?.holderIdentity === holderIdentity
  const spec = {
    holderIdentity,
    leaseDurationSeconds: Math.max(1, Math.ceil(edge.leaseMs / 1000)),
    acquireTime: (isSameTerm && before.spec?.acquireTime) || now,
    renewTime: now,
    leaseTransitions,
  }
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: edge.name, namespace: edge.namespace, ...(before ? { resourceVersion: before.metadata.resourceVersion } : {}) },
    spec,
  }
  const item = before
    ? await replaceObject(edge.client, pathOf(edge, edge.name), lease, { timeoutMs: edge.renewMs })
    : await createObject(edge.client, pathOf(edge), lease, { timeoutMs: edge.renewMs })
  return item.json as unknown as Lease
}

async function serve(edge: ElectorEdge, lease: Lease, signal: AbortSignal, work: (fence: Fence, term: AbortSignal) => Promise<void>): Promise<void> {
  const fence: Fence = { leaseUid: lease.metadata.uid ?? '', transitions: lease.spec?.leaseTransitions ?? 0 }
  const term = new AbortController()
  const over = new AbortController()
  edge.log.info({ ...fence, identity: edge.identity }, 'leading')
  const held = { lease, isLost: false }
  const renewing = renew(edge, held, over.signal).catch((error: unknown) => {
    held.isLost = true
    edge.log.warn({ reason: reasonOf(error) }, 'leadership lost')
    term.abort(error instanceof Error ? error : new Error(reasonOf(error)))
  })
  const onStop = () => term.abort(signal.reason as Error)
  signal.addEventListener('abort', onStop, { once: true })
  if (signal.aborted) onStop()
  try {
    await work(fence, term.signal)
  } finally {
    // Renewed until the work has ended: what still ends on a stop must not meet a new leader.
    over.abort(new Error('the term is over'))
    await renewing
    signal.removeEventListener('abort', onStop)
    if (!held.isLost) await write(edge, held.lease, fence.transitions, '').catch(() => undefined)
  }
}

/** Renews until told to stop. Throws when someone else took the lease, or it could not be renewed for too long. */
async function renew(edge: ElectorEdge, held: { lease: Lease }, over: AbortSignal): Promise<void> {
  let renewedMs = edge.clock.monotonicMs()
  for (;;) {
    await edge.clock.sleep(edge.renewMs, over).catch(() => undefined)
    if (over.aborted) return
    try {
      held.lease = await write(edge, held.lease, held.lease.spec?.leaseTransitions ?? 0)
      renewedMs = edge.clock.monotonicMs()
    } catch (error) {
      if (isStatus(error, 409)) held.lease = await stillOurs(edge)
      else if (edge.clock.monotonicMs() - renewedMs > (edge.leaseMs * 2) / 3) throw error
    }
  }
}

/** After a conflict: our own write may have come through unseen, or another holder is there. */
async function stillOurs(edge: ElectorEdge): Promise<Lease> {
  const found = (await getObject(edge.client, pathOf(edge, edge.name)))?.json as Lease | undefined
  if (found?.spec?.holderIdentity !== edge.identity) throw new Error(`another process holds the lease: ${found?.spec?.holderIdentity ?? 'none'}`)
  return found
}
