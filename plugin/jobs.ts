import { fail } from '../core/errors.ts'
import { jobOf, statusName } from '../core/names.ts'
import type { Ref, Store, Stored } from '../core/store/store.ts'
import { hint } from '../core/suggest.ts'
import type { CliEdge } from './cli-edge.ts'

/** The local store has one tenant. */
export const NAMESPACE = ''

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

/** A job by its name or id, or the id's first eight letters, as `list` shows them. Throws JOB_NOT_FOUND with the nearest name. */
export async function findJob(store: Store, word: string): Promise<Stored> {
  const byName = /^[a-z0-9-]+$/.test(word) ? await store.get(ref('job', word)) : undefined
  if (byName) return byName
  const names: string[] = []
  for await (const job of store.list('job', NAMESPACE)) {
    if (job.uid === word || (word.length >= 8 && job.uid.startsWith(word))) return job
    names.push(job.name)
  }
  throw fail('JOB_NOT_FOUND', { name: word, hint: hint(word, names) })
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
