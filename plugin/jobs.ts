import { fail } from '../core/errors.ts'
import { JOB_NAME, jobOf, statusName } from '../core/names.ts'
import type { Ref, Store, Stored } from '../core/store/store.ts'
import { hint } from '../core/suggest.ts'
import type { CliEdge } from './cli-edge.ts'

/** The local store has one tenant. */
export const NAMESPACE = ''
/** Letters of an id in tables. */
export const SHOWN_ID = 8

export interface StoreContext {
  edge: CliEdge
  folder: string
  args: { local?: unknown }
}

/** The store that a verb works on. */
export async function openStore({ edge, folder, args }: StoreContext): Promise<Store> {
  if (args.local !== true)
    throw fail('NOT_SUPPORTED', { what: 'a store in the cluster', remedy: 'add --local to use the store on this computer' })
  return edge.fileStore(folder)
}

export const ref = (kind: Ref['kind'], name: string): Ref => ({ kind, namespace: NAMESPACE, name })

/** A job by its name or id, or the id's first letters, as `list` shows them: eight at least. Throws JOB_NOT_FOUND with the nearest name, JOB_AMBIGUOUS. */
export async function findJob(store: Store, word: string): Promise<Stored> {
  const byName = JOB_NAME.test(word) ? await store.get(ref('job', word)) : undefined
  if (byName) return byName
  const all = await readAll(store, 'job')
  const found = all.filter((job) => job.uid === word || (word.length >= SHOWN_ID && job.uid.startsWith(word)))
  const names = (jobs: Stored[]) => jobs.map((job) => job.name)
  if (found.length > 1) throw fail('JOB_AMBIGUOUS', { id: word, names: names(found).join(', ') })
  if (!found[0]) throw fail('JOB_NOT_FOUND', { name: word, hint: hint(word, names(all)) })
  return found[0]
}

export async function readAll(store: Store, kind: Ref['kind']): Promise<Stored[]> {
  const all: Stored[] = []
  for await (const stored of store.list(kind, NAMESPACE)) all.push(stored)
  return all
}

/** A job's own objects of a kind. */
export const readOf = async (store: Store, kind: Ref['kind'], job: string): Promise<Stored[]> =>
  (await readAll(store, kind)).filter((stored) => jobOf(stored.name) === job)

export const statusRef = (job: string): Ref => ref('status', statusName(job))
