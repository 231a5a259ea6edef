import { ahead, type ListTarget, type Query, type RawList } from '../../../core/contract/index.ts'
import type { Problem } from '../../../core/errors.ts'
import { type ListPage, listPages } from '../../../core/kube/list.ts'
import { resourcePath } from '../../../core/kube/path.ts'
import { isStatus } from '../../../core/kube/status-error.ts'
import { asError } from '../../loader/thrown.ts'
import type { GatedClient } from './gated-client.ts'
import { itemNamespace } from './item-namespace.ts'
import { readAhead } from './read-ahead.ts'

export interface ListWorld {
  /** a client for one call */
  client(): GatedClient
  /** a client for one list; `stop` ends what it has in flight */
  newClient(): { client: GatedClient; stop: () => void }
  /** where to look when nobody may list all at once */
  namespaces(): Promise<string[]>
  signal: AbortSignal
  /** told of what is worth to know, and no loss */
  onNote?(problem: Problem): void
}

/** Of one kind at once: others wait for their turn as well. */
const NAMESPACES_AHEAD = 4
const PART_BYTES = 256 * 1024
const NEWER_STATE = 'the server forgot the state that the list began with; what came after that is of a newer one'

/** `Kube.list`: parts of pages, each of one namespace, or of none for cluster-wide kinds. */
export async function* listTarget(world: ListWorld, target: ListTarget, query: Query): AsyncGenerator<RawList> {
  if (target.namespace !== undefined) return yield* split(pagesOf(world, target, query))
  if (target.namespaces) return yield* eachNamespace(world, target, query, target.namespaces)
  let isBegun = false
  try {
    for await (const part of split(pagesOf(world, target, query))) {
      isBegun ||= part.items.length > 0
      yield part
    }
  } catch (error) {
    // Rights that are taken away in the middle look the same; what was given by then would come a second time.
    if (!isStatus(error, 403) || isBegun || target.isNamespaced === false) throw error
    yield* eachNamespace(world, target, query, await world.namespaces(), error)
  }
}

/**
 * A part with `failure` for each that cannot be listed; throws when none could be.
 *
 * @param refusal that of a list of all, when this is done instead
 */
async function* eachNamespace(
  world: ListWorld,
  target: ListTarget,
  query: Query,
  namespaces: readonly string[],
  refusal?: Error,
): AsyncGenerator<RawList> {
  let firstFailure = refusal
  let succeeded = 0
  const begin = (namespace: string) => pagesOf(world, { ...target, namespace }, query)
  for await (const { item: namespace, values } of ahead(namespaces, NAMESPACES_AHEAD, begin)) {
    try {
      for await (const { items, resourceVersion } of values) yield { items, resourceVersion, namespace }
      succeeded++
    } catch (error) {
      world.signal.throwIfAborted()
      // no such kind in a namespace: it is one of the whole cluster
      if (refusal && succeeded === 0 && isStatus(error, 404)) throw refusal
      const failure = asError(error)
      firstFailure ??= failure
      yield { items: [], resourceVersion: '', namespace, failure }
    }
  }
  if (succeeded === 0 && firstFailure) throw firstFailure
}

function pagesOf(world: ListWorld, target: ListTarget, query: Query): AsyncGenerator<ListPage> {
  const { client, stop } = world.newClient()
  const { group, version, plural, namespace } = target
  const path = resourcePath({ group, version, plural, namespace })
  const onNewerState = () => world.onNote?.({ code: 'LIST_NEWER_STATE', message: `${plural}: ${NEWER_STATE}` })
  return readAhead(listPages(client, { path, query, pageBytes: PART_BYTES, onNewerState }), client, stop, sizeOf)
}

const sizeOf = ({ items }: ListPage) => items.reduce((sum, item) => sum + item.bytes.length, 0)

/** The server gives objects in the order of their namespaces: each run of one namespace is a part. */
async function* split(pages: AsyncIterable<ListPage>): AsyncGenerator<RawList> {
  for await (const { items, resourceVersion } of pages) {
    let from = 0
    let current: string | undefined
    for (const [index, item] of items.entries()) {
      const namespace = itemNamespace(item.bytes)
      if (index > from && namespace !== current) {
        yield part(items.slice(from, index), resourceVersion, current)
        from = index
      }
      current = namespace
    }
    yield part(items.slice(from), resourceVersion, current)
  }
}

function part(items: RawList['items'], resourceVersion: string, namespace: string | undefined): RawList {
  return { items, resourceVersion, ...(namespace === undefined ? {} : { namespace }) }
}
