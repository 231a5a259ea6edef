import { jobOf, type Kind } from '../../core/names.ts'
import type { Ref, Store, Stored } from '../../core/store/store.ts'

/** What the agent knows of the store: a copy that follows it, and is corrected by every write of the agent's own. */
export interface Mirror {
  /** by name */
  of(kind: Kind): ReadonlyMap<string, Stored>
  /** the objects of a kind that belong to a job by their names */
  ofJob(kind: Kind, job: string): Stored[]
  /** the newest page of a job's ledger; older ones are not kept in memory */
  ledger(job: string): Stored | undefined
  /** takes over what a write returned, or that an object is gone */
  put(stored: Stored): void
  drop(ref: Ref): void
  /** reads one object again, after a conflict */
  refresh(ref: Ref): Promise<Stored | undefined>
  /** Follows the store until the signal aborts; `onChange` is told the job that each change is about. */
  follow(signal: AbortSignal, onChange: (job: string) => void): Promise<void>
  /** reads everything once */
  load(): Promise<void>
}

export const MIRRORED: readonly Kind[] = ['job', 'status', 'ledger', 'run', 'request']

/** Mirrors one namespace. Level-based: an event only says where to look; what counts is what is read then. */
export function createMirror(store: Store, namespace: string): Mirror {
  const objects = new Map<Kind, Map<string, Stored>>(MIRRORED.map((kind) => [kind, new Map<string, Stored>()]))
  const room = (kind: Kind) => objects.get(kind) ?? new Map<string, Stored>()
  /** names by kind and job: with thousands of jobs, nothing may look through all runs for each of them */
  const names = new Map<string, Set<string>>()
  const namesOf = (kind: Kind, job: string) => names.get(`${kind}/${job}`)
  /** newest page by job */
  const pages = new Map<string, string>()

  const put = (stored: Stored) => {
    if (stored.kind === 'ledger') {
      const newest = pages.get(jobOf(stored.name))
      if (newest !== undefined && newest > stored.name) return
      if (newest !== undefined && newest !== stored.name) room('ledger').delete(newest)
      pages.set(jobOf(stored.name), stored.name)
    }
    // What did not change stays the same object, and what was read from it stays known.
    if (room(stored.kind).get(stored.name)?.version === stored.version && room(stored.kind).get(stored.name)?.uid === stored.uid) return
    room(stored.kind).set(stored.name, stored)
    const key = `${stored.kind}/${jobOf(stored.name)}`
    names.set(key, (names.get(key) ?? new Set()).add(stored.name))
  }
  const drop = (ref: Ref) => {
    room(ref.kind).delete(ref.name)
    const siblings = namesOf(ref.kind, jobOf(ref.name))
    siblings?.delete(ref.name)
    if (siblings?.size === 0) names.delete(`${ref.kind}/${jobOf(ref.name)}`)
    if (pages.get(jobOf(ref.name)) === ref.name && ref.kind === 'ledger') pages.delete(jobOf(ref.name))
  }
  const refresh = async (ref: Ref) => {
    const stored = await store.get(ref)
    if (stored) put(stored)
    else drop(ref)
    return stored
  }
  const load = async () => {
    for (const kind of MIRRORED) {
      const seen = new Set<string>()
      for await (const stored of store.list(kind, namespace)) {
        seen.add(stored.name)
        put(stored)
      }
      for (const name of room(kind).keys()) if (!seen.has(name)) drop({ kind, namespace, name })
    }
  }

  return {
    of: room,
    ofJob: (kind, job) => [...(namesOf(kind, job) ?? [])].flatMap((name) => room(kind).get(name) ?? []),
    ledger: (job) => room('ledger').get(pages.get(job) ?? ''),
    put,
    drop,
    refresh,
    load,
    async follow(signal, onChange) {
      for await (const event of store.watch(namespace, MIRRORED, signal)) {
        if (event === 'resync') {
          await load()
          for (const kind of MIRRORED) for (const name of room(kind).keys()) onChange(jobOf(name))
        } else if (MIRRORED.includes(event.kind)) {
          const before = room(event.kind).get(event.name)?.version
          const after = await refresh(event)
          // An echo of a write of our own needs no second look.
          if (before !== after?.version) onChange(jobOf(event.name))
        }
      }
    },
  }
}
