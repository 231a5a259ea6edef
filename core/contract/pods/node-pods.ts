import { ahead } from '../ahead.ts'
import type { CollectorContext, Permission } from '../collector.ts'
import { isMeantFor, type NodePlace, nodePlace, placedOn } from './node-place.ts'
import { type OwnedPod, ownPod, type PodOutcome, type PodWait, type PullSecret, pullSecretOf, waitForPod } from './owned-pod.ts'
import { pluginError } from '../plugin.ts'
import { podName, POD_PERMISSIONS } from './pod-run.ts'

/** A pod for each node. */
export interface NodePods {
  /** the pods are named after it */
  name: string
  namespace: string
  labels: Record<string, string>
  spec: Record<string, unknown>
  pullSecret: PullSecret | null | undefined
  wait: PodWait
}

/** How it went on one node. `failure`: not as it was meant to, though there may be a pod. */
export interface OnNode {
  node: string
  pod?: OwnedPod
  outcome?: PodOutcome
  failure?: unknown
}

/** What that takes of the API server. */
export const NODE_POD_PERMISSIONS: Permission[] = [
  ...POD_PERMISSIONS,
  { apiGroups: [''], resources: ['nodes'], verbs: ['list'], why: 'a pod for each of them' },
]

/** Pods that are begun before their turn: a cluster has many nodes, and a pod takes seconds. */
const AT_ONCE = 8

/**
 * Runs a pod on each node that it is meant for, some at the same time; gives them one by one, in the order of the nodes. A node
 * that does no good is told, and keeps nothing from the others.
 *
 * @throws what the API server says when nodes cannot be listed, or the Secret for images cannot be created
 */
export async function* podsOnNodes(context: CollectorContext<unknown>, pods: NodePods): AsyncGenerator<OnNode> {
  const nodes = await meantNodes(context, pods.spec)
  if (nodes.length === 0) throw pluginError('NO_NODE', 'there is no node that these pods are meant for', { class: 'config' })
  const isAnyReady = nodes.some(({ isReady }) => isReady)
  const secret = isAnyReady ? await pullSecretOf(context.kube, pods.namespace, pods.pullSecret) : undefined
  const given = Array.isArray(pods.spec['imagePullSecrets']) ? (pods.spec['imagePullSecrets'] as object[]) : []
  const spec = secret ? { ...pods.spec, imagePullSecrets: [...given, secret] } : pods.spec
  const begin = async function* (node: NodePlace) {
    yield await onNode(context, { ...pods, spec }, node)
  }
  for await (const { values } of ahead(nodes, AT_ONCE, begin)) yield* values
}

async function meantNodes({ kube, signal }: CollectorContext<unknown>, spec: Record<string, unknown>): Promise<NodePlace[]> {
  const found: NodePlace[] = []
  for await (const { items, failure } of kube.list({ version: 'v1', plural: 'nodes', isNamespaced: false })) {
    if (failure) throw failure
    found.push(...items.map(({ json }) => nodePlace(json)))
  }
  signal.throwIfAborted()
  return found.filter((node) => isMeantFor(spec, node))
}

async function onNode(context: CollectorContext<unknown>, pods: NodePods, node: NodePlace): Promise<OnNode> {
  const { name, namespace, labels, spec, wait } = pods
  if (!node.isReady)
    return { node: node.name, failure: pluginError('NODE_NOT_READY', 'the node is not ready', { class: 'resource' }) }
  let pod: OwnedPod | undefined
  try {
    pod = await ownPod(context.kube, { name: podName(`${name}-${node.name}`), namespace, labels }, placedOn(spec, node))
    const outcome = await waitForPod(context, pod, wait)
    return { node: node.name, pod, outcome, ...(outcome.failure ? { failure: outcome.failure } : {}) }
  } catch (failure) {
    context.signal.throwIfAborted()
    return { node: node.name, ...(pod ? { pod } : {}), failure }
  }
}
