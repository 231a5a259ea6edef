import { describe, expect, it } from 'vitest'
import { resourcePath } from '../../core/kube/path.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { useCluster } from './use-cluster.ts'

const cluster = await useCluster()

describe.skipIf(cluster.skipped)('the control plane', () => {
  it('is the pinned Kubernetes', async () => {
    expect(await cluster.admin.json({ path: '/version' })).toMatchObject({ gitVersion: 'v1.34.4', major: '1', minor: '34' })
  })

  it('gives each test a namespace of its own', async () => {
    const [one, other] = [await cluster.newNamespace(), await cluster.newNamespace({ 'a/b': 'c' })]
    expect(one).not.toBe(other)
    expect(await cluster.admin.json({ path: `/api/v1/namespaces/${other}` })).toMatchObject({
      metadata: { labels: { 'a/b': 'c' } },
    })
  })

  it('gives users no right but those that a test allows', async () => {
    const namespace = await cluster.newNamespace()
    const list = { path: resourcePath({ version: 'v1', plural: 'secrets', namespace }) }
    const alice = cluster.client('alice')
    await expect(alice.json(list)).rejects.toSatisfy((error) => isStatus(error, 403))
    await cluster.allow('alice', ['list'], ['secrets'], { namespace })
    expect(await alice.json(list)).toMatchObject({ kind: 'SecretList', items: [] })
    await expect(cluster.client('bob').json(list)).rejects.toSatisfy((error) => isStatus(error, 403))
  })
})
