import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import { jobOf, type Kind } from '../names.ts'
import { type ConfigMap, decode, describeRef, encode } from './codec.ts'
import { isOrphan } from './owned.ts'
import type { Document, Ref, Store, Stored } from './store.ts'

/** A store for tests and for what needs to last no longer than the process. Objects pass the codec, as on every backend. */
export function createMemoryStore(options: { clock: Clock; newUid: () => string }): Store {
  return new MemoryStore(options)
}

interface Kept {
  ref: Ref
  config: ConfigMap
  version: string
}

interface Watcher {
  isOfInterest(ref: Ref): boolean
  /** by key, so that a name stands in it once */
  changed: Map<string, Ref>
  bell: PromiseWithResolvers<void>
}

class MemoryStore implements Store {
  readonly #clock: Clock
  readonly #newUid: () => string
  readonly #objects = new Map<string, Kept>()
  readonly #watchers = new Set<Watcher>()
  #writes = 0

  constructor(options: { clock: Clock; newUid: () => string }) {
    this.#clock = options.clock
    this.#newUid = options.newUid
  }

  async *list(kinds: Kind | readonly Kind[], namespace: string): AsyncGenerator<Stored> {
    for (const kind of [kinds].flat()) yield* this.#listOne(kind, namespace)
  }

  *#listOne(kind: Kind, namespace: string): Generator<Stored> {
    const refs = [...this.#objects.values()]
      .map(({ ref }) => ref)
      .filter((ref) => ref.kind === kind && ref.namespace === namespace)
    for (const ref of refs.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const stored = this.#read(ref)
      if (stored) yield stored
    }
  }

  async get(ref: Ref): Promise<Stored | undefined> {
    return this.#read(ref)
  }

  async create(ref: Ref, document: Document): Promise<Stored> {
    const config = encode(ref, document, { uid: this.#newUid(), createdAt: this.#clock.now(), isSealed: false })
    if (this.#objects.has(keyOf(ref))) throw fail('STORE_EXISTS', describeRef(ref))
    return this.#write(ref, config)
  }

  async update(ref: Ref, document: Document, version: string): Promise<Stored> {
    return this.#replace(ref, document, version, false)
  }

  async seal(ref: Ref, document: Document, version: string): Promise<void> {
    this.#replace(ref, document, version, true)
  }

  async remove(ref: Ref, version?: string): Promise<void> {
    const found = this.#objects.get(keyOf(ref))
    if (!found) return
    if (version !== undefined && found.version !== version) throw fail('STORE_CONFLICT', describeRef(ref))
    this.#objects.delete(keyOf(ref))
    this.#tell(found.ref)
    if (ref.kind === 'job') this.#removeOrphans(ref)
  }

  async *watch(namespace: string, kinds: readonly Kind[], signal: AbortSignal): AsyncGenerator<Ref | 'resync'> {
    const watcher: Watcher = {
      isOfInterest: (ref) => ref.namespace === namespace && kinds.includes(ref.kind),
      changed: new Map(),
      bell: Promise.withResolvers(),
    }
    const wake = () => watcher.bell.resolve()
    this.#watchers.add(watcher)
    signal.addEventListener('abort', wake, { once: true })
    try {
      if (!signal.aborted) yield 'resync'
      while (!signal.aborted) {
        const [first] = watcher.changed
        if (first) {
          watcher.changed.delete(first[0])
          yield first[1]
        } else {
          watcher.bell = Promise.withResolvers()
          await watcher.bell.promise
        }
      }
    } finally {
      signal.removeEventListener('abort', wake)
      this.#watchers.delete(watcher)
    }
  }

  #read(ref: Ref): Stored | undefined {
    const found = this.#objects.get(keyOf(ref))
    return found && decode(found.config, found.version)
  }

  #replace(ref: Ref, document: Document, version: string, isSealed: boolean): Stored {
    const found = this.#read(ref)
    if (!found) throw fail('STORE_GONE', describeRef(ref))
    if (found.version !== version || found.isSealed) throw fail('STORE_CONFLICT', describeRef(ref))
    return this.#write(ref, encode(ref, document, { uid: found.uid, createdAt: found.createdAt, isSealed }))
  }

  #write({ kind, namespace, name }: Ref, config: ConfigMap): Stored {
    const ref = { kind, namespace, name }
    const version = String(++this.#writes)
    this.#objects.set(keyOf(ref), { ref, config, version })
    this.#tell(ref)
    return decode(config, version)
  }

  #removeOrphans(job: Ref): void {
    for (const { ref } of this.#objects.values()) {
      if (ref.namespace !== job.namespace || jobOf(ref.name) !== job.name) continue
      const stored = this.#read(ref)
      if (!stored || !isOrphan(stored, this.#read(job), job.name)) continue
      this.#objects.delete(keyOf(ref))
      this.#tell(ref)
    }
  }

  #tell(ref: Ref): void {
    for (const watcher of this.#watchers) {
      if (!watcher.isOfInterest(ref)) continue
      watcher.changed.set(keyOf(ref), ref)
      watcher.bell.resolve()
    }
  }
}

const keyOf = ({ kind, namespace, name }: Ref) => `${kind} ${namespace} ${name}`
