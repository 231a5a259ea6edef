import type { RawList, RawObject } from '../../core/contract/index.ts'

/** The objects of one namespace, of one kind. */
export interface Group {
  namespace: string
  items: RawObject[]
  resourceVersion: string
  /** there are more than can be held, and none are given: read them anew */
  isLarge: boolean
}

export interface Grouping {
  /** which namespaces count; undefined = all that come */
  wanted: ReadonlySet<string> | undefined
  /** namespaces that could not be listed */
  failures: Map<string, Error>
  /** told of each object as it comes */
  onItem?: (item: RawObject) => void
}

/** Objects of one namespace are held up to this, so that its file is written only when they are all there. */
const HOLD_BYTES = 16 * 1024 * 1024

/**
 * Puts the parts of a list together by namespace, in the order in which they come. A namespace that fails gives no group.
 * What a list yields before it breaks off is given; the namespace in which it does is not.
 *
 * @throws what the list throws
 */
export async function* byNamespace(parts: AsyncIterable<RawList>, { wanted, failures, onItem }: Grouping): AsyncGenerator<Group> {
  const seen = new Set<string>()
  let group: Group | undefined
  let bytes = 0
  for await (const { namespace, items, resourceVersion, failure } of parts) {
    if (namespace === undefined || (wanted && !wanted.has(namespace))) continue
    if (failure) {
      failures.set(namespace, failure)
      if (group?.namespace === namespace) group = undefined
      continue
    }
    if (group && group.namespace !== namespace) {
      yield group
      group = undefined
    }
    if (!group) {
      // Its file is written already; a server that does this has an order of its own.
      if (seen.has(namespace)) {
        failures.set(namespace, new Error('some of its objects came out of order and are missing'))
        continue
      }
      failures.delete(namespace)
      seen.add(namespace)
      group = { namespace, items: [], resourceVersion, isLarge: false }
      bytes = 0
    }
    if (onItem) items.forEach(onItem)
    for (const item of items) bytes += item.bytes?.length ?? item.text.length
    if (bytes > HOLD_BYTES) Object.assign(group, { isLarge: true, items: [] })
    if (!group.isLarge) group.items.push(...items)
  }
  if (group) yield group
}
