import type { Clock } from '../../core/clock.ts'
import { isFailure } from '../../core/errors.ts'
import type { Kind } from '../../core/names.ts'
import type { Store, Stored } from '../../core/store/store.ts'
import type { Mirror } from '../watch/mirror.ts'
import { createRecent } from './recent.ts'

const KINDS = ['job', 'status', 'run'] as const
type Shown = (typeof KINDS)[number]

/** What the API knows of one namespace. */
export interface Records {
  of(kind: Shown): ReadonlyMap<string, Stored>
  /** read some time ago, and cannot be read now */
  isStale: boolean
}

/** Where records come from. */
export interface RecordSource {
  /** what follows a namespace that this replica works on now */
  mirror(namespace: string): Pick<Mirror, 'of'> | undefined
  /** The store, as the identity of the namespace, for a replica that does not lead. Undefined: the namespace is not served. */
  store(namespace: string): Store | undefined | Promise<Store | undefined>
}

/** A replica that does not lead reads a namespace at most this often. */
const FRESH_MS = 5_000
const AWAY_MS = 60_000
const AWAY = ['STORE_UNAVAILABLE', 'CLUSTER_UNREACHABLE', 'API_UNAVAILABLE'] as const
/** Namespaces that one keeps in memory. */
const MAX_KEPT = 20

/** Reads a namespace's records; undefined when it is not served. Throws what the store throws. */
export function recordReader(
  source: RecordSource,
  clock: Pick<Clock, 'monotonicMs'>,
): (namespace: string) => Promise<Records | undefined> {
  const kept = createRecent<Records>(clock, MAX_KEPT)
  const reading = new Map<string, Promise<Records | undefined>>()
  const read = async (namespace: string): Promise<Records | undefined> => {
    try {
      const store = await source.store(namespace)
      if (!store) return undefined
      const records = await readAll(store, namespace)
      kept.set(namespace, records)
      return records
    } catch (error) {
      const old = isFailure(error, ...AWAY) ? kept.get(namespace, AWAY_MS) : undefined
      if (!old) throw error
      return { ...old, isStale: true }
    }
  }
  return async (namespace) => {
    const mirror = source.mirror(namespace)
    if (mirror) return { of: (kind) => mirror.of(kind), isStale: false }
    const fresh = kept.get(namespace, FRESH_MS)
    if (fresh) return fresh
    let records = reading.get(namespace)
    if (!records) {
      records = read(namespace).finally(() => reading.delete(namespace))
      reading.set(namespace, records)
    }
    return records
  }
}

async function readAll(store: Store, namespace: string): Promise<Records> {
  const found = new Map<Kind, Map<string, Stored>>(KINDS.map((kind) => [kind, new Map()]))
  for await (const stored of store.list(KINDS, namespace)) found.get(stored.kind)?.set(stored.name, stored)
  return { of: (kind) => found.get(kind) ?? new Map(), isStale: false }
}
