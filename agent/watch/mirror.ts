import { jobOf, type Kind, PREFIX } from '../../core/names.ts'
import type { Ref, Store, Stored } from '../../core/store/store.ts'
import { createShelf, type Shelf } from './shelf.ts'

/** What the agent knows of the store: a copy that follows it, and is corrected by every write of the agent's own. */
export interface Mirror extends Pick<Shelf, 'of' | 'ofJob' | 'ledger' | 'goneRuns'> {
  /** takes over what a write returned, or that an object is gone */
  put(stored: Stored): void
  drop(ref: Ref): void
  /** reads one object again, after a conflict */
  refresh(ref: Ref): Promise<Stored | undefined>
  /** Follows the store until the signal aborts; `onChange` is told the job that each change is about. Throws what the store throws. */
  follow(signal: AbortSignal, onChange: (job: string) => void): Promise<void>
  /** reads everything once */
  load(): Promise<void>
}

export const MIRRORED: readonly Kind[] = ['job', 'status', 'ledger', 'run', 'request']

const keyOf = ({ kind, name }: Ref) => `${kind}/${name}`

const isStored = (event: Ref): event is Stored => 'version' in event

/** A job without what others keep in it, which may be large: kubectl's last applied configuration, for one. Nobody here writes jobs. */
function slim(stored: Stored): Stored {
  if (stored.kind !== 'job') return stored
  return { ...stored, labels: ours(stored.labels), annotations: ours(stored.annotations) }
}

const ours = (record: Record<string, string>) =>
  Object.fromEntries(Object.entries(record).filter(([key]) => key.startsWith(PREFIX)))

/** Mirrors one namespace. Level-based: an event only says where to look; what counts is what is read then. */
export function createMirror(store: Store, namespace: string): Mirror {
  const shelf = createShelf()
  /** Reads under way, each with what was written meanwhile: what it read of that may be older than what is known. */
  const reads = new Set<Set<string>>()
  const touch = (ref: Ref) => reads.forEach((changed) => changed.add(keyOf(ref)))
  const put = (stored: Stored) => {
    touch(stored)
    shelf.put(slim(stored))
  }
  const drop = (ref: Ref) => {
    touch(ref)
    shelf.drop(ref)
  }
  const take = (stored: Stored): Stored => {
    put(stored)
    return stored
  }
  const reading = async <T>(read: (changed: ReadonlySet<string>) => Promise<T>): Promise<T> => {
    const changed = new Set<string>()
    reads.add(changed)
    try {
      return await read(changed)
    } finally {
      reads.delete(changed)
    }
  }

  const newestPage = async (job: string) => {
    let newest: Stored | undefined
    for await (const stored of store.list('ledger', namespace)) if (jobOf(stored.name) === job) newest = stored
    return newest
  }
  const refresh = async (ref: Ref): Promise<Stored | undefined> => {
    for (;;) {
      const found = await reading(async (changed) => {
        const stored = await store.get(ref)
        // Without its newest page a job goes on from the one before: a new one would forget all that was settled.
        const isLostPage = !stored && ref.kind === 'ledger' && shelf.of('ledger').has(ref.name)
        const older = isLostPage ? await newestPage(jobOf(ref.name)) : undefined
        return changed.has(keyOf(ref)) ? undefined : { stored, older }
      })
      if (!found) continue
      if (found.stored) put(found.stored)
      else drop(ref)
      if (found.older) put(found.older)
      return found.stored
    }
  }

  const loadKind = (kind: Kind) =>
    reading(async (changed) => {
      const found: Stored[] = []
      for await (const stored of store.list(kind, namespace)) {
        const last = found.at(-1)
        // Sorted by name: of a job's pages the newest comes last.
        if (kind === 'ledger' && last && jobOf(last.name) === jobOf(stored.name)) found.pop()
        found.push(stored)
      }
      const names = new Set(found.map(({ name }) => name))
      const unchanged = (name: string) => !changed.has(keyOf({ kind, namespace, name }))
      for (const name of [...shelf.of(kind).keys()])
        if (!names.has(name) && unchanged(name)) shelf.drop({ kind, namespace, name })
      for (const stored of found) if (unchanged(stored.name)) shelf.put(slim(stored))
    })
  const load = async () => {
    for (const kind of MIRRORED) await loadKind(kind)
  }

  return {
    of: shelf.of,
    ofJob: shelf.ofJob,
    ledger: shelf.ledger,
    goneRuns: shelf.goneRuns,
    put,
    drop,
    refresh,
    load,
    async follow(signal, onChange) {
      for await (const event of store.watch(namespace, MIRRORED, signal)) {
        if (event === 'resync') {
          await load()
          for (const kind of MIRRORED) for (const name of shelf.of(kind).keys()) onChange(jobOf(name))
        } else if (MIRRORED.includes(event.kind)) {
          const before = shelf.of(event.kind).get(event.name)?.version
          // A backend that was told the whole object spares the question.
          const after = isStored(event) ? take(event) : await refresh(event)
          // An echo of a write of our own needs no second look.
          if (before !== after?.version) onChange(jobOf(event.name))
        }
      }
    },
  }
}
