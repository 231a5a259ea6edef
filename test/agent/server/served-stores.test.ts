import { expect, it, describe } from 'vitest'
import { servedStores } from '../../../agent/server/served-stores.ts'
import { LABEL_ENABLED } from '../../../core/names.ts'
import { createMemoryStore } from '../../../core/store/memory-store.ts'
import { useCluster } from '../../cluster/use-cluster.ts'
import { FakeClock } from '../../support/clock.ts'

const cluster = await useCluster()

describe.skipIf(cluster.skipped)('the stores that a waiting replica reads', () => {
  const make = (namespaces: string[] = []) => {
    const clock = new FakeClock('2026-03-10T00:00:00Z')
    const opened: string[] = []
    const storeOf = servedStores({
      ...{ client: cluster.admin, clock, namespaces },
      open(namespace) {
        opened.push(namespace)
        return createMemoryStore({ clock, newUid: () => 'u' })
      },
    })
    return { clock, opened, storeOf }
  }

  it('are of opted-in namespaces, opened once; one that leaves is served no more', async () => {
    const [member, stranger] = [await cluster.newNamespace({ [LABEL_ENABLED]: 'true' }), await cluster.newNamespace()]
    const { clock, opened, storeOf } = make()
    const store = await storeOf(member)
    expect(store).toBeDefined()
    expect(await storeOf(member)).toBe(store)
    expect(await storeOf(stranger)).toBeUndefined()
    expect(await storeOf('no-such-namespace')).toBeUndefined()
    expect(opened).toEqual([member])
    const path = `/api/v1/namespaces/${member}`
    const body = { metadata: { labels: { [LABEL_ENABLED]: 'false' } } }
    await cluster.admin.json({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' })
    expect(await storeOf(member), 'for a moment it is not asked again').toBe(store)
    await clock.advance(10_000)
    expect(await storeOf(member)).toBeUndefined()
  })

  it('are of the namespaces that the config names, whatever their label', async () => {
    const member = await cluster.newNamespace({ [LABEL_ENABLED]: 'true' })
    const { opened, storeOf } = make(['named'])
    expect(await storeOf('named')).toBeDefined()
    expect(await storeOf(member)).toBeUndefined()
    expect(opened).toEqual(['named'])
  })
})
