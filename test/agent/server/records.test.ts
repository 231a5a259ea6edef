import { describe, expect, it } from 'vitest'
import { recordReader } from '../../../agent/server/records.ts'
import { fail } from '../../../core/errors.ts'
import { createMemoryStore } from '../../../core/store/memory-store.ts'
import type { Kind } from '../../../core/names.ts'
import type { Store } from '../../../core/store/store.ts'
import { FakeClock } from '../../support/clock.ts'

function aWorld() {
  const clock = new FakeClock('2026-03-10T00:00:00Z')
  let uids = 0
  const memory = createMemoryStore({ clock, newUid: () => `uid-${++uids}` })
  const world = {
    clock,
    lists: 0,
    failure: undefined as Error | undefined,
    create: (kind: Kind, name: string, namespace = 'payments') => memory.create({ kind, namespace, name }, { text: '{}' }),
    read: recordReader(
      {
        mirror: (namespace) => (namespace === 'led' ? { of: () => new Map([['from-mirror', stored]]) } : undefined),
        store: (namespace) => (namespace === 'closed' ? undefined : store),
      },
      clock,
    ),
    async names(namespace = 'payments', kind: 'job' | 'status' | 'run' = 'job') {
      return [...((await world.read(namespace))?.of(kind).keys() ?? [])]
    },
  }
  const stored = {
    ...({ kind: 'job', namespace: 'led', name: 'from-mirror', uid: 'u', version: '1', text: '' } as const),
    ...{ createdAt: clock.now(), labels: {}, annotations: {}, isSealed: false },
  }
  const store: Store = {
    ...memory,
    async *list(kinds, namespace) {
      world.lists++
      if (world.failure) throw world.failure
      yield* memory.list(kinds, namespace)
    },
  }
  return world
}

describe('records', () => {
  it('come from what a leading replica follows, without reading', async () => {
    const world = aWorld()
    expect(await world.names('led')).toEqual(['from-mirror'])
    expect(world.lists).toBe(0)
  })

  it('are read by one that does not lead: once for all who ask at a time, and each five seconds at most', async () => {
    const world = aWorld()
    await world.create('job', 'a')
    await world.create('status', 'a.status')
    await world.create('run', 'a.m1')
    await world.create('job', 'b', 'other')
    expect(await Promise.all([world.names(), world.names(), world.names('payments', 'run')])).toEqual([['a'], ['a'], ['a.m1']])
    expect(await world.names('payments', 'status')).toEqual(['a.status'])
    expect(world.lists).toBe(1)
    await world.create('job', 'c')
    await world.clock.advance(4_999)
    expect(await world.names()).toEqual(['a'])
    await world.clock.advance(1)
    expect(await world.names()).toEqual(['a', 'c'])
    expect(await world.names('other')).toEqual(['b'])
  })

  it('are none of a namespace that is not served', async () => {
    expect(await aWorld().read('closed')).toBeUndefined()
  })

  it('are those of a minute ago, and marked stale, while the store is away', async () => {
    const world = aWorld()
    await world.create('job', 'a')
    expect(await world.read('payments')).toMatchObject({ isStale: false })
    world.failure = fail('STORE_UNAVAILABLE', { what: 'x', reason: 'away' })
    await world.clock.advance(59_000)
    expect(await world.read('payments')).toMatchObject({ isStale: true })
    expect(await world.names()).toEqual(['a'])
    await world.clock.advance(1_000)
    await expect(world.read('payments')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    world.failure = undefined
    expect(await world.read('payments')).toMatchObject({ isStale: false })
  })

  it('are not those of before when the right to read them has ended', async () => {
    const world = aWorld()
    await world.read('payments')
    await world.clock.advance(6_000)
    world.failure = fail('STORE_FORBIDDEN', { what: 'x', reason: 'no' })
    await expect(world.read('payments')).rejects.toMatchObject({ code: 'STORE_FORBIDDEN' })
  })
})
