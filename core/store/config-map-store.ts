import { type ErrorCode, fail, isFailure, ProductError, reasonOf } from '../errors.ts'
import type { KubeClient } from '../kube/client.ts'
import { listPages } from '../kube/list.ts'
import { createObject, deleteObject, getObject, mergePatch, replaceObject } from '../kube/objects.ts'
import { resourcePath } from '../kube/path.ts'
import type { RawItem } from '../kube/raw-item.ts'
import { KubeStatusError } from '../kube/status-error.ts'
import { watch } from '../kube/watch.ts'
import { type Kind, LABEL_KIND, NAME_OF } from '../names.ts'
import { decodeLoosely, describeRef, encode } from './codec.ts'
import { type Document, EVERYWHERE, type OnProblem, type Ref, type Store, type Stored, TEXT_LIMIT } from './store.ts'

export interface ConfigMapStoreOptions {
  client: KubeClient
  /** told of objects that are passed over, and of what a watch ran into */
  onProblem: OnProblem
}

/** Lists again this often, whatever the watch said. */
const RELIST_MS = 600_000

/**
 * The store of a cluster: ConfigMaps with our label, so that kubectl shows them and Git may own the jobs. What lacks the label
 * is never read, changed or removed. Errors of the server become those of the port.
 */
export function createConfigMapStore(options: ConfigMapStoreOptions): Store {
  return new ConfigMapStore(options)
}

class ConfigMapStore implements Store {
  readonly #client: KubeClient
  readonly #onProblem: OnProblem
  /** newest version that this process wrote, by uid: a watch may tell of an older one later, and that is news no more */
  readonly #written = new Map<string, bigint>()

  constructor({ client, onProblem }: ConfigMapStoreOptions) {
    this.#client = client
    this.#onProblem = onProblem
  }

