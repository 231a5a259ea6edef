import { describe, expect, it } from 'vitest'
import { createMirror, type Mirror } from '../../../agent/watch/mirror.ts'
import { createMemoryStore } from '../../../core/store/memory-store.ts'
import type { Kind } from '../../../core/names.ts'
import type { Store, Stored } from '../../../core/store/store.ts'
import { FakeClock, settle } from '../../support/clock.ts'

const ref = (kind: Kind, name: string) => ({ kind, namespace: '', name })

function setUp() {
  let uids = 0
  const store = createMemoryStore({ clock: new FakeClock(), newUid: () => `uid-${++uids}` })
  return { store, mirror: createMirror(store, '') }
}
const names = (mirror: Mirror, kind: Kind) => [...mirror.of(kind).keys()]

/** A store whose reads wait for `let go`. */
function slow(store: Store) {
  const gates: PromiseWithResolvers<void>[] = []
  const wait = () => {
    const gate = Promise.withResolvers<void>()
    gates.push(gate)
    return gate.promise
  }
  const slowed: Store = {
    create: (...what) => store.create(...what),
    update: (...what) => store.update(...what),
    seal: (...what) => store.seal(...what),
    remove: (...what) => store.remove(...what),
    watch: (...what) => store.watch(...what),
    async get(what) {
      const found = await store.get(what)
      await wait()
      return found
    },
    async *list(kind, namespace) {
      const found: Stored[] = []
      for await (const stored of store.list(kind, namespace)) found.push(stored)
      await wait()
      yield* found
    },
  }
  return { slowed, letGo: () => gates.splice(0).forEach((gate) => gate.resolve()) }
}

describe('a mirror', () => {
  it('holds what it loads, and nothing of templates or other namespaces', async () => {
    const { store, mirror } = setUp()
    for (const kind of ['job', 'status', 'run', 'request', 'template'] as const)
      await store.create(ref(kind, `a.${kind}`), { text: 'x' })
    await store.create({ kind: 'job', namespace: 'elsewhere', name: 'b' }, { text: 'x' })
    await mirror.load()
    for (const kind of ['job', 'status', 'run', 'request'] as const) expect(names(mirror, kind)).toEqual([`a.${kind}`])
    expect(names(mirror, 'template')).toEqual([])
  })

  it('forgets what is gone when it loads again, and keeps unchanged objects as they are', async () => {
    const { store, mirror } = setUp()
    await store.create(ref('job', 'a'), { text: 'x' })
    await store.create(ref('job', 'b'), { text: 'x' })
    await mirror.load()
    const a = mirror.of('job').get('a')
    await store.remove(ref('job', 'b'))
    await mirror.load()
    expect(names(mirror, 'job')).toEqual(['a'])
    expect(mirror.of('job').get('a')).toBe(a)
  })

  it('finds the objects of one job', async () => {
    const { store, mirror } = setUp()
    for (const name of ['a.1', 'a.2', 'a-b.1']) await store.create(ref('run', name), { text: 'x' })
    await mirror.load()
    expect(mirror.ofJob('run', 'a').map(({ name }) => name)).toEqual(['a.1', 'a.2'])
    mirror.drop(ref('run', 'a.1'))
    expect(mirror.ofJob('run', 'a').map(({ name }) => name)).toEqual(['a.2'])
    mirror.drop(ref('run', 'a.2'))
    expect(mirror.ofJob('run', 'a')).toEqual([])
  })
})

describe('pages of a ledger', () => {
  const pages = async (store: Store, ...months: string[]) => {
    for (const month of months) await store.create(ref('ledger', `a.ledger.${month}`), { text: month })
  }

  it('are the newest alone', async () => {
    const { store, mirror } = setUp()
    await pages(store, '202601', '202603', '202602')
    await mirror.load()
    expect(mirror.ledger('a')?.text).toBe('202603')
    expect(names(mirror, 'ledger')).toEqual(['a.ledger.202603'])
    await mirror.refresh(ref('ledger', 'a.ledger.202601'))
    expect(mirror.ledger('a')?.text).toBe('202603')
  })

  it('go on with the one before when the newest is gone', async () => {
    const { store, mirror } = setUp()
    await pages(store, '202601', '202602')
    await mirror.load()
    await store.remove(ref('ledger', 'a.ledger.202602'))
    await mirror.refresh(ref('ledger', 'a.ledger.202602'))
    expect(mirror.ledger('a')?.text).toBe('202601')
    await pages(store, '202602')
    await mirror.load()
    await store.remove(ref('ledger', 'a.ledger.202602'))
    await mirror.load()
    expect(mirror.ledger('a')?.text).toBe('202601')
  })

  it('end with the last one', async () => {
    const { store, mirror } = setUp()
    await pages(store, '202601')
    await mirror.load()
    await store.remove(ref('ledger', 'a.ledger.202601'))
    await mirror.refresh(ref('ledger', 'a.ledger.202601'))
    expect(mirror.ledger('a')).toBeUndefined()
  })
})

