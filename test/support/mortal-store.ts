import type { Store } from '../../core/store/store.ts'

/**
 * When a process dies: before its n-th write reaches the store, or after, so that its answer is lost. A death at a read is
 * one before the next write: to all others it looks the same.
 */
export interface Death {
  write: number
  when: 'before' | 'after'
}

/** What a dead process gets to hear. */
export class Killed extends Error {
  override readonly name = 'Killed'
  constructor() {
    super('this process was killed')
  }
}

/** A store as one process sees it, up to its death; from then on nothing it does has any effect. Writes count from 1. */
export class MortalStore implements Store {
  writes = 0
  isDead = false
  readonly #store: Store
  readonly #death: Death | undefined
  readonly #pause: (() => Promise<void>) | undefined

  /** `pause`: what a call takes to get to the store */
  constructor(store: Store, death?: Death, pause?: () => Promise<void>) {
    this.#store = store
    this.#death = death
    this.#pause = pause
  }

  kill(): void {
    this.isDead = true
  }

  async #read<T>(work: () => Promise<T>): Promise<T> {
    if (this.isDead) throw new Killed()
    await this.#pause?.()
    const answer = await work()
    if (this.isDead) throw new Killed()
    return answer
  }

  async #write<T>(work: () => Promise<T>): Promise<T> {
    const isLast = ++this.writes === this.#death?.write
    if (isLast && this.#death?.when === 'before') this.kill()
    const answer = await this.#read(work)
    if (isLast) this.kill()
    if (this.isDead) throw new Killed()
    return answer
  }

  get: Store['get'] = (ref) => this.#read(() => this.#store.get(ref))
  create: Store['create'] = (ref, document) => this.#write(() => this.#store.create(ref, document))
  update: Store['update'] = (ref, document, version) => this.#write(() => this.#store.update(ref, document, version))
  seal: Store['seal'] = (ref, document, version) => this.#write(() => this.#store.seal(ref, document, version))
  remove: Store['remove'] = (ref, version) => this.#write(() => this.#store.remove(ref, version))

  async *list(...where: Parameters<Store['list']>): ReturnType<Store['list']> & AsyncGenerator {
    if (this.isDead) throw new Killed()
    yield* this.#store.list(...where)
  }

  watch(...where: Parameters<Store['watch']>): ReturnType<Store['watch']> {
    return this.#store.watch(...where)
  }
}
