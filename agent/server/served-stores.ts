import type { Clock } from '../../core/clock.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { listAll } from '../../core/kube/list.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { LABEL_ENABLED } from '../../core/names.ts'
import type { Store } from '../../core/store/store.ts'
import { createRecent } from './recent.ts'

/** A namespace that was opted in a moment ago still counts as one. */
const OPTED_IN_MS = 10_000
/** A store has the tokens of its namespace in it: they are of use for some time. */
const OPEN_MS = 1_800_000
const MAX_KEPT = 50

export interface ServedStoresEdge {
  client: KubeClient
  clock: Pick<Clock, 'monotonicMs'>
  /** that the config names; none: those that are opted in by label */
  namespaces: readonly string[]
  /** the store of a namespace, as its own identity */
  open(namespace: string): Store
}

/**
 * The stores that a replica that does not lead may read: of namespaces that are opted in, and of no others, whoever asks. Throws
 * what the client throws.
 */
export function servedStores(edge: ServedStoresEdge): (namespace: string) => Promise<Store | undefined> {
  const { client, clock, namespaces, open } = edge
  const optedIn = createRecent<boolean>(clock, MAX_KEPT)
  const stores = createRecent<Store>(clock, MAX_KEPT)
  const isServed = async (namespace: string): Promise<boolean> => {
    if (namespaces.length > 0) return namespaces.includes(namespace)
    const known = optedIn.get(namespace, OPTED_IN_MS)
    if (known !== undefined) return known
    // The agent may list namespaces, not get one.
    const query = { fieldSelector: `metadata.name=${namespace}`, labelSelector: `${LABEL_ENABLED}=true` }
    const { items } = await listAll(client, { path: resourcePath({ version: 'v1', plural: 'namespaces' }), query })
    optedIn.set(namespace, items.length > 0)
    return items.length > 0
  }
  return async (namespace) => {
    if (!(await isServed(namespace))) return undefined
    const kept = stores.get(namespace, OPEN_MS)
    if (kept) return kept
    const store = open(namespace)
    stores.set(namespace, store)
    return store
  }
}
