import { join } from 'node:path'
import type { KubeObject } from '../../core/kube/apply-kinds.ts'
import { AGENT_NAMESPACE, PREFIX } from '../../core/names.ts'
import { VERSION } from '../../core/version.ts'
import { readManifests, readYaml } from './composition.ts'
import {
  annotated,
  asStatefulSet,
  imageOf,
  isWorkload,
  MANAGED_BY,
  narrowedTo,
  servingItself,
  withImage,
  withLabels,
  withNamespace,
} from './edits.ts'

/** What `--with` takes: folders of manifests/ that go beside the base. */
export const COMPONENTS = ['policy', 'viewer', 'cluster-jobs', 'host-access', 'durable-outbox'] as const
export type Component = (typeof COMPONENTS)[number]

/** Changes what another folder brings, and stands in no namespace or cluster by itself. */
const OUTBOX: Component = 'durable-outbox'

export interface InstallWish {
  /** the folder of what was built beside the program */
  lib: string
  /** everything in this one namespace, without an object of the whole cluster */
  namespaced: string | undefined
  /** the manifests' own image unless given */
  image: string | undefined
  /** networks of the API server; none = not narrowed */
  apiCidrs: readonly string[]
  components: readonly Component[]
}

/** On the workload: what an upgrade must not undo. */
export const ANNOTATION_API_CIDR = `${PREFIX}api-cidr`
const LABEL_VERSION = 'app.kubernetes.io/version'

/** The agent as it is in a cluster. */
export interface Installed {
  workload: KubeObject
  image: string
  /** what the image's tag says, else what the CLI noted */
  version: string | undefined
  apiCidrs: string[]
  components: Component[]
}

/** All objects of an installation. Throws FILE_NOT_FOUND when this program is incomplete. */
export function desiredObjects(wish: InstallWish): KubeObject[] {
  const manifests = join(wish.lib, 'manifests')
  const base =
    wish.namespaced === undefined ? baseOfCluster(manifests, wish.components) : ownNamespace(manifests, wish.namespaced)
  const shaped = wish.components.includes(OUTBOX) ? durable(manifests, base) : base
  const imaged = wish.image === undefined ? shaped : withImage(shaped, wish.image)
  const marked = withLabels(narrowedTo(imaged, wish.apiCidrs), MANAGED_BY).map((object) =>
    isWorkload(object) ? (withLabels([object], { [LABEL_VERSION]: VERSION })[0] ?? object) : object,
  )
  return wish.apiCidrs.length > 0 ? annotated(marked, isWorkload, { [ANNOTATION_API_CIDR]: wish.apiCidrs.join(',') }) : marked
}

const baseOfCluster = (manifests: string, components: readonly Component[]): KubeObject[] => [
  ...readManifests(manifests),
  ...components.filter((one) => one !== OUTBOX).flatMap((one) => readManifests(join(manifests, one))),
]

const ownNamespace = (manifests: string, namespace: string): KubeObject[] =>
  servingItself(withNamespace(readManifests(join(manifests, 'namespaced')), namespace), AGENT_NAMESPACE, namespace)

function durable(manifests: string, objects: readonly KubeObject[]): KubeObject[] {
  const operations = readYaml(join(manifests, OUTBOX, 'stateful-set.yaml')) as Parameters<typeof asStatefulSet>[1]
  return asStatefulSet(objects, operations)
}

/** What an install would be that changes only what is said now: what an earlier one said holds on. */
export function continued(wish: InstallWish, before: Installed | undefined): InstallWish {
  if (!before) return wish
  return {
    ...wish,
    image: wish.image ?? upgradedImage(before.image, ownImage(wish.lib)),
    apiCidrs: wish.apiCidrs.length > 0 ? wish.apiCidrs : before.apiCidrs,
    components: [...new Set([...before.components, ...wish.components])],
  }
}

/** The version that an image's tag says; undefined if it says none. */
export const versionIn = (image: string): string | undefined => /:v?(\d+\.\d+\.\d+[^:/@]*)/.exec(image)?.[1]

/** The image that the manifests name: that of this version. */
export const ownImage = (lib: string): string => imageOf(readManifests(join(lib, 'manifests'))) ?? ''

/**
 * The image of an upgrade that was not told one: the repository that is in use, at this version's tag. A tag that is no version,
 * and a digest, were somebody's choice and stay.
 */
export function upgradedImage(current: string, own: string): string {
  const tag = /:([^:/@]+)$/
  const isVersion = /^v?\d+\.\d+\.\d+/.test(tag.exec(current)?.[1] ?? '')
  return isVersion && !current.includes('@') ? current.replace(tag, `:${tag.exec(own)?.[1] ?? 'latest'}`) : current
}