  async *list(kinds: Kind | readonly Kind[], namespace: string): AsyncGenerator<Stored> {
    const wanted = [kinds].flat()
    const selector = wanted.length === 1 ? `${LABEL_KIND}=${wanted[0]}` : `${LABEL_KIND} in (${wanted.join(',')})`
    const seen = new Set<string>()
    try {
      for await (const page of listPages(this.#client, {
        path: collection(namespace),
        query: { labelSelector: selector },
        isParsed: true,
      }))
        for (const item of page.items) {
          const stored = this.#read(item)
          // A list that went on at a newer state may name an object twice.
          if (!stored || seen.has(stored.uid)) continue
          seen.add(stored.uid)
          yield stored
        }
    } catch (error) {
      throw translate(error, { kind: wanted[0] ?? 'job', namespace, name: '' })
    }
  }

  async get(ref: Ref): Promise<Stored | undefined> {
    const item = await translated(ref, getObject(this.#client, pathOf(ref)))
    const stored = item && this.#read(item)
    return stored?.kind === ref.kind ? stored : undefined
  }

  async create(ref: Ref, document: Document): Promise<Stored> {
    const { metadata, ...rest } = encode(ref, document, { uid: 'new', createdAt: new Date(0), isSealed: false })
    const { uid: _, creationTimestamp: __, ...given } = metadata
    try {
      return this.#wrote(
        ref,
        await translated(ref, createObject(this.#client, collection(ref.namespace), { ...rest, metadata: given })),
      )
    } catch (error) {
      if (isFailure(error, 'STORE_EXISTS')) await this.#refuseForeign(ref)
      throw error
    }
  }

  async update(ref: Ref, document: Document, version: string): Promise<Stored> {
    return this.#wrote(ref, await this.#replace(ref, document, version, false))
  }

  async seal(ref: Ref, document: Document, version: string): Promise<void> {
    this.#wrote(ref, await this.#replace(ref, document, version, true))
  }

  async remove(ref: Ref, version?: string): Promise<void> {
    const stored = await this.get(ref)
    if (!stored) return
    if (version !== undefined && stored.version !== version) throw fail('STORE_CONFLICT', describeRef(ref))
    const preconditions = { uid: stored.uid, ...(version === undefined ? {} : { resourceVersion: version }) }
    await translated(ref, deleteObject(this.#client, pathOf(ref), { preconditions, propagation: 'Background' }))
  }

  async *watch(namespace: string, kinds: readonly Kind[], signal: AbortSignal): AsyncGenerator<Ref | 'resync'> {
    const query = { labelSelector: `${LABEL_KIND} in (${kinds.join(',')})` }
    const onProblem = (error: unknown) =>
      this.#onProblem({ code: 'STORE_UNAVAILABLE', message: `watching "${namespace}": ${reasonOf(error)}` })
    for await (const event of watch(this.#client, {
      path: collection(namespace),
      query,
      signal,
      relistMs: RELIST_MS,
      onProblem,
    })) {
      if (event.type === 'resync') yield 'resync'
      else {
        const stored = this.#read(event.object)
        if (!stored) continue
        const { kind, name } = stored
        if (event.type === 'deleted') yield { kind, namespace, name }
        else if (!this.#isOlder(stored)) yield stored
      }
    }
  }

  /** Whoever meets "exists" looks the object up, and would never find one that is not ours. Throws STORE_NAME_TAKEN. */
  async #refuseForeign(ref: Ref): Promise<void> {
    const item = await translated(ref, getObject(this.#client, pathOf(ref)))
    if (item && this.#read(item)?.kind !== ref.kind) throw fail('STORE_NAME_TAKEN', { what: whatIs(ref) })
  }

  async #replace(ref: Ref, document: Document, version: string, isSealed: boolean): Promise<RawItem> {
    const { metadata, ...rest } = encode(ref, document, { uid: 'same', createdAt: new Date(0), isSealed })
    const { uid: _, creationTimestamp: __, ...given } = metadata
    // A job is the user's, and others may keep things in it: only what is ours to say is changed.
    if (ref.kind === 'job' || ref.kind === 'template') {
      const before = await this.get(ref)
      if (!before) throw fail('STORE_GONE', describeRef(ref))
      const annotations = { ...nulls(before.annotations), ...given.annotations }
      const labels = { ...nulls(before.labels), ...given.labels }
      const patch = { ...rest, metadata: { resourceVersion: version, annotations, labels } }
      return translated(ref, mergePatch(this.#client, pathOf(ref), patch))
    }
    return translated(
      ref,
      replaceObject(this.#client, pathOf(ref), { ...rest, metadata: { ...given, resourceVersion: version } }),
    )
  }

  #wrote(ref: Ref, item: RawItem): Stored {
    const stored = this.#read(item)
    if (!stored)
      throw fail('STORE_UNAVAILABLE', { what: `${ref.kind} "${ref.name}"`, reason: 'the server gave back something else' })
    // A cache of what echoes may come: forgetting all of it costs a second look at a few objects.
    if (this.#written.size > 10_000) this.#written.clear()
    this.#written.set(stored.uid, BigInt(stored.version))
    return stored
  }

  #isOlder(stored: Stored): boolean {
    const written = this.#written.get(stored.uid)
    return written !== undefined && BigInt(stored.version) < written
  }

  /** Whatever stands in an object with our label: what cannot be one of ours by its name is passed over, and said. */
  #read(item: RawItem): Stored | undefined {
    try {
      const stored = decodeLoosely(item.json, String(item.metadata.resourceVersion ?? ''))
      if (!NAME_OF[stored.kind].test(stored.name)) throw new Error(`a ${stored.kind} cannot have this name`)
      if (!/^\d+$/.test(stored.version)) throw new Error('its version is no number')
      return bounded(stored)
    } catch (error) {
      const { namespace, name } = item.metadata
      this.#onProblem({
        code: 'STORE_OBJECT_STRANGE',
        message: `ConfigMap "${namespace}/${name}" was passed over: ${reasonOf(error)}`,
      })
      return undefined
    }
  }
}

/** Whatever is longer than its kind may be is of no use; of that much is kept that it is still too long. A copy: a part would hold the whole. */
function bounded(stored: Stored): Stored {
  const most = TEXT_LIMIT[stored.kind] + 1
  return stored.text.length <= most ? stored : { ...stored, text: Buffer.from(stored.text.slice(0, most)).toString() }
}

const collection = (namespace: string) =>
  resourcePath({ version: 'v1', plural: 'configmaps', ...(namespace === EVERYWHERE ? {} : { namespace }) })

const pathOf = ({ namespace, name }: Ref) => resourcePath({ version: 'v1', plural: 'configmaps', namespace, name })

const nulls = (record: Record<string, string>): Record<string, null> =>
  Object.fromEntries(Object.keys(record).map((key) => [key, null]))

async function translated<Value>(ref: Ref, work: Promise<Value>): Promise<Value> {
  try {
    return await work
  } catch (error) {
    throw translate(error, ref)
  }
}

/** What the server's answers mean to the port. The first row that fits counts. */
const MEANINGS: readonly { status: number; reason?: string; says?: RegExp; code: ErrorCode }[] = [
  { status: 409, reason: 'AlreadyExists', code: 'STORE_EXISTS' },
  { status: 409, code: 'STORE_CONFLICT' },
  // A sealed object: someone was faster.
  { status: 422, says: /immutable/, code: 'STORE_CONFLICT' },
  { status: 422, says: /too long|must be no more than/i, code: 'STORE_TOO_LARGE' },
  { status: 413, code: 'STORE_TOO_LARGE' },
  { status: 404, code: 'STORE_GONE' },
  { status: 403, code: 'STORE_FORBIDDEN' },
  { status: 422, code: 'STORE_FORBIDDEN' },
]

const whatIs = (ref: Ref) => `${ref.kind} "${ref.name}" in namespace "${ref.namespace}"`

function translate(error: unknown, ref: Ref): unknown {
  const what = whatIs(ref)
  if (isOurs(error)) return error
  if (!(error instanceof KubeStatusError)) return fail('STORE_UNAVAILABLE', { what, reason: reasonOf(error) }, error)
  const meaning = MEANINGS.find(
    ({ status, reason, says }) =>
      status === error.status &&
      (reason === undefined || reason === error.reason) &&
      (says === undefined || says.test(error.said)),
  )
  if (meaning?.code === 'STORE_FORBIDDEN') return fail('STORE_FORBIDDEN', { what, reason: error.said }, error)
  if (meaning?.code === 'STORE_TOO_LARGE')
    return fail('STORE_TOO_LARGE', { ...describeRef(ref), size: 'too many', limit: "the server's" }, error)
  if (meaning) return fail(meaning.code as 'STORE_CONFLICT', describeRef(ref), error)
  return fail('STORE_UNAVAILABLE', { what, reason: error.said }, error)
}

const isOurs = (error: unknown) => error instanceof ProductError && error.code.startsWith('STORE_')
