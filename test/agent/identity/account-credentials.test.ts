import { describe, expect, it } from 'vitest'
import { accountCredentials } from '../../../agent/identity/account-credentials.ts'
import { type Clock, systemClock } from '../../../core/clock.ts'
import type { KubeClient } from '../../../core/kube/client.ts'
import { COLLECTOR_ACCOUNT, STORE_ACCOUNT } from '../../../core/names.ts'
import { startFaultProxy } from '../../cluster/fault-proxy.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const cluster = await useCluster()
const SECONDS = 600

/** The real clock, which a test can put forward. */
function clockAhead(): Clock & { aheadMs: number } {
  const clock = { ...systemClock, aheadMs: 0, monotonicMs: () => systemClock.monotonicMs() + clock.aheadMs }
  return clock
}
const whoIs = async (client: KubeClient) => {
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const review = (await client.json({ method: 'POST', path, body: {} })) as { status: { userInfo: { username: string } } }
  return review.status.userInfo.username
}

describe.skipIf(cluster.skipped)('credentials of an account of a namespace', () => {
  const account = (namespace: string, name = STORE_ACCOUNT) => ({ namespace, name, tokenSeconds: SECONDS })

  it('are those of that account, and of no other', async () => {
    const namespace = await cluster.newTenant()
    for (const name of [STORE_ACCOUNT, COLLECTOR_ACCOUNT]) {
      const client = cluster.admin.withCredentials(accountCredentials(cluster.admin, account(namespace, name)), name)
      expect(await whoIs(client)).toBe(`system:serviceaccount:${namespace}:${name}`)
    }
    const collector = cluster.admin.withCredentials(accountCredentials(cluster.admin, account(namespace, COLLECTOR_ACCOUNT)), 'c')
    await expect(collector.json({ path: `/api/v1/namespaces/${namespace}/secrets` })).rejects.toMatchObject({ status: 403 })
    await expect(collector.json({ path: '/api/v1/namespaces/default/pods' })).rejects.toMatchObject({ status: 403 })
  })

  it('are asked for once by all who need them, and anew when most of their time is over', async () => {
    const namespace = await cluster.newTenant()
    const clock = clockAhead()
    const credentials = accountCredentials(cluster.client('admin', { clock }), account(namespace))
    const [one, two] = await Promise.all([credentials.current(), credentials.current()])
    expect(one).toBe(two)
    clock.aheadMs = SECONDS * 1000 * 0.79
    expect(await credentials.current()).toBe(one)
    // a second later: two tokens of one second are the same text
    clock.aheadMs = SECONDS * 1000 * 0.81
    expect(await credentials.current()).not.toBe(one)
  })

  it('are asked for anew when the server refused them', async () => {
    const namespace = await cluster.newTenant()
    const credentials = accountCredentials(cluster.admin, account(namespace))
    const first = await credentials.current()
    expect(credentials.refused(first)).toBe(true)
    const second = await credentials.current()
    expect(second).not.toBe(first)
    // told late by somebody who still had the old one
    expect(credentials.refused(first)).toBe(true)
    expect(await credentials.current()).toBe(second)
  })

  it('hold on while the server is away, until they expire', async () => {
    const namespace = await cluster.newTenant()
    const proxy = await startFaultProxy(cluster.info)
    try {
      const clock = clockAhead()
      const client = cluster.client('admin', { clock, server: proxy.url, retryBudgetMs: 10 })
      const credentials = accountCredentials(client, account(namespace))
      const first = await credentials.current()
      proxy.rules({ fault: { kind: 'status', status: 500 } })
      clock.aheadMs = SECONDS * 1000 * 0.9
      expect(await credentials.current()).toBe(first)
      clock.aheadMs = SECONDS * 1000 * 1.01
      await expect(credentials.current()).rejects.toMatchObject({ code: 'API_UNAVAILABLE' })
    } finally {
      await proxy.close()
    }
  })

  it('that cannot be had say what mends it', async () => {
    const bare = await cluster.newNamespace()
    await expect(accountCredentials(cluster.admin, account(bare)).current()).rejects.toMatchObject({
      code: 'TENANT_INCOMPLETE',
      remedy: expect.stringContaining(`install namespace ${bare}`),
    })
    const tenant = await cluster.newTenant()
    await expect(accountCredentials(cluster.client('carol'), account(tenant)).current()).rejects.toMatchObject({
      code: 'AGENT_RIGHTS',
      remedy: expect.stringContaining('install'),
    })
  })
})
