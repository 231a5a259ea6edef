import { jobOf, type Kind } from '../../core/names.ts'
import type { Ref, Stored } from '../../core/store/store.ts'

/** The objects of a mirror, in memory. */
export interface Shelf {
  /** by name */
  of(kind: Kind): ReadonlyMap<string, Stored>
  /** the objects of a kind that belong to a job by their names */
  ofJob(kind: Kind, job: string): Stored[]
  /** the newest page of a job's ledger; older ones are not kept in memory */
  ledger(job: string): Stored | undefined
  /** Runs that went with their job, as they were last seen: how they ended is still to be noted. Empty once `forget` is called. */
  goneRuns(job: string, forget?: 'forget'): Stored[]
  put(stored: Stored): void
  drop(ref: Ref): void
}

export function createShelf(): Shelf {
  const objects = new Map<Kind, Map<string, Stored>>()
  const room = (kind: Kind): Map<string, Stored> => {
    const found = objects.get(kind) ?? new Map<string, Stored>()
    objects.set(kind, found)
    return found
  }
  /** names by kind and job: with thousands of jobs, nothing may look through all runs for each of them */
  const names = new Map<string, Set<string>>()
  /** newest page by job */
  const pages = new Map<string, string>()
  const gone = new Map<string, Stored[]>()

  const remove = (kind: Kind, name: string) => {
    room(kind).delete(name)
    const key = `${kind}/${jobOf(name)}`
    names.get(key)?.delete(name)
    if (names.get(key)?.size === 0) names.delete(key)
  }

  return {
    of: room,
    ofJob: (kind, job) => [...(names.get(`${kind}/${job}`) ?? [])].flatMap((name) => room(kind).get(name) ?? []),
    ledger: (job) => room('ledger').get(pages.get(job) ?? ''),
    goneRuns(job, forget) {
      const runs = gone.get(job) ?? []
      if (forget) gone.delete(job)
      return runs
    },
    put(stored) {
      const { kind, name } = stored
      const job = jobOf(name)
      if (kind === 'ledger') {
        const newest = pages.get(job)
        if (newest !== undefined && newest > name) return
        if (newest !== undefined && newest !== name) remove('ledger', newest)
        pages.set(job, name)
      }
      const known = room(kind).get(name)
      // What did not change stays the same object, and what was read from it stays known.
      if (known?.version === stored.version && known.uid === stored.uid) return
      room(kind).set(name, stored)
      names.set(`${kind}/${job}`, (names.get(`${kind}/${job}`) ?? new Set()).add(name))
    },
    drop({ kind, name }) {
      const job = jobOf(name)
      const known = room(kind).get(name)
      const isOrphan = known?.owner !== undefined && room('job').get(job)?.uid !== known.owner.uid
      if (kind === 'run' && known && isOrphan) gone.set(job, [...(gone.get(job) ?? []), known])
      if (kind === 'ledger' && pages.get(job) === name) pages.delete(job)
      remove(kind, name)
    },
  }
}
