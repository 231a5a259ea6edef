import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type ElectorEdge, lead } from '../../../agent/leader/elector.ts'
import type { Fence } from '../../../core/run.ts'
import { systemClock } from '../../../core/clock.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const cluster = await useCluster()
const LEASE_MS = 1_000

interface Term {
  who: string
  fence: Fence
  endedBy?: string
}

describe.skipIf(cluster.skipped)('the election on a real API server', () => {
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  const candidate = (namespace: string, identity: string, more: Partial<ElectorEdge> = {}): ElectorEdge => ({
    client: cluster.client('admin'),
    clock: systemClock,
    log: silent,
    namespace,
    name: 'leader',
    identity,
    leaseMs: LEASE_MS,
    renewMs: 200,
    ...more,
  })
  /** Notes each term, and holds it until its signal aborts. */
  const noting = (terms: Term[], who: string) => async (fence: Fence, term: AbortSignal) => {
    const mine: Term = { who, fence }
    terms.push(mine)
    await new Promise<void>((resolve) => term.addEventListener('abort', () => resolve()))
    mine.endedBy = String((term.reason as Error).message)
  }
  const until = async (isDone: () => boolean) => {
    for (let tries = 0; tries < 200 && !isDone(); tries++) await systemClock.sleep(25)
    expect(isDone()).toBe(true)
  }

  it('has one leader at a time, and hands over at once when it stops', async () => {
    const namespace = await cluster.newNamespace()
    const terms: Term[] = []
    const stops = ['a', 'b', 'c'].map(() => new AbortController())
    const running = ['a', 'b', 'c'].map((who, index) =>
      lead(candidate(namespace, who), stops[index]?.signal ?? AbortSignal.abort(), noting(terms, who)),
    )
    await until(() => terms.length === 1)
    const first = terms[0]?.who ?? ''
    const began = systemClock.monotonicMs()
    stops['abc'.indexOf(first)]?.abort(new Error('stopped'))
    await until(() => terms.length === 2)
    expect(systemClock.monotonicMs() - began).toBeLessThan(LEASE_MS)
    expect(terms[0]?.endedBy).toBe('stopped')
    expect(terms[1]?.fence.leaseUid).toBe(terms[0]?.fence.leaseUid)
    expect(terms[1]?.fence.transitions).toBeGreaterThan(terms[0]?.fence.transitions ?? 0)
    for (const stop of stops) stop.abort(new Error('stopped'))
    await Promise.all(running)
  })

  it('ends a term when another process has taken the lease', async () => {
    const namespace = await cluster.newNamespace()
    const terms: Term[] = []
    const stop = new AbortController()
    const running = lead(candidate(namespace, 'old'), stop.signal, noting(terms, 'old'))
    await until(() => terms.length === 1)
    const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/leader`
    await cluster.admin.json({
      method: 'PATCH',
      path,
      contentType: 'application/merge-patch+json',
      body: { spec: { holderIdentity: 'thief' } },
    })
    await until(() => terms[0]?.endedBy !== undefined)
    expect(terms[0]?.endedBy).toContain('thief')
    stop.abort(new Error('stopped'))
    await running
  })

  it('takes over the lease of a process that is gone, not before it has expired', async () => {
    const namespace = await cluster.newNamespace()
    const terms: Term[] = []
    const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
    const spec = {
      holderIdentity: 'dead',
      leaseDurationSeconds: 1,
      leaseTransitions: 7,
      renewTime: '2020-01-01T00:00:00.000000Z',
    }
    await cluster.admin.json({ method: 'POST', path, body: { metadata: { name: 'leader' }, spec } })
    const stop = new AbortController()
    const began = systemClock.monotonicMs()
    const running = lead(candidate(namespace, 'new'), stop.signal, noting(terms, 'new'))
    await until(() => terms.length === 1)
    // The old renewTime says nothing: clocks of nodes may differ.
    expect(systemClock.monotonicMs() - began).toBeGreaterThanOrEqual(LEASE_MS)
    expect(terms[0]?.fence.transitions).toBe(8)
    stop.abort(new Error('stopped'))
    await running
  })

  it('stops leading when the server is away for too long', async () => {
    const namespace = await cluster.newNamespace()
    const terms: Term[] = []
    const stop = new AbortController()
    const edge = candidate(namespace, randomUUID())
    let isAway = false
    const client = new Proxy(edge.client, {
      get: (target, key) => {
        if (isAway) throw new Error('the server is away')
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    const running = lead({ ...edge, client }, stop.signal, noting(terms, 'a'))
    await until(() => terms.length === 1)
    isAway = true
    const began = systemClock.monotonicMs()
    await until(() => terms[0]?.endedBy !== undefined)
    expect(systemClock.monotonicMs() - began).toBeLessThan(LEASE_MS + 200)
    stop.abort(new Error('stopped'))
    await running
  })
})
