import { type Facts, listOf, type ObjectFacts, type ObjectsByName } from './facts.ts'
import type { ReadObject } from './read-object.ts'
import { isReady, stateOf } from './read-status.ts'

/**
 * Pods, ReplicaSets and Jobs that a controller makes come and go while all is well: they are told by their controller, as
 * numbers. Objects may come in any order, so what belongs to whom is settled at the end.
 */
export interface Folding {
  /** takes an object that has a controller */
  add(child: ReadObject & { owner: NonNullable<ReadObject['owner']> }): void
  /** Adds the numbers to the objects that own them; pods whose owner was not listed are told by its name, among the pods. */
  settle(lists: Facts['lists']): void
}

interface Pods {
  namespace: string
  owner: string
  count: number
  ready: number
  restarts: number
  images: Set<string>
}

const RUN_TO_COMPLETION = /^(?:Cron)?Job\//
/** From a pod's owner to the top: a ReplicaSet's Deployment, a Job's CronJob; more only where someone wrote nonsense. */
const LONGEST_CHAIN = 4
const keyOf = (namespace: string, owner: string) => `${namespace}\n${owner}`

export function createFolding(): Folding {
  /** by owner */
  const pods = new Map<string, Pods>()
  /** from a ReplicaSet or Job to its owner */
  const owners = new Map<string, string>()
  /** of CronJobs, the newest Job that has ended */
  const ended = new Map<string, { createdAt: string; state: string; namespace: string; owner: string }>()

  const addPod = ({ namespace, status, images }: ReadObject, owner: string) => {
    const key = keyOf(namespace, owner)
    const all = pods.get(key) ?? { namespace, owner, count: 0, ready: 0, restarts: 0, images: new Set() }
    pods.set(key, all)
    if (status.phase === 'Succeeded') return
    all.count++
    if (isReady(status)) all.ready++
    all.restarts += status.restarts ?? 0
    for (const image of images) all.images.add(image)
  }
  const addJob = ({ namespace, status, createdAt }: ReadObject, owner: string) => {
    const state = stateOf(status, false)
    const key = keyOf(namespace, owner)
    const before = ended.get(key)
    const isNewer = !before || createdAt + state > before.createdAt + before.state
    if (state !== '' && isNewer) ended.set(key, { createdAt, state, namespace, owner })
  }
  const topOf = (namespace: string, owner: string, lists: Facts['lists']): string => {
    let top = owner
    for (let step = 0; step < LONGEST_CHAIN; step++) top = owners.get(keyOf(namespace, top)) ?? top
    return deploymentOf(namespace, top, lists)
  }

  return {
    add(child) {
      const owner = `${child.owner.type}/${child.owner.name}`
      if (child.type === 'Pod') return addPod(child, owner)
      owners.set(keyOf(child.namespace, `${child.type}/${child.name}`), owner)
      if (child.type === 'Job') addJob(child, owner)
    },
    settle(lists) {
      const sums = new Map<string, Pods>()
      for (const one of pods.values()) {
        const owner = topOf(one.namespace, one.owner, lists)
        const key = keyOf(one.namespace, owner)
        const sum = sums.get(key)
        sums.set(key, sum ? plus(sum, one) : { ...one, owner })
      }
      const indexed = index(lists)
      for (const one of sums.values()) {
        const found = indexed(one.namespace, one.owner)
        if (found) Object.assign(found, factsOf(one, found))
        // A Job that was not listed is gone soon.
        else if (!RUN_TO_COMPLETION.test(one.owner))
          listOf(lists, 'pods', one.namespace).set(one.owner, { uid: '', spec: '', ...factsOf(one) })
      }
      for (const { namespace, owner, state } of ended.values()) {
        const found = indexed(namespace, owner)
        if (found) found.state = `last Job: ${state}`
      }
    },
  }
}

const plus = (a: Pods, b: Pods): Pods => ({
  ...a,
  count: a.count + b.count,
  ready: a.ready + b.ready,
  restarts: a.restarts + b.restarts,
  images: new Set([...a.images, ...b.images]),
})

/** What the object itself says counts for more than what its pods come to. */
function factsOf({ owner, count, ready, restarts, images }: Pods, found?: ObjectFacts): Partial<ObjectFacts> {
  if (owner.startsWith('CronJob/')) return {}
  if (owner.startsWith('Job/')) return { restarts }
  return {
    restarts,
    ...(found?.replicas === undefined && found?.ready === undefined ? { replicas: count, ready } : {}),
    ...(found?.images === undefined && images.size > 0 ? { images: [...images].toSorted() } : {}),
  }
}

/** ReplicaSets that could not be listed say by their name whose they are. */
function deploymentOf(namespace: string, owner: string, lists: Facts['lists']): string {
  const name = /^ReplicaSet\/(.+)-[a-z0-9]{1,10}$/.exec(owner)?.[1]
  const deployment = `Deployment/${name ?? ''}`
  const isThere = name !== undefined && lists.get('deployments')?.get(namespace)?.has(deployment)
  const isListed = lists.get('replicasets')?.get(namespace)?.has(owner)
  return isThere && !isListed ? deployment : owner
}

/** Finds an object by namespace and `Kind/name` in whichever list it is. */
function index(lists: Facts['lists']): (namespace: string, name: string) => ObjectFacts | undefined {
  const byNamespace = new Map<string, ObjectsByName[]>()
  for (const all of lists.values())
    for (const [namespace, list] of all) byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), list])
  return (namespace, name) => {
    // A pod's owner is in its namespace, or of the whole cluster.
    for (const place of [namespace, ''])
      for (const list of byNamespace.get(place) ?? []) {
        const found = list.get(name)
        if (found) return found
      }
    return undefined
  }
}
