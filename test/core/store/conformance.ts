import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ErrorCode, isFailure } from '../../../core/errors.ts'
import { KINDS, type Kind } from '../../../core/names.ts'
import { type Document, type Ref, type Store, type Stored, TEXT_LIMIT } from '../../../core/store/store.ts'
import { settle } from '../../support/clock.ts'

/** One set of data, fresh for each test. */
export interface World {
  store: Store
  /** a second client of the same data */
  another(): Promise<Store>
  cleanup(): Promise<void>
  /** default `team-a` */
  namespace?: string
  /** waits until `isDone`, moving the world's time if it has one of its own; throws when that takes too long */
  until?: (isDone: () => boolean | Promise<boolean>) => Promise<void>
}

export interface Options {
  /** false where nobody removes what a removed Job owned: an API server without its controllers */
  collectsGarbage?: boolean
  /** sequences of operations that are tried against the model */
  sequences?: number
}

/** What every backend of the Store port must do. Nothing here knows of files or of Kubernetes. */
export function storeConformance(name: string, makeWorld: () => Promise<World>, options: Options = {}): void {
  describe(`${name} keeps the promises of a store`, () => {
    let world: World
    let store: Store
    let other: Store
    const until = (isDone: () => boolean | Promise<boolean>) => (world.until ?? spin)(isDone)
    const ref = (kind: Kind, name: string): Ref => ({ kind, namespace: world.namespace ?? 'team-a', name })
    const names = async (kind: Kind, from = store) => (await all(from, kind)).map(({ name }) => name)
    const all = async (from: Store, kind: Kind) => {
      const found: Stored[] = []
      for await (const stored of from.list(kind, world.namespace ?? 'team-a')) found.push(stored)
      return found
    }
    const text = async (of: Ref) => (await store.get(of))?.text

    beforeEach(async () => {
      world = await makeWorld()
      store = world.store
      other = await world.another()
    })
    afterEach(() => world.cleanup())

    describe('create and get', () => {
      it.each(KINDS)('gives back what was created: %s', async (kind) => {
        const at = ref(kind, exampleName(kind))
        const document = {
          text: 'a: "ä\\u0000"\n\n# 日本\n',
          labels: { team: 'x' },
          annotations: { note: 'with "quotes"\nand lines' },
        }
        const created = await store.create(at, document)
        expect(created).toMatchObject({ ...at, ...document, isSealed: false })
        expect(created.uid).not.toBe('')
        expect(created.version).not.toBe('')
        expect(created.createdAt).toBeInstanceOf(Date)
        expect(created).not.toHaveProperty('owner')
        expect(await store.get(at)).toEqual(created)
        expect(await other.get(at)).toEqual(created)
        expect(await all(other, kind)).toEqual([created])
      })

      it('keeps a document that has nothing but its text, even an empty one', async () => {
        await store.create(ref('job', 'a'), { text: '' })
        expect(await other.get(ref('job', 'a'))).toMatchObject({ text: '', annotations: {} })
      })

      it('finds nothing where nothing was created', async () => {
        expect(await store.get(ref('job', 'a'))).toBeUndefined()
        expect(await store.get(ref('run', 'a.m1'))).toBeUndefined()
        expect(await names('job')).toEqual([])
        expect(await names('run')).toEqual([])
      })

      it.each(KINDS)('refuses a name that is taken, and leaves what is there: %s', async (kind) => {
        const at = ref(kind, exampleName(kind))
        const first = await store.create(at, { text: 'first' })
        await refused('STORE_EXISTS', other.create(at, { text: 'second' }))
        await refused('STORE_EXISTS', store.create(at, { text: 'third' }))
        expect(await store.get(at)).toEqual(first)
      })

      it('gives an object that is created again a new uid and version', async () => {
        const first = await store.create(ref('job', 'a'), { text: 'x' })
        await store.remove(ref('job', 'a'))
        const second = await other.create(ref('job', 'a'), { text: 'x' })
        expect(second.uid).not.toBe(first.uid)
        expect(second.version).not.toBe(first.version)
        await refused('STORE_CONFLICT', store.update(ref('job', 'a'), { text: 'y' }, first.version))
      })

      it('keeps the owner, through updates and in lists', async () => {
        const job = await store.create(ref('job', 'a'), { text: 'job' })
        const owner = { name: 'a', uid: job.uid }
        const created = await store.create(ref('run', 'a.100'), { text: '1', owner })
        expect(created.owner).toEqual(owner)
        const updated = await other.update(ref('run', 'a.100'), { text: '2', owner }, created.version)
        expect(updated.owner).toEqual(owner)
        expect((await all(store, 'run'))[0]?.owner).toEqual(owner)
        await store.seal(ref('run', 'a.100'), { text: '3', owner }, updated.version)
        expect((await store.get(ref('run', 'a.100')))?.owner).toEqual(owner)
      })
    })

    describe('list', () => {
      it('is sorted by name and holds one kind only', async () => {
        for (const name of ['b', 'a-b', 'ab', 'a', 'a0']) await store.create(ref('job', name), { text: name })
        for (const name of ['b.29000000', 'a.m9', 'a.29500000', 'a-b.29400000', 'a.28000000']) {
          await store.create(ref('run', name), { text: name })
        }
        await store.create(ref('status', 'a.status'), { text: '{}' })
        expect(await names('job')).toEqual(['a', 'a-b', 'a0', 'ab', 'b'])
        expect(await names('run')).toEqual(['a-b.29400000', 'a.28000000', 'a.29500000', 'a.m9', 'b.29000000'])
        expect(await names('status', other)).toEqual(['a.status'])
        expect(await names('ledger')).toEqual([])
      })

      it('goes on when objects change while it reads', async () => {
        const all = Array.from({ length: 40 }, (_, index) => `job-${String(index).padStart(2, '0')}`)
        for (const name of all) await store.create(ref('job', name), { text: name })
        const seen: string[] = []
        for await (const { name } of store.list('job', world.namespace ?? 'team-a')) {
          seen.push(name)
          if (name === 'job-00') for (const gone of all.slice(20)) await other.remove(ref('job', gone))
        }
        expect(seen.slice(0, 20)).toEqual(all.slice(0, 20))
        expect(await names('job')).toEqual(all.slice(0, 20))
      })

      it('may be left early', async () => {
        for (const name of ['a', 'b', 'c']) await store.create(ref('job', name), { text: name })
        for await (const { name } of store.list('job', world.namespace ?? 'team-a')) {
          expect(name).toBe('a')
          break
        }
      })
    })

    describe('update', () => {
      it('replaces text, labels and annotations, and keeps uid and creation', async () => {
        const created = await store.create(ref('job', 'a'), { text: '1', labels: { x: '1', y: '1' }, annotations: { n: '1' } })
        const updated = await other.update(ref('job', 'a'), { text: '2', labels: { x: '2' } }, created.version)
        expect(updated).toMatchObject({ text: '2', labels: { x: '2' }, uid: created.uid, createdAt: created.createdAt })
        expect(updated.labels).not.toHaveProperty('y')
        expect(updated.annotations).not.toHaveProperty('n')
        expect(updated.version).not.toBe(created.version)
        expect(await store.get(ref('job', 'a'))).toEqual(updated)
      })

      it('is refused when somebody else was faster, even if the text is the same again', async () => {
        const first = await store.create(ref('job', 'a'), { text: 'x' })
        const second = await other.update(ref('job', 'a'), { text: 'y' }, first.version)
        await refused('STORE_CONFLICT', store.update(ref('job', 'a'), { text: 'z' }, first.version))
        expect(await text(ref('job', 'a'))).toBe('y')
        await other.update(ref('job', 'a'), { text: 'x' }, second.version)
        await refused('STORE_CONFLICT', store.update(ref('job', 'a'), { text: 'z' }, first.version))
        expect(await text(ref('job', 'a'))).toBe('x')
      })

      it('makes nothing that is not there', async () => {
        await refused('STORE_GONE', store.update(ref('job', 'a'), { text: 'x' }, '1'))
        const { version } = await store.create(ref('job', 'a'), { text: 'x' })
        await other.remove(ref('job', 'a'))
        await refused('STORE_GONE', store.update(ref('job', 'a'), { text: 'y' }, version))
        await refused('STORE_GONE', store.seal(ref('job', 'a'), { text: 'y' }, version))
        expect(await store.get(ref('job', 'a'))).toBeUndefined()
      })
    })

    describe('seal', () => {
      it('is the last update', async () => {
        const at = ref('run', 'a.100')
        const created = await store.create(at, { text: '1' })
        await store.seal(at, { text: '2', labels: { done: 'yes' } }, created.version)
        const sealed = (await other.get(at)) as Stored
        expect(sealed).toMatchObject({ text: '2', labels: { done: 'yes' }, isSealed: true, uid: created.uid })
        expect(await all(store, 'run')).toEqual([sealed])
        await refused('STORE_CONFLICT', store.update(at, { text: '3' }, sealed.version))
        await refused('STORE_CONFLICT', other.seal(at, { text: '3' }, sealed.version))
        expect(await store.get(at)).toEqual(sealed)
      })

      it('wants the newest version', async () => {
        const at = ref('run', 'a.100')
        const first = await store.create(at, { text: '1' })
        await other.update(at, { text: '2' }, first.version)
        await refused('STORE_CONFLICT', store.seal(at, { text: '3' }, first.version))
        expect(await store.get(at)).toMatchObject({ text: '2', isSealed: false })
      })

      it('lets the object be removed', async () => {
        const at = ref('run', 'a.100')
        const { version } = await store.create(at, { text: '1' })
        await store.seal(at, { text: '2' }, version)
        await other.remove(at, (await other.get(at))?.version)
        expect(await store.get(at)).toBeUndefined()
      })
    })

    describe('remove', () => {
      it.each(KINDS)('removes, and does not mind that nothing is there: %s', async (kind) => {
        const at = ref(kind, exampleName(kind))
        await store.remove(at)
        await store.remove(at, '1')
        await store.create(at, { text: 'x' })
        await other.remove(at)
        expect(await store.get(at)).toBeUndefined()
        expect(await names(kind)).toEqual([])
        await store.remove(at)
      })

      it('with a version, removes only what was read', async () => {
        const at = ref('run', 'a.100')
        const first = await store.create(at, { text: '1' })
        const second = await other.update(at, { text: '2' }, first.version)
        await refused('STORE_CONFLICT', store.remove(at, first.version))
        expect(await text(at)).toBe('2')
        await store.remove(at, second.version)
        expect(await store.get(at)).toBeUndefined()
      })

      it('takes along what the Job owns, and nothing else', async ({ skip }) => {
        if (options.collectsGarbage === false) skip()
        const first = await store.create(ref('job', 'a'), { text: '1' })
        const b = await store.create(ref('job', 'a-b'), { text: '1' })
        const owner = { name: 'a', uid: first.uid }
        const owned = [ref('run', 'a.100'), ref('run', 'a.m1'), ref('status', 'a.status'), ref('request', 'a.request.1')]
        for (const at of owned) await store.create(at, { text: '{}', owner })
        await store.create(ref('ledger', 'a.ledger.202601'), { text: '{}' })
        await store.create(ref('run', 'a-b.100'), { text: '{}', owner: { name: 'a-b', uid: b.uid } })
        await other.remove(ref('job', 'a'), first.version)
        await until(async () => (await Promise.all(owned.map((at) => store.get(at)))).every((found) => found === undefined))
        expect(await names('run')).toEqual(['a-b.100'])
        expect(await names('ledger')).toEqual(['a.ledger.202601'])
        expect(await names('job')).toEqual(['a-b'])
      })
    })

    describe('sizes', () => {
      it.each(KINDS)('takes a text of the limit in bytes and refuses a longer one: %s', async (kind) => {
        const at = ref(kind, exampleName(kind))
        const limit = TEXT_LIMIT[kind]
        const longest = 'é'.repeat(limit / 2)
        await refused('STORE_TOO_LARGE', store.create(at, { text: `${longest}.` }))
        expect(await store.get(at)).toBeUndefined()
        const created = await store.create(at, { text: longest })
        await refused('STORE_TOO_LARGE', store.update(at, { text: `${longest}.` }, created.version))
        expect(await other.get(at)).toEqual(created)
      })
    })

    describe('many at once', () => {
      it.each([
        ['job', 'a'],
        ['run', 'a.29000000'],
        ['run', 'a.m1'],
        ['request', 'a.request.1'],
      ] as const)('of 50 creators of a %s named %s exactly one succeeds', async (kind, name) => {
        const at = ref(kind, name)
        const results = await Promise.allSettled(
          Array.from({ length: 50 }, (_, index) => (index % 2 ? store : other).create(at, { text: `creator ${index}` })),
        )
        const won = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value)
        expect(won).toHaveLength(1)
        expect(results.filter((result) => result.status === 'rejected' && isFailure(result.reason, 'STORE_EXISTS'))).toHaveLength(
          49,
        )
        expect(await store.get(at)).toEqual(won[0])
      })

      it('of many updates of one version exactly one succeeds', async () => {
        const at = ref('job', 'a')
        const { version } = await store.create(at, { text: '' })
        const results = await Promise.allSettled(
          Array.from({ length: 20 }, (_, index) => (index % 2 ? store : other).update(at, { text: `writer ${index}` }, version)),
        )
        const won = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value)
        expect(won).toHaveLength(1)
        expect(
          results.filter((result) => result.status === 'rejected' && isFailure(result.reason, 'STORE_CONFLICT')),
        ).toHaveLength(19)
        expect(await store.get(at)).toEqual(won[0])
      })

      it('an update and a removal of one version do not both succeed', async () => {
        for (let round = 0; round < 10; round++) {
          const at = ref('run', `a.${100 + round}`)
          const { version } = await store.create(at, { text: '1' })
          const [update, removal] = await Promise.allSettled([
            store.update(at, { text: '2' }, version),
            other.remove(at, version),
          ])
          const left = await store.get(at)
          if (update.status === 'fulfilled') {
            expect(removal.status === 'rejected' && isFailure(removal.reason, 'STORE_CONFLICT')).toBe(true)
            expect(left?.text).toBe('2')
          } else {
            expect(isFailure(update.reason, 'STORE_GONE', 'STORE_CONFLICT')).toBe(true)
            expect(removal.status).toBe('fulfilled')
            expect(left).toBeUndefined()
          }
        }
      })

      it('no update is lost among writers who read again after a conflict', async () => {
        const at = ref('ledger', 'a.ledger.202601')
        await store.create(at, { text: '0' })
        const increment = async (client: Store) => {
          for (;;) {
            const found = (await client.get(at)) as Stored
            try {
              return await client.update(at, { text: String(Number(found.text) + 1) }, found.version)
            } catch (error) {
              if (!isFailure(error, 'STORE_CONFLICT')) throw error
            }
          }
        }
        await Promise.all(Array.from({ length: 12 }, (_, index) => increment(index % 2 ? store : other)))
        expect(await text(at)).toBe('12')
      })
    })

    describe('watch', () => {
      const watching: { abort: AbortController; ended: Promise<void> }[] = []
      const watch = (from: Store, ...kinds: Kind[]) => {
        const seen: (Ref | 'resync')[] = []
        const abort = new AbortController()
        const read = async () => {
          for await (const change of from.watch(world.namespace ?? 'team-a', kinds, abort.signal)) seen.push(change)
        }
        watching.push({ abort, ended: read() })
        const sees = (at: Ref, from = 0) =>
          until(() => seen.slice(from).some((change) => change !== 'resync' && isSame(change, at)))
        return { seen, sees, abort, ended: watching.at(-1)?.ended, ready: () => until(() => seen[0] === 'resync') }
      }
      afterEach(async () => {
        for (const { abort, ended } of watching.splice(0)) {
          abort.abort()
          await ended
        }
      })

      it.each([
        ['job', 'a'],
        ['run', 'a.29000000'],
        ['run', 'a.m1'],
        ['status', 'a.status'],
      ] as const)('says resync first, then names what another client creates, changes and removes: %s %s', async (kind, name) => {
        const at = ref(kind, name)
        const { seen, sees, ready } = watch(store, kind)
        await ready()
        const { version } = await other.create(at, { text: '1' })
        await sees(at)
        let before = seen.length
        await other.update(at, { text: '2' }, version)
        await sees(at, before)
        before = seen.length
        await other.remove(at)
        await sees(at, before)
      })

      it('names its own changes, and only those of the kinds that were asked for', async () => {
        const { seen, sees, ready } = watch(store, 'job', 'request')
        await ready()
        await store.create(ref('run', 'a.100'), { text: '1' })
        await store.create(ref('template', 'template.a'), { text: '1' })
        await store.create(ref('request', 'a.request.1'), { text: '1' })
        await store.create(ref('job', 'a'), { text: '1' })
        await sees(ref('request', 'a.request.1'))
        await sees(ref('job', 'a'))
        expect(seen.filter((change) => change !== 'resync' && change.kind !== 'job' && change.kind !== 'request')).toEqual([])
      })

      it('serves several watchers, who end one by one', async () => {
        const [first, second] = [watch(store, 'job'), watch(other, 'job')]
        await first.ready()
        await second.ready()
        await store.create(ref('job', 'a'), { text: '1' })
        await first.sees(ref('job', 'a'))
        await second.sees(ref('job', 'a'))
        first.abort.abort()
        await first.ended
        const before = first.seen.length
        await store.create(ref('job', 'b'), { text: '1' })
        await second.sees(ref('job', 'b'))
        expect(first.seen).toHaveLength(before)
      })

      it('ends when its signal aborts, also before it began', async () => {
        const { abort, ended, ready } = watch(store, 'job')
        await ready()
        abort.abort(new Error('enough'))
        await ended
        for await (const change of store.watch(world.namespace ?? 'team-a', ['job'], AbortSignal.abort()))
          expect(change).toBeUndefined()
      })

      it('may be left early', async () => {
        for await (const change of store.watch(world.namespace ?? 'team-a', ['job'], new AbortController().signal)) {
          expect(change).toBe('resync')
          break
        }
      })
    })

    it('does what a simple model does, in any sequence of operations', { timeout: 120_000 }, async () => {
      let round = 0
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 25 }), async (operations) => {
          const prefix = `p${round++}`
          const model = new Model()
          for (const { client, place, ...operation } of operations) {
            const [kind, rest] = PLACES[place] as (typeof PLACES)[number]
            await model.step(
              client ? store : other,
              ref(kind, kind === 'template' ? `template.${prefix}` : prefix + rest),
              operation,
            )
          }
          const left: Stored[] = []
          for (const kind of KINDS)
            left.push(...(await all(other, kind)).filter(({ name }) => name.split(/[.-]/).includes(prefix)))
          expect(new Map(left.map((stored) => [keyOf(stored), stored]))).toEqual(model.objects)
        }),
        { numRuns: options.sequences ?? 60 },
      )
    })
  })
}

