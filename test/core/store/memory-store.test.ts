import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../../core/store/memory-store.ts'
import { FakeClock } from '../../support/clock.ts'
import { storeConformance } from './conformance.ts'

const make = () => createMemoryStore({ clock: new FakeClock(), newUid: randomUUID })

storeConformance('memory', async () => {
  const store = make()
  return { store, another: async () => store, cleanup: async () => undefined }
})

describe('memory store', () => {
  it('keeps namespaces apart', async () => {
    const store = make()
    await store.create({ kind: 'job', namespace: 'a', name: 'x' }, { text: '1' })
    await store.create({ kind: 'job', namespace: 'b', name: 'x' }, { text: '2' })
    await store.remove({ kind: 'job', namespace: 'a', name: 'x' })
    expect(await store.get({ kind: 'job', namespace: 'b', name: 'x' })).toMatchObject({ text: '2', namespace: 'b' })
    expect(await store.get({ kind: 'job', namespace: 'a', name: 'x' })).toBeUndefined()
  })

  it('takes the time and the uid that it is given', async () => {
    const store = createMemoryStore({ clock: new FakeClock('2026-05-01T10:00:00Z'), newUid: () => 'uid-1' })
    const created = await store.create({ kind: 'job', namespace: 'a', name: 'x' }, { text: '1' })
    expect(created).toMatchObject({ uid: 'uid-1', createdAt: new Date('2026-05-01T10:00:00Z') })
  })

  it('is not changed through what it gave or was given', async () => {
    const store = make()
    const labels: Record<string, string> = { team: 'x' }
    const created = await store.create({ kind: 'job', namespace: 'a', name: 'x' }, { text: '1', labels })
    labels['team'] = 'y'
    created.labels['team'] = 'z'
    expect((await store.get(created))?.labels['team']).toBe('x')
  })
})
