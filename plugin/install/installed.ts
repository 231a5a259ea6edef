import { APPLIED_KINDS, type AppliedKind, collectionPath, type KubeObject, objectPath } from '../../core/kube/apply-kinds.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { listAll } from '../../core/kube/list.ts'
import { getObject } from '../../core/kube/objects.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { AGENT_NAME, AGENT_NAMESPACE, LABEL_ENABLED } from '../../core/names.ts'
import { ANNOTATION_API_CIDR, type Component, type Installed, versionIn } from './desired.ts'
import { imageOf } from './edits.ts'

const WORKLOADS = APPLIED_KINDS.filter(({ plural }) => plural === 'deployments' || plural === 'statefulsets')

/** The installed agent of a namespace; undefined if there is none. */
export async function findInstalled(client: KubeClient, namespace: string): Promise<Installed | undefined> {
  for (const { kind, apiVersion } of WORKLOADS) {
    const workload = await find(client, kind, AGENT_NAME, namespace, apiVersion)
    if (!workload) continue
    const image = imageOf([workload]) ?? ''
    const { labels, annotations } = workload.metadata
    return {
      workload,
      image,
      version: versionIn(image) ?? labels?.['app.kubernetes.io/version'],
      apiCidrs: annotations?.[ANNOTATION_API_CIDR]?.split(',') ?? [],
      components: await findComponents(client, kind),
    }
  }
  return undefined
}

/** One object of each component that tells that it is there. */
const SIGNS: readonly [Component, kind: string, name: string][] = [
  ['policy', 'ValidatingAdmissionPolicy', 'support-bundle-schedule-jobs'],
  ['viewer', 'ClusterRole', 'support-bundle-schedule-viewer'],
  ['cluster-jobs', 'ClusterRole', 'support-bundle-schedule-cluster-collector'],
  ['host-access', 'Namespace', 'support-bundle-schedule-host'],
]

async function findComponents(client: KubeClient, workload: string): Promise<Component[]> {
  const found = await Promise.all(
    SIGNS.map(async ([component, kind, name]) => {
      const isThere = await find(client, kind, name).catch((error: unknown) => {
        if (isStatus(error, 403)) return undefined // of a namespaced install, or not for this user to see
        throw error
      })
      return isThere ? [component] : []
    }),
  )
  return [...found.flat(), ...(workload === 'StatefulSet' ? (['durable-outbox'] as const) : [])]
}

/** One object by kind and name; undefined if there is none. */
export async function find(
  client: KubeClient,
  kind: string,
  name: string,
  namespace?: string,
  apiVersion = APPLIED_KINDS.find((one) => one.kind === kind)?.apiVersion ?? '',
): Promise<KubeObject | undefined> {
  const wanted = { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }
  return (await getObject(client, objectPath(wanted)))?.json as KubeObject | undefined
}

/**
 * All objects of our kinds with these labels, in the order in which they are applied: in one namespace, or everywhere. A kind
 * that this server does not have is passed over.
 */
export async function listLabelled(client: KubeClient, labelSelector: string, namespace?: string): Promise<KubeObject[]> {
  const kinds = APPLIED_KINDS.filter((kind) => namespace === undefined || kind.isNamespaced)
  return (await Promise.all(kinds.map((kind) => listKind(client, kind, labelSelector, namespace)))).flat()
}

async function listKind(
  client: KubeClient,
  kind: AppliedKind,
  labelSelector: string,
  namespace: string | undefined,
): Promise<KubeObject[]> {
  try {
    const { items } = await listAll(client, { path: collectionPath(kind, namespace), query: { labelSelector } })
    // A list leaves out what all its items have in common.
    return items.map((item) => ({ ...(item.json as KubeObject), apiVersion: kind.apiVersion, kind: kind.kind }))
  } catch (error) {
    if (isStatus(error, 404)) return []
    throw error
  }
}

/** The namespaces that are opted in and stay. */
export async function optedIn(client: KubeClient): Promise<string[]> {
  const { items } = await listAll(client, { path: '/api/v1/namespaces', query: { labelSelector: `${LABEL_ENABLED}=true` } })
  return items.flatMap(({ metadata }) => ('deletionTimestamp' in metadata ? [] : (metadata.name ?? []))).toSorted()
}

/** Where the agent is, or would be. */
export const agentNamespace = (namespaced: string | undefined): string => namespaced ?? AGENT_NAMESPACE
