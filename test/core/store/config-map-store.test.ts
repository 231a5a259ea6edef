import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { createConfigMapStore } from '../../../core/store/config-map-store.ts'
import { useCluster } from '../../cluster/use-cluster.ts'
import { storeConformance } from './conformance.ts'

const cluster = await useCluster()

describe.skipIf(cluster.skipped)('ConfigMaps of a real API server', () => {
  storeConformance(
    'config-map-store',
    async () => {
      const namespace = await cluster.newNamespace()
      const open = () => createConfigMapStore({ client: cluster.client('admin'), onProblem: () => undefined })
      return {
        store: open(),
        another: async () => open(),
        cleanup: async () => undefined,
        namespace,
        async until(isDone) {
          for (let tries = 0; tries < 200; tries++) {
            if (await isDone()) return
            await systemClock.sleep(50)
          }
          throw new Error('it did not come')
        },
      }
    },
    { collectsGarbage: false, sequences: 10 },
  )

  it('neither reads nor touches what lacks the label', async () => {
    const namespace = await cluster.newNamespace()
    const store = createConfigMapStore({ client: cluster.admin, onProblem: () => undefined })
    const path = `/api/v1/namespaces/${namespace}/configmaps`
    await cluster.admin.json({ method: 'POST', path, body: { metadata: { name: 'nightly' }, data: { app: 'x' } } })
    const ref = { kind: 'job', namespace, name: 'nightly' } as const
    expect(await store.get(ref)).toBeUndefined()
    await expect(store.create(ref, { text: 'x' })).rejects.toMatchObject({ code: 'STORE_NAME_TAKEN' })
    await store.remove(ref)
    expect(await cluster.admin.json({ path: `${path}/nightly` })).toMatchObject({ data: { app: 'x' } })
  })
})
