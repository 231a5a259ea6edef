import type { ObjectFacts } from './facts.ts'
import { openLists, type OpenLists } from './open-lists.ts'
import type { PackedLists } from './packed-lists.ts'
import type { ReadObject } from './read-object.ts'
import { isReady, stateOf } from './read-status.ts'

/**
 * Pods, ReplicaSets and Jobs that a controller makes come and go while all is well: they are told by their controller, as
 * numbers. Objects may come in any order, so what belongs to whom is settled at the end.
 */
export interface Folding {
  /** takes those objects of one list that have a controller */
  add(children: readonly Child[]): void
  /** Adds the numbers to the objects that own them; pods whose owner was not listed are told by its name, among the pods. */
  settle(lists: PackedLists): void
}

export type Child = ReadObject & { owner: NonNullable<ReadObject['owner']> }

interface Pods {
  count: number
  ready: number
  restarts: number
  images: string[]
}
interface Ended {
  createdAt: string
  state: string
}

/** What is known of the children of one namespace. Of all, only its text is kept until the end. */
interface Family {
  /** by owner */
  pods: Map<string, Pods>
  /** from a ReplicaSet or Job to its owner */
  owners: Map<string, string>
  /** by CronJob, its newest Job that has ended */
  ended: Map<string, Ended>
}

const RUN_TO_COMPLETION = /^(?:Cron)?Job\//
/** From a pod's owner to the top: a ReplicaSet's Deployment, a Job's CronJob; more only where someone wrote nonsense. */
const LONGEST_CHAIN = 4

export function createFolding(): Folding {
  /** by namespace, a text of each list */
  const kept = new Map<string, string[]>()
  return {
    add(children) {
      for (const [namespace, all] of Map.groupBy(children, (child) => child.namespace)) {
        const family = newFamily()
        for (const child of all) addChild(family, child)
        const texts = kept.get(namespace) ?? []
        kept.set(namespace, texts)
        texts.push(encode(family))
      }
    },
    settle(lists) {
      if (kept.size === 0) return
      const clusterWide = openLists(lists, '')
      // In their order: what they own of the whole cluster takes the numbers of the last one.
      for (const [namespace, texts] of [...kept].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        const own = openLists(lists, namespace)
        const family = newFamily()
        for (const text of texts) addText(family, text)
        settleFamily(family, own, clusterWide)
        own.close()
      }
      clusterWide.close()
    },
  }
}

const newFamily = (): Family => ({ pods: new Map(), owners: new Map(), ended: new Map() })

function addChild(family: Family, child: Child): void {
  const { type, name, status, images, createdAt } = child
  const owner = `${child.owner.type}/${child.owner.name}`
  if (type === 'Pod') {
    const isDone = status.phase === 'Succeeded'
    const one = { count: 1, ready: isReady(status) ? 1 : 0, restarts: status.restarts ?? 0, images }
    return addPods(family, owner, isDone ? NO_PODS : one)
  }
  family.owners.set(`${type}/${name}`, owner)
  const state = type === 'Job' ? stateOf(status, false) : ''
  if (state !== '') addEnded(family, owner, { createdAt, state })
}

const NO_PODS: Pods = { count: 0, ready: 0, restarts: 0, images: [] }

function addPods({ pods }: Family, owner: string, more: Pods): void {
  const all = pods.get(owner)
  pods.set(owner, all ? plus(all, more) : more)
}

const plus = (a: Pods, b: Pods): Pods => ({
  count: a.count + b.count,
  ready: a.ready + b.ready,
  restarts: a.restarts + b.restarts,
  images: b.images.every((image) => a.images.includes(image)) ? a.images : [...new Set([...a.images, ...b.images])].toSorted(),
})

function addEnded({ ended }: Family, owner: string, one: Ended): void {
  const before = ended.get(owner)
  if (!before || one.createdAt + one.state > before.createdAt + before.state) ended.set(owner, one)
}

const encode = ({ pods, owners, ended }: Family): string => JSON.stringify([[...pods], [...owners], [...ended]])

function addText(family: Family, text: string): void {
  const [pods, owners, ended] = JSON.parse(text) as [[string, Pods][], [string, string][], [string, Ended][]]
  for (const [owner, all] of pods) addPods(family, owner, all)
  for (const [child, owner] of owners) family.owners.set(child, owner)
  for (const [owner, one] of ended) addEnded(family, owner, one)
}

function settleFamily(family: Family, own: OpenLists, clusterWide: OpenLists): void {
  const sums: Family = newFamily()
  for (const [owner, pods] of family.pods) addPods(sums, topOf(owner, family, own), pods)
  // A pod's owner is in its namespace, or of the whole cluster.
  const find = (name: string) => own.find(name) ?? clusterWide.find(name)
  for (const [owner, pods] of sums.pods) {
    const found = find(owner)
    if (found) Object.assign(found, factsOf(owner, pods, found))
    // A Job that was not listed is gone soon.
    else if (!RUN_TO_COMPLETION.test(owner)) own.add('pods', owner, { uid: '', spec: '', ...factsOf(owner, pods) })
  }
  for (const [owner, { state }] of family.ended) {
    const found = find(owner)
    if (found) found.state = `last Job: ${state}`
  }
}

function topOf(owner: string, { owners }: Family, lists: OpenLists): string {
  let top = owner
  for (let step = 0; step < LONGEST_CHAIN; step++) top = owners.get(top) ?? top
  return deploymentOf(top, lists)
}

/** ReplicaSets that could not be listed say by their name whose they are. */
function deploymentOf(owner: string, lists: OpenLists): string {
  const name = /^ReplicaSet\/(.+)-[a-z0-9]{1,10}$/.exec(owner)?.[1]
  if (name === undefined || lists.has(owner)) return owner
  return lists.has(`Deployment/${name}`) ? `Deployment/${name}` : owner
}

/** What the object itself says counts for more than what its pods come to. */
function factsOf(owner: string, { count, ready, restarts, images }: Pods, found?: ObjectFacts): Partial<ObjectFacts> {
  if (owner.startsWith('CronJob/')) return {}
  if (owner.startsWith('Job/')) return { restarts }
  return {
    restarts,
    ...(found?.replicas === undefined && found?.ready === undefined ? { replicas: count, ready } : {}),
    ...(found?.images === undefined && images.length > 0 ? { images } : {}),
  }
}
