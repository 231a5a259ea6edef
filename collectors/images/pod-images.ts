import type { RawObject } from '../../core/contract/index.ts'
import { parseImageId } from './reference.ts'

/** What made a pod: the pod itself when nothing did. */
export interface Owner {
  kind: string
  name: string
}

/** One container of a pod, and what is known of its image. */
export interface ContainerImage {
  namespace: string
  owner: Owner
  container: string
  /** as the pod's spec has it */
  image: string
  pullPolicy: string
  /** of what runs; none before it was pulled */
  digest?: string
  localId?: string
}

interface Pod {
  metadata?: { namespace?: string; name?: string; labels?: Record<string, string>; ownerReferences?: OwnerReference[] }
  spec?: Partial<Record<'containers' | 'initContainers' | 'ephemeralContainers', Container[]>>
  status?: Partial<Record<'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses', Status[]>>
}
interface OwnerReference {
  kind?: string
  name?: string
  controller?: boolean
}
interface Container {
  name?: string
  image?: string
  imagePullPolicy?: string
}
interface Status {
  name?: string
  imageID?: string
}

/** The images of all containers of a pod, also of those that initialize or debug it. */
export function imagesOf({ json }: RawObject): ContainerImage[] {
  const { metadata = {}, spec = {}, status = {} } = json as Pod
  const namespace = metadata.namespace ?? ''
  const owner = ownerOf(metadata)
  const statuses = [status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses]
  const ids = new Map(statuses.flatMap((list) => (list ?? []).map(({ name, imageID }) => [name, imageID ?? ''] as const)))
  const containers = [spec.containers, spec.initContainers, spec.ephemeralContainers].flatMap((list) => list ?? [])
  return containers.flatMap(({ name = '', image = '', imagePullPolicy = '' }) =>
    image === ''
      ? []
      : [{ namespace, owner, container: name, image, pullPolicy: imagePullPolicy, ...parseImageId(ids.get(name) ?? '') }],
  )
}

/** A Deployment owns its pods by a ReplicaSet that is named after it and its template's hash: users know the Deployment. */
function ownerOf({ name = '', labels = {}, ownerReferences = [] }: NonNullable<Pod['metadata']>): Owner {
  const reference = ownerReferences.find(({ controller }) => controller === true) ?? ownerReferences[0]
  if (!reference) return { kind: 'Pod', name }
  const owner = { kind: reference.kind ?? '', name: reference.name ?? '' }
  const suffix = `-${labels['pod-template-hash'] ?? ''}`
  if (owner.kind !== 'ReplicaSet' || !owner.name.endsWith(suffix)) return owner
  return { kind: 'Deployment', name: owner.name.slice(0, -suffix.length) }
}