describe('a read that takes long', () => {
  it('does not undo what was written meanwhile', async () => {
    const { store } = setUp()
    const { slowed, letGo } = slow(store)
    const mirror = createMirror(slowed, '')
    const first = await store.create(ref('run', 'a.1'), { text: 'claimed' })
    const reading = mirror.refresh(ref('run', 'a.1'))
    await settle()
    mirror.put(await store.update(ref('run', 'a.1'), { text: 'running' }, first.version))
    letGo()
    await settle()
    expect(mirror.of('run').get('a.1')?.text).toBe('running')
    letGo()
    expect((await reading)?.text, 'it reads again').toBe('running')
  })

  it('of everything does not undo what was written or removed meanwhile', async () => {
    const { store } = setUp()
    const { slowed, letGo } = slow(store)
    const mirror = createMirror(slowed, '')
    await store.create(ref('job', 'removed'), { text: 'x' })
    let isDone = false
    const loading = mirror.load().then(() => (isDone = true))
    await settle()
    mirror.put(await store.create(ref('job', 'new'), { text: 'x' }))
    await store.remove(ref('job', 'removed'))
    mirror.drop(ref('job', 'removed'))
    while (!isDone) {
      letGo()
      await settle(1)
    }
    await loading
    expect(names(mirror, 'job')).toEqual(['new'])
  })
})

describe('following', () => {
  const following = (mirror: Mirror) => {
    const told: string[] = []
    const stop = new AbortController()
    const ended = mirror.follow(stop.signal, (job) => told.push(job))
    return { told, stop: () => (stop.abort(), ended) }
  }

  it('tells every job at first, also one of which only a record is left', async () => {
    const { store, mirror } = setUp()
    await store.create(ref('job', 'a'), { text: 'x' })
    await store.create(ref('ledger', 'gone.ledger.202601'), { text: 'x' })
    const { told, stop } = following(mirror)
    await settle()
    expect(told).toEqual(['a', 'gone'])
    await stop()
  })

  it('tells the job that each change is about, and mirrors it', async () => {
    const { store, mirror } = setUp()
    const { told, stop } = following(mirror)
    await settle()
    await store.create(ref('job', 'a'), { text: 'x' })
    await settle()
    await store.create(ref('request', 'a.request.1'), { text: 'x' })
    await settle()
    await store.remove(ref('job', 'a'))
    await settle()
    expect(told).toEqual(['a', 'a', 'a'])
    expect(names(mirror, 'job')).toEqual([])
    await stop()
  })

  it('does not tell of writes that the mirror was told of', async () => {
    const { store, mirror } = setUp()
    const { told, stop } = following(mirror)
    await settle()
    mirror.put(await store.create(ref('status', 'a.status'), { text: 'x' }))
    await settle()
    expect(told).toEqual([])
    await stop()
  })

  it('takes an object over that the store tells of as a whole', async () => {
    const { store } = setUp()
    const told = { ...(await store.create(ref('job', 'a'), { text: 'x' })), version: 'told' }
    const asked: string[] = []
    const telling: Store = {
      ...slow(store).slowed,
      get: (what) => (asked.push(what.name), store.get(what)),
      async *watch() {
        yield told
      },
    }
    const mirror = createMirror(telling, '')
    const { told: jobs, stop } = following(mirror)
    await settle()
    expect([mirror.of('job').get('a')?.version, jobs, asked]).toEqual(['told', ['a'], []])
    await stop()
  })

  it('ends with the signal', async () => {
    const { mirror } = setUp()
    const { stop } = following(mirror)
    await stop()
  })
})

describe('runs that went with their job', () => {
  it('are remembered as they were last seen, until they are forgotten', async () => {
    const { store, mirror } = setUp()
    const { uid } = await store.create(ref('job', 'a'), { text: 'x' })
    await store.create(ref('run', 'a.1'), { text: 'x', owner: { name: 'a', uid } })
    await mirror.load()
    await store.remove(ref('job', 'a'))
    await mirror.load()
    expect(names(mirror, 'run')).toEqual([])
    expect(mirror.goneRuns('a').map(({ name }) => name)).toEqual(['a.1'])
    mirror.goneRuns('a', 'forget')
    expect(mirror.goneRuns('a')).toEqual([])
  })

  it('are those of the earlier job when one is made again under its name', async () => {
    const { store, mirror } = setUp()
    const { uid } = await store.create(ref('job', 'a'), { text: 'x' })
    await store.create(ref('run', 'a.1'), { text: 'x', owner: { name: 'a', uid } })
    await mirror.load()
    await store.remove(ref('job', 'a'))
    await store.create(ref('job', 'a'), { text: 'y' })
    await mirror.load()
    expect(mirror.goneRuns('a').map(({ name }) => name)).toEqual(['a.1'])
  })

  it('are not those that were removed while their job stayed', async () => {
    const { store, mirror } = setUp()
    const { uid } = await store.create(ref('job', 'a'), { text: 'x' })
    await store.create(ref('run', 'a.1'), { text: 'x', owner: { name: 'a', uid } })
    await mirror.load()
    mirror.drop(ref('run', 'a.1'))
    expect(mirror.goneRuns('a')).toEqual([])
  })
})
