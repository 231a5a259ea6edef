import { fail } from '../../core/errors.ts'
import { type KubeObject, kindOf } from '../../core/kube/apply-kinds.ts'
import type { ImageEntry } from './composition.ts'

interface Subject {
  kind: string
  name: string
  namespace?: string
}
interface Container {
  image: string
}
interface Workload extends KubeObject {
  spec: { strategy?: unknown; template: { spec: { containers: Container[]; volumes: { name: string }[] } } }
}
interface Port {
  port: number
  protocol: string
}
interface EgressRule {
  to?: unknown[]
  ports: Port[]
}

/** The label by which later versions know what this CLI applied. */
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'kubectl-support-bundle-schedule' } as const
export const MANAGED_SELECTOR = 'app.kubernetes.io/managed-by=kubectl-support-bundle-schedule'
/** Of all objects of our manifests, whoever applied them. */
export const PART_SELECTOR = 'app.kubernetes.io/part-of=support-bundle-schedule'

const WORKLOADS: readonly string[] = ['Deployment', 'StatefulSet']
export const isWorkload = (object: KubeObject): object is Workload => WORKLOADS.includes(object.kind)

/** Puts all namespaced objects, the ServiceAccounts that bindings name, and a Namespace itself, under one name. */
export function withNamespace(objects: readonly KubeObject[], namespace: string): KubeObject[] {
  return objects.map((object) => {
    const isThere = kindOf(object).isNamespaced
    const named = object.kind === 'Namespace' ? { name: namespace } : {}
    const metadata = { ...object.metadata, ...(isThere ? { namespace } : named) }
    const subjects = object['subjects'] as Subject[] | undefined
    if (!subjects) return { ...object, metadata }
    const moved = subjects.map((one) => (one.kind === 'ServiceAccount' ? { ...one, namespace } : one))
    return { ...object, metadata, subjects: moved }
  })
}

/** Gives containers whose image has the name of an entry that entry's image. */
export function withImages(objects: readonly KubeObject[], entries: readonly ImageEntry[]): KubeObject[] {
  return withEachImage(objects, (image) => {
    const entry = entries.find(({ name }) => image === name || image.startsWith(`${name}:`) || image.startsWith(`${name}@`))
    return entry ? `${entry.newName}:${entry.newTag}` : image
  })
}

/** All containers run our one image. */
export const withImage = (objects: readonly KubeObject[], image: string): KubeObject[] => withEachImage(objects, () => image)

/** The image of the agent. */
export const imageOf = (objects: readonly KubeObject[]): string | undefined =>
  objects.find(isWorkload)?.spec.template.spec.containers[0]?.image

function withEachImage(objects: readonly KubeObject[], change: (image: string) => string): KubeObject[] {
  return objects.map((object) => {
    if (!isWorkload(object)) return object
    const copy = structuredClone(object)
    for (const container of copy.spec.template.spec.containers) container.image = change(container.image)
    return copy
  })
}

/** Adds labels to all objects; pods and selectors keep theirs, so that nothing restarts for it. */
export const withLabels = (objects: readonly KubeObject[], labels: Readonly<Record<string, string>>): KubeObject[] =>
  objects.map((object) => ({ ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } }))

/** Adds annotations to the objects of one kind. */
export const annotated = (
  objects: readonly KubeObject[],
  isMeant: (object: KubeObject) => boolean,
  annotations: Readonly<Record<string, string>>,
): KubeObject[] =>
  objects.map((object) =>
    isMeant(object)
      ? { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } }
      : object,
  )

/** The port of an API server that does not listen at 443; nothing else is reached through it. */
const API_PORT = 6443

/**
 * Narrows where the agent may find an API server: at these networks only, by both ports. By 443 bundles are delivered too, so
 * that it stays open to elsewhere.
 */
export function narrowedTo(objects: readonly KubeObject[], cidrs: readonly string[]): KubeObject[] {
  if (cidrs.length === 0) return [...objects]
  return objects.map((object) => {
    const spec = object['spec'] as { egress?: EgressRule[] } | undefined
    const isOpen = (rule: EgressRule) => rule.ports.some(({ port }) => port === API_PORT)
    if (object.kind !== 'NetworkPolicy' || !spec?.egress?.some(isOpen)) return object
    const egress = spec.egress.flatMap((rule) => {
      if (!isOpen(rule)) return [rule]
      const others = rule.ports.filter(({ port }) => port !== API_PORT)
      return [
        { ...rule, ports: others },
        { to: cidrs.map((cidr) => ({ ipBlock: { cidr } })), ports: rule.ports },
      ]
    })
    return { ...object, spec: { ...spec, egress } }
  })
}

/** The settings of an agent that serves the one namespace that it is in. */
export function servingItself(objects: readonly KubeObject[], from: string, to: string): KubeObject[] {
  return objects.map((object) => {
    if (object.kind !== 'ConfigMap') return object
    const data = object['data'] as Record<string, string>
    const change = (text: string) => text.replace(`namespaces: [${from}]`, `namespaces: [${to}]`)
    return { ...object, data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, change(text)])) }
  })
}

interface Operation {
  op: string
  path: string
  value: unknown
}

/**
 * A Deployment as a StatefulSet whose volume "work" is a claim. `operations`: what manifests/durable-outbox adds, whose paths
 * are plain ones.
 */
export function asStatefulSet(objects: readonly KubeObject[], operations: readonly Operation[]): KubeObject[] {
  return objects.map((object) => {
    if (object.kind !== 'Deployment' || !isWorkload(object)) return object
    const copy = structuredClone(object)
    delete copy.spec.strategy
    const pod = copy.spec.template.spec
    pod.volumes = pod.volumes.filter(({ name }) => name !== 'work')
    for (const operation of operations) set(copy, operation)
    return copy
  })
}

function set(object: object, { op, path, value }: Operation): void {
  const keys = path.split('/').slice(1)
  const last = keys.pop()
  if (!['add', 'replace'].includes(op) || last === undefined) throw fail('INTERNAL', { reason: `patch ${op} ${path}` })
  let node = object as Record<string, unknown>
  for (const key of keys) node = node[key] as Record<string, unknown>
  node[last] = value
}
