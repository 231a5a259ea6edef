import { join } from 'node:path'
import type { KubeObject } from '../../core/kube/apply-kinds.ts'
import { COLLECTOR_ACCOUNT, PREFIX, STORE_ACCOUNT } from '../../core/names.ts'
import { readManifests } from './composition.ts'
import { annotated, MANAGED_BY, withLabels, withNamespace } from './edits.ts'
import type { Rule } from './rules.ts'

/** What a namespace's bundles may hold or do beyond the default, if an administrator says so. */
export const ALLOWANCES = ['exec', 'pods', 'secrets'] as const
export type Allowance = (typeof ALLOWANCES)[number]

/** The namespace of jobs that collect from the whole cluster; its identities come with a ClusterRole. */
export const CLUSTER_NAMESPACE = 'support-bundle-schedule-cluster'
export const HOST_NAMESPACE = 'support-bundle-schedule-host'

/** On the collecting Role: what was allowed, so that an upgrade allows it too. */
const ANNOTATION_ALLOW = `${PREFIX}allow`
/** On objects that serve jobs of another namespace. */
export const LABEL_FOR_NAMESPACE = `${PREFIX}for-namespace`

const ALLOWED: Readonly<Record<Allowance, Rule>> = {
  // Kubernetes 1.34 asks for `get`, 1.35 for both.
  exec: { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
  pods: { apiGroups: [''], resources: ['pods'], verbs: ['create', 'delete', 'get'] },
  secrets: { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] },
}

const isCollectorRole = ({ kind, metadata }: KubeObject) => kind === 'Role' && metadata.name === COLLECTOR_ACCOUNT

/** Both identities of a namespace with their rights, as `manifests/tenant` has them, and what is allowed besides. */
export function tenantObjects(lib: string, namespace: string, allow: readonly Allowance[]): KubeObject[] {
  const folder = namespace === CLUSTER_NAMESPACE ? 'cluster-jobs' : 'tenant'
  const objects = withLabels(withNamespace(readManifests(join(lib, 'manifests', folder)), namespace), MANAGED_BY)
  if (allow.length === 0) return objects
  const more = allow.map((one) => ALLOWED[one])
  const extended = objects.map((object) =>
    isCollectorRole(object) ? { ...object, rules: [...rulesIn(object), ...more] } : object,
  )
  return annotated(extended, isCollectorRole, { [ANNOTATION_ALLOW]: allow.join(',') })
}

/** What was allowed by an earlier `install namespace`, as its collecting Role says. */
export function allowedBy(role: KubeObject | undefined): Allowance[] {
  const words = role?.metadata.annotations?.[ANNOTATION_ALLOW]?.split(',') ?? []
  return ALLOWANCES.filter((one) => words.includes(one))
}

export const rulesIn = (object: KubeObject): Rule[] => (object['rules'] as Rule[] | undefined) ?? []

export const TENANT_LABELS = {
  'app.kubernetes.io/name': 'support-bundle-schedule',
  'app.kubernetes.io/component': 'tenant',
  'app.kubernetes.io/part-of': 'support-bundle-schedule',
  ...MANAGED_BY,
}

/** A Role with its binding to a ServiceAccount; without `where`, both for the whole cluster. */
export function roleFor(
  name: string,
  where: string | undefined,
  account: { namespace: string; name: string },
  rules: readonly Rule[],
): KubeObject[] {
  const kind = where === undefined ? 'ClusterRole' : 'Role'
  const labels = { ...TENANT_LABELS, [LABEL_FOR_NAMESPACE]: account.namespace }
  const metadata = { name, ...(where === undefined ? {} : { namespace: where }), labels }
  const apiGroup = 'rbac.authorization.k8s.io'
  const apiVersion = `${apiGroup}/v1`
  return [
    { apiVersion, kind, metadata, rules },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup, kind, name },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    },
  ]
}

/** The Role that lets the store identity read upload credentials: apart from its own, which stays as the manifests have it. */
export const CREDENTIALS_ROLE = 'support-bundle-schedule-credentials'

/** `get` on Secrets by name. Never without names: a rule with an empty list of names is one for all Secrets. */
export function credentialsRole(namespace: string, secrets: readonly string[]): KubeObject[] {
  if (secrets.length === 0) throw new TypeError('a rule needs names')
  const rule = { apiGroups: [''], resources: ['secrets'], resourceNames: secrets.toSorted(), verbs: ['get'] }
  return roleFor(CREDENTIALS_ROLE, namespace, { namespace, name: STORE_ACCOUNT }, [rule])
}
