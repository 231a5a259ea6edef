import { fail } from '../core/errors.ts'
import { JOB_NAME, jobOf, statusName } from '../core/names.ts'
import type { Ref, Store, Stored } from '../core/store/store.ts'
import { hint } from '../core/suggest.ts'
import { EVERYWHERE } from '../core/store/store.ts'
import type { CliEdge, ClusterStore } from './cli-edge.ts'
import { inNamespace } from './in-namespace.ts'
import { type KubeArgs, kubeOverrides } from './kube-flags.ts'

/** The local store has one tenant. */
export const NAMESPACE = ''
/** Letters of an id in tables. */
export const SHOWN_ID = 8

export interface StoreContext {
  edge: CliEdge
  folder: string
  args: KubeArgs & { local?: unknown; 'all-namespaces'?: unknown }
  list(flag: 'as-group'): string[]
}

/** The store that a verb works on: of the cluster, unless `--local`. */
export async function openStore(context: StoreContext): Promise<Store> {
  const { edge, folder, args } = context
  if (args.local === true) return edge.fileStore(folder)
  const { store, namespace } = await openCluster(context)
  return inNamespace(store, args['all-namespaces'] === true ? EVERYWHERE : namespace)
}

export const openCluster = ({ edge, args, list }: StoreContext): Promise<ClusterStore> =>
  edge.clusterStore(kubeOverrides(args, list('as-group')))

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

export async function readAll(store: Store, kinds: Ref['kind'] | readonly Ref['kind'][]): Promise<Stored[]> {
  const all: Stored[] = []
  for await (const stored of store.list(kinds, NAMESPACE)) all.push(stored)
  return all
}

/** A job's own objects of a kind. */
export const readOf = async (store: Store, kind: Ref['kind'], job: string): Promise<Stored[]> =>
  (await readAll(store, kind)).filter((stored) => jobOf(stored.name) === job)

export const statusRef = (job: string): Ref => ref('status', statusName(job))
