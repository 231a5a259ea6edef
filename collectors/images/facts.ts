import type { ContainerImage, Owner } from './pod-images.ts'
import { type ImageReference, parseReference } from './reference.ts'

/** Where an image is used: containers of one name in the pods of one owner. */
interface Use {
  namespace: string
  owner: Owner
  container: string
  pods: number
}

/** What is known of an image: one for each reference, as it is written. */
export interface ImageFacts extends ImageReference {
  image: string
  /** of what runs: several when a tag has moved between two starts */
  runningDigests: string[]
  /** ids of images that came from no registry: loaded into, or built on, their nodes */
  localIds?: string[]
  pullPolicies: string[]
  containers: number
  usedBy: Use[]
  /** users that are not listed, if there are too many */
  moreUsers?: number
}

/** Users listed of an image: one that is everywhere needs no longer list. */
const USERS = 100

/** Gathers what containers say of their images. Sorted by reference, so that the same cluster gives the same. */
export class ImageBook {
  readonly #images = new Map<string, Gathered>()

  add({ namespace, owner, container, image, pullPolicy, digest, localId }: ContainerImage): void {
    const known = this.#images.get(image) ?? {
      digests: new Set(),
      ids: new Set(),
      policies: new Set(),
      uses: new Map(),
      count: 0,
    }
    this.#images.set(image, known)
    known.count++
    if (digest !== undefined) known.digests.add(digest)
    if (localId !== undefined) known.ids.add(localId)
    if (pullPolicy !== '') known.policies.add(pullPolicy)
    const key = [namespace, owner.kind, owner.name, container].join('/')
    const use = known.uses.get(key)
    if (use) use.pods++
    else known.uses.set(key, { namespace, owner, container, pods: 1 })
  }

  facts(): ImageFacts[] {
    return [...this.#images].sort(byKey).map(([image, { digests, ids, policies, uses, count }]) => ({
      image,
      ...parseReference(image),
      runningDigests: [...digests].sort(),
      ...(ids.size > 0 ? { localIds: [...ids].sort() } : {}),
      pullPolicies: [...policies].sort(),
      containers: count,
      usedBy: [...uses]
        .sort(byKey)
        .slice(0, USERS)
        .map(([, use]) => use),
      ...(uses.size > USERS ? { moreUsers: uses.size - USERS } : {}),
    }))
  }
}

interface Gathered {
  digests: Set<string>
  ids: Set<string>
  policies: Set<string>
  uses: Map<string, Use>
  count: number
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : a > b ? 1 : 0)
