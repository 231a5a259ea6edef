import { type Resource, resourcePath } from './path.ts'

/** An object as a manifest has it. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace?: string
    generation?: number
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  [field: string]: unknown
}

export interface AppliedKind {
  kind: string
  apiVersion: string
  plural: string
  isNamespaced: boolean
}

const CORE = 'v1'
const RBAC = 'rbac.authorization.k8s.io/v1'
const POLICY = 'admissionregistration.k8s.io/v1'

/**
 * The kinds of our manifests, in the order in which they are applied: what others need comes first, what starts pods last.
 * A table and no discovery: another kind in a manifest is a mistake.
 */
export const APPLIED_KINDS: readonly AppliedKind[] = [
  { kind: 'Namespace', apiVersion: CORE, plural: 'namespaces', isNamespaced: false },
  { kind: 'ServiceAccount', apiVersion: CORE, plural: 'serviceaccounts', isNamespaced: true },
  { kind: 'ClusterRole', apiVersion: RBAC, plural: 'clusterroles', isNamespaced: false },
  { kind: 'ClusterRoleBinding', apiVersion: RBAC, plural: 'clusterrolebindings', isNamespaced: false },
  { kind: 'Role', apiVersion: RBAC, plural: 'roles', isNamespaced: true },
  { kind: 'RoleBinding', apiVersion: RBAC, plural: 'rolebindings', isNamespaced: true },
  { kind: 'ConfigMap', apiVersion: CORE, plural: 'configmaps', isNamespaced: true },
  { kind: 'Service', apiVersion: CORE, plural: 'services', isNamespaced: true },
  { kind: 'NetworkPolicy', apiVersion: 'networking.k8s.io/v1', plural: 'networkpolicies', isNamespaced: true },
  { kind: 'PodDisruptionBudget', apiVersion: 'policy/v1', plural: 'poddisruptionbudgets', isNamespaced: true },
  { kind: 'ValidatingAdmissionPolicy', apiVersion: POLICY, plural: 'validatingadmissionpolicies', isNamespaced: false },
  {
    kind: 'ValidatingAdmissionPolicyBinding',
    apiVersion: POLICY,
    plural: 'validatingadmissionpolicybindings',
    isNamespaced: false,
  },
  { kind: 'Deployment', apiVersion: 'apps/v1', plural: 'deployments', isNamespaced: true },
  { kind: 'StatefulSet', apiVersion: 'apps/v1', plural: 'statefulsets', isNamespaced: true },
]

/** Throws TypeError for a kind that is not in the table. */
export function kindOf({ kind, apiVersion }: Pick<KubeObject, 'kind' | 'apiVersion'>): AppliedKind {
  const found = APPLIED_KINDS.find((one) => one.kind === kind && one.apiVersion === apiVersion)
  if (!found) throw new TypeError(`${apiVersion} ${kind} is not a kind of our manifests`)
  return found
}

/** Group and version of an apiVersion; the core group is none. */
export function groupOf(apiVersion: string): Pick<Resource, 'group' | 'version'> {
  const [first = '', second] = apiVersion.split('/')
  return second === undefined ? { group: undefined, version: first } : { group: first, version: second }
}

/** Where all objects of a kind are: in one namespace, or everywhere. */
export const collectionPath = (kind: AppliedKind, namespace?: string): string =>
  resourcePath({ ...groupOf(kind.apiVersion), namespace: kind.isNamespaced ? namespace : undefined, plural: kind.plural })

/** Where the object is on the server. */
export function objectPath(object: KubeObject): string {
  const kind = kindOf(object)
  const namespace = kind.isNamespaced ? object.metadata.namespace : undefined
  return resourcePath({ ...groupOf(object.apiVersion), namespace, plural: kind.plural, name: object.metadata.name })
}

/** `deployment.apps/name`, as kubectl names an object. */
export function objectName({ apiVersion, kind, metadata }: KubeObject): string {
  const { group } = groupOf(apiVersion)
  return `${kind.toLowerCase()}${group === undefined ? '' : `.${group}`}/${metadata.name}`
}

/** In the order of the table; what is of one kind stays as it was. */
export function inApplyOrder(objects: readonly KubeObject[]): KubeObject[] {
  const rank = (object: KubeObject) => APPLIED_KINDS.indexOf(kindOf(object))
  return objects.toSorted((a, b) => rank(a) - rank(b))
}
