import { describe, expect, it } from 'vitest'
import { createPresences, keepPresence, type PresenceEdge } from '../../../agent/leader/presence.ts'
import { type Clock, systemClock } from '../../../core/clock.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const cluster = await useCluster()

describe.skipIf(cluster.skipped)('the presence of a replica', () => {
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  const edge = (namespace: string, clock: Clock = systemClock): PresenceEdge => ({
    ...{ client: cluster.client('admin'), clock, log: silent, namespace },
    ...{ leaseMs: 60_000, renewMs: 100 },
  })
  const path = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`

  it('is told as long as it is there, and taken back at its end', async () => {
    const namespace = await cluster.newNamespace()
    const presences = createPresences(edge(namespace))
    expect(presences.isThere('uid-1'), 'nobody has looked yet').toBe(true)
    await presences.look()
    expect(presences.isThere('uid-1')).toBe(false)
    const stop = new AbortController()
    const kept = keepPresence(edge(namespace), { name: 'pod-1', uid: 'uid-1' }, stop.signal)
    await expect.poll(async () => (await presences.look(), presences.isThere('uid-1'))).toBe(true)
    expect(presences.isThere('uid-2')).toBe(false)
    expect(await cluster.admin.json({ path: `${path(namespace)}/pod-1` })).toMatchObject({
      metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'pod-1', uid: 'uid-1' }] },
      spec: { holderIdentity: 'uid-1', leaseDurationSeconds: 60 },
    })
    stop.abort(new Error('stopped'))
    await kept
    await presences.look()
    expect(presences.isThere('uid-1')).toBe(false)
  })

  it('is over when it is not renewed for as long as its Lease lasts, by the clock of who looks', async () => {
    const namespace = await cluster.newNamespace()
    const clock = { ...systemClock, aheadMs: 0, monotonicMs: () => systemClock.monotonicMs() + clock.aheadMs }
    const presences = createPresences(edge(namespace, clock))
    const metadata = { name: 'pod-1', labels: { 'support-bundle-schedule.io/replica': 'true' } }
    const body = { metadata, spec: { holderIdentity: 'uid-1', renewTime: '2000-01-01T00:00:00.000000Z' } }
    await cluster.admin.json({ method: 'POST', path: path(namespace), body })
    await presences.look()
    expect(presences.isThere('uid-1'), 'whatever its own clock says').toBe(true)
    clock.aheadMs = 59_000
    await presences.look()
    expect(presences.isThere('uid-1')).toBe(true)
    clock.aheadMs = 61_000
    await presences.look()
    expect(presences.isThere('uid-1')).toBe(false)
    await cluster.admin.json({
      method: 'PATCH',
      path: `${path(namespace)}/pod-1`,
      body: { spec: { renewTime: '2000-01-01T00:00:01.000000Z' } },
      contentType: 'application/merge-patch+json',
    })
    await presences.look()
    expect(presences.isThere('uid-1'), 'it was renewed').toBe(true)
  })

  it('that cannot be told does not end who tells it', async () => {
    const namespace = await cluster.newNamespace()
    const stop = new AbortController()
    const kept = keepPresence(
      { ...edge(namespace), client: cluster.client('carol') },
      { name: 'pod-1', uid: 'uid-1' },
      stop.signal,
    )
    await systemClock.sleep(300)
    stop.abort(new Error('stopped'))
    await expect(kept).resolves.toBeUndefined()
  })
})