/** Objects that sequences are about; names begin with what is special to the sequence. */
const PLACES = [
  ['job', ''],
  ['job', '-2'],
  ['run', '.100'],
  ['run', '.m1'],
  ['status', '.status'],
  ['ledger', '.ledger.202601'],
  ['request', '.request.1'],
  ['template', ''],
] as const

const operation = fc.record({
  client: fc.boolean(),
  place: fc.nat({ max: PLACES.length - 1 }),
  verb: fc.constantFrom('create', 'create', 'update', 'update', 'seal', 'remove', 'removeAny', 'get'),
  isStale: fc.boolean(),
  text: fc.string({ maxLength: 20 }),
})
type Operation = Omit<typeof operation extends fc.Arbitrary<infer T> ? T : never, 'client' | 'place'>

/** What a store should hold: the newest state of each object, and all versions that are no longer the newest. */
class Model {
  readonly objects = new Map<string, Stored>()
  readonly #past = new Map<string, string[]>()
  readonly #uids = new Set<string>()

  async step(store: Store, at: Ref, { verb, isStale, text }: Operation): Promise<void> {
    const key = keyOf(at)
    const now = this.objects.get(key)
    const version = (isStale ? this.#past.get(key)?.at(-1) : now?.version) ?? '1'
    const document: Document = { text, labels: { length: String(text.length) }, annotations: { text: 'kept' } }
    const isCurrent = now?.version === version
    const refusal = now ? (isCurrent && !now.isSealed ? undefined : 'STORE_CONFLICT') : 'STORE_GONE'
    const verbs: Record<Operation['verb'], () => Promise<void>> = {
      get: async () => expect(await store.get(at)).toEqual(now),
      create: async () => {
        if (now) return refused('STORE_EXISTS', store.create(at, document))
        const created = await store.create(at, document)
        expect(created).toMatchObject({ ...at, ...document, isSealed: false })
        expect(this.#uids).not.toContain(created.uid)
        this.#uids.add(created.uid)
        this.#set(key, created)
      },
      update: async () => {
        if (refusal) return refused(refusal, store.update(at, document, version))
        const updated = await store.update(at, document, version)
        expect(updated).toMatchObject({ ...at, ...document, isSealed: false, uid: now?.uid, createdAt: now?.createdAt })
        this.#set(key, updated)
      },
      seal: async () => {
        if (refusal) return refused(refusal, store.seal(at, document, version))
        await store.seal(at, document, version)
        const sealed = (await store.get(at)) as Stored
        expect(sealed).toMatchObject({ ...at, ...document, isSealed: true, uid: now?.uid })
        this.#set(key, sealed)
      },
      remove: async () => {
        if (now && !isCurrent) return refused('STORE_CONFLICT', store.remove(at, version))
        await store.remove(at, version)
        this.#set(key, undefined)
      },
      removeAny: async () => {
        await store.remove(at)
        this.#set(key, undefined)
      },
    }
    await verbs[verb]()
  }

  #set(key: string, stored: Stored | undefined): void {
    const before = this.objects.get(key)?.version
    if (before !== undefined) this.#past.set(key, [...(this.#past.get(key) ?? []), before])
    if (stored) this.objects.set(key, stored)
    else this.objects.delete(key)
  }
}

export async function refused(code: ErrorCode, work: Promise<unknown>): Promise<void> {
  const error = await work.then(
    () => 'nothing',
    (error: unknown) => error,
  )
  expect(error).toMatchObject({ code })
}

async function spin(isDone: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1_000; turn++) {
    if (await isDone()) return
    await settle(1)
  }
  throw new Error('it did not happen')
}

const EXAMPLES: Record<Kind, string> = {
  job: 'nightly',
  status: 'nightly.status',
  ledger: 'nightly.ledger.202611',
  run: 'nightly.29500000',
  request: 'nightly.request.7c9e',
  template: 'template.web',
}
const exampleName = (kind: Kind) => EXAMPLES[kind]

const keyOf = ({ kind, name }: Ref) => `${kind} ${name}`
const isSame = (a: Ref, b: Ref) => a.kind === b.kind && a.namespace === b.namespace && a.name === b.name
