import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/contract/index.ts'
import { reasonOf } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { createObject, getObject, replaceObject } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import type { Fence } from '../../core/run.ts'

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
  /** told after each renewal for how long from now nobody else can lead, ms */
  onRenewed?: (forMs: number) => void
}

interface Lease {
  metadata: { uid?: string; resourceVersion?: string }
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

/**
 * Takes part in the election until the signal aborts, and calls `work` for each term of leadership. Its signal aborts when
 * the term is over: by a stop, by a lost lease, or because renewing failed for too long. The lease is given back when `work`
 * has ended, so that a stop hands over at once. One holds a lease that others see renewed; expiry is judged by our own
 * monotonic clock since we last saw it change, so that clocks of nodes need not agree.
 * Source: the Lease API of coordination.k8s.io, used as client-go's leader election does.
 */
export async function lead(
  edge: ElectorEdge,
  signal: AbortSignal,
  work: (fence: Fence, term: AbortSignal) => Promise<void>,
): Promise<void> {
  const seen: Seen = { version: '', atMs: edge.clock.monotonicMs() }
  while (!signal.aborted) {
    const held = await acquire(edge, seen)
    if (held) await serve(edge, held, signal, work)
    await edge.clock.sleep(edge.renewMs / 2, signal).catch(() => undefined)
  }
}

interface Seen {
  version: string
  atMs: number
}

const pathOf = (edge: ElectorEdge, name?: string) =>
  resourcePath({
    group: 'coordination.k8s.io',
    version: 'v1',
    namespace: edge.namespace,
    plural: 'leases',
    ...(name === undefined ? {} : { name }),
  })

/** The lease as last written by us, and when that was asked for: others may have seen it change right then. */
interface Held {
  lease: Lease
  atMs: number
}

/** Who cannot renew for this part of leaseMs stops leading: well before another may begin. */
const giveUpMs = (edge: ElectorEdge) => (edge.leaseMs * 2) / 3

/** One try to become the holder. Undefined when someone else is, or nobody can say. */
async function acquire(edge: ElectorEdge, seen: Seen): Promise<Held | undefined> {
  try {
    return await within(edge, giveUpMs(edge), (signal) => tryAcquire(edge, seen, signal))
  } catch (error) {
    if (!isStatus(error, 409)) edge.log.warn({ reason: reasonOf(error) }, 'the lease cannot be taken')
    return undefined
  }
}

async function tryAcquire(edge: ElectorEdge, seen: Seen, signal: AbortSignal): Promise<Held | undefined> {
  const found = await read(edge, signal)
  if (!found) return write(edge, undefined, 0, signal)
  const version = found.metadata.resourceVersion ?? ''
  if (version !== seen.version) Object.assign(seen, { version, atMs: edge.clock.monotonicMs() })
  const holder = found.spec?.holderIdentity
  const isOurs = holder === edge.identity
  const durationMs = Math.max(edge.leaseMs, (found.spec?.leaseDurationSeconds ?? 0) * 1000)
  if (holder && !isOurs && edge.clock.monotonicMs() - seen.atMs < durationMs) return undefined
  return write(edge, found, (found.spec?.leaseTransitions ?? 0) + (isOurs ? 0 : 1), signal)
}

const read = async (edge: ElectorEdge, signal: AbortSignal) =>
  (await getObject(edge.client, pathOf(edge, edge.name), { signal }))?.json as Lease | undefined

/** A call with an end in time, whatever a server that asks for patience, or one that hangs, makes of it. */
async function within<Value>(edge: ElectorEdge, ms: number, call: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  const [late, done] = [new AbortController(), new AbortController()]
  void edge.clock.sleep(ms, done.signal).then(
    () => late.abort(new Error(`no answer within ${Math.round(ms)} ms`)),
    () => undefined,
  )
  try {
    return await call(late.signal)
  } finally {
    done.abort(new Error('done'))
  }
}

/** Writes the lease as ours, if nobody changed it since it was read. */
async function write(
  edge: ElectorEdge,
  before: Lease | undefined,
  leaseTransitions: number,
  signal: AbortSignal,
  holderIdentity = edge.identity,
): Promise<Held> {
  const atMs = edge.clock.monotonicMs()
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
    metadata: {
      name: edge.name,
      namespace: edge.namespace,
      ...(before ? { resourceVersion: before.metadata.resourceVersion } : {}),
    },
    spec,
  }
  const item = before
    ? await replaceObject(edge.client, pathOf(edge, edge.name), lease, { signal })
    : await createObject(edge.client, pathOf(edge), lease, { signal })
  return { lease: item.json as Partial<Lease> as Lease, atMs }
}

async function serve(
  edge: ElectorEdge,
  held: Held,
  signal: AbortSignal,
  work: (fence: Fence, term: AbortSignal) => Promise<void>,
): Promise<void> {
  const { lease } = held
  const fence: Fence = { leaseUid: lease.metadata.uid ?? '', transitions: lease.spec?.leaseTransitions ?? 0 }
  const term = new AbortController()
  const over = new AbortController()
  edge.log.info({ ...fence, identity: edge.identity }, 'leading')
  tellRenewed(edge, held)
  let isLost = false
  const renewing = renew(edge, held, over.signal).catch((error: unknown) => {
    isLost = true
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
    const giveBack = (late: AbortSignal) => write(edge, held.lease, fence.transitions, late, '')
    if (!isLost) await within(edge, edge.renewMs, giveBack).catch(() => undefined)
  }
}

const tellRenewed = (edge: ElectorEdge, { atMs }: Held) => edge.onRenewed?.(atMs + giveUpMs(edge) - edge.clock.monotonicMs())

/** Renews until told to stop. Throws when someone else took the lease, or it could not be renewed for too long. */
async function renew(edge: ElectorEdge, held: Held, over: AbortSignal): Promise<void> {
  let problem: unknown
  for (;;) {
    const sinceMs = edge.clock.monotonicMs() - held.atMs
    // After a failure sooner: there is time for a few tries before it is too late.
    await edge.clock
      .sleep(problem === undefined ? Math.max(0, edge.renewMs - sinceMs) : edge.renewMs / 4, over)
      .catch(() => undefined)
    if (over.aborted) return
    const leftMs = held.atMs + giveUpMs(edge) - edge.clock.monotonicMs()
    if (leftMs <= 0) throw problem ?? new Error('it was not renewed in time')
    try {
      Object.assign(
        held,
        await within(edge, leftMs, (signal) => write(edge, held.lease, held.lease.spec?.leaseTransitions ?? 0, signal)),
      )
      problem = undefined
      tellRenewed(edge, held)
    } catch (error) {
      problem = error
      if (isStatus(error, 409)) held.lease = await within(edge, leftMs, (signal) => stillOurs(edge, signal))
    }
  }
}

/** After a conflict: our own write may have come through unseen, or another holder is there. */
async function stillOurs(edge: ElectorEdge, signal: AbortSignal): Promise<Lease> {
  const found = await read(edge, signal)
  if (found?.spec?.holderIdentity !== edge.identity)
    throw new Error(`another process holds the lease: ${found?.spec?.holderIdentity ?? 'none'}`)
  return found
}
