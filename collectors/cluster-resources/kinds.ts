/** One kind that is listed. */
export interface Kind {
  /** in the bundle: a folder with a file a namespace, or for kinds of the whole cluster the file */
  name: string
  kind: string
  plural: string
  /** `group/version`, `v1` for the core group; the first that the server has is used */
  apis: string[]
  isNamespaced: boolean
  /** true: a server that does not have the kind is no loss, and gets neither file nor warning */
  isOptional?: boolean
}

type Row = [name: string, kind: string, plural: string, ...apis: string[]]

/** Pods come first: there are most of them, and logs of some follow. */
const NAMESPACED: Row[] = [
  ['pods', 'Pod', 'pods', 'v1'],
  ['pod-disruption-budgets', 'PodDisruptionBudget', 'poddisruptionbudgets', 'policy/v1', 'policy/v1beta1'],
  ['services', 'Service', 'services', 'v1'],
  ['deployments', 'Deployment', 'deployments', 'apps/v1'],
  ['statefulsets', 'StatefulSet', 'statefulsets', 'apps/v1'],
  ['daemonsets', 'DaemonSet', 'daemonsets', 'apps/v1'],
  ['replicasets', 'ReplicaSet', 'replicasets', 'apps/v1'],
  ['jobs', 'Job', 'jobs', 'batch/v1'],
  ['cronjobs', 'CronJob', 'cronjobs', 'batch/v1', 'batch/v1beta1'],
  ['ingress', 'Ingress', 'ingresses', 'networking.k8s.io/v1', 'networking.k8s.io/v1beta1', 'extensions/v1beta1'],
  ['network-policy', 'NetworkPolicy', 'networkpolicies', 'networking.k8s.io/v1'],
  ['resource-quota', 'ResourceQuota', 'resourcequotas', 'v1'],
  ['limitranges', 'LimitRange', 'limitranges', 'v1'],
  ['events', 'Event', 'events', 'v1'],
  ['pvcs', 'PersistentVolumeClaim', 'persistentvolumeclaims', 'v1'],
  ['roles', 'Role', 'roles', 'rbac.authorization.k8s.io/v1'],
  ['rolebindings', 'RoleBinding', 'rolebindings', 'rbac.authorization.k8s.io/v1'],
  ['endpoints', 'Endpoints', 'endpoints', 'v1'],
  ['endpointslices', 'EndpointSlice', 'endpointslices', 'discovery.k8s.io/v1'],
  ['serviceaccounts', 'ServiceAccount', 'serviceaccounts', 'v1'],
  ['leases', 'Lease', 'leases', 'coordination.k8s.io/v1'],
  ['configmaps', 'ConfigMap', 'configmaps', 'v1'],
]

const CLUSTER_WIDE: Row[] = [
  ['storage-classes', 'StorageClass', 'storageclasses', 'storage.k8s.io/v1', 'storage.k8s.io/v1beta1'],
  ['ingress-classes', 'IngressClass', 'ingressclasses', 'networking.k8s.io/v1'],
  ['priorityclasses', 'PriorityClass', 'priorityclasses', 'scheduling.k8s.io/v1', 'scheduling.k8s.io/v1beta1'],
  ['nodes', 'Node', 'nodes', 'v1'],
  ['pvs', 'PersistentVolume', 'persistentvolumes', 'v1'],
  ['clusterroles', 'ClusterRole', 'clusterroles', 'rbac.authorization.k8s.io/v1'],
  ['clusterrolebindings', 'ClusterRoleBinding', 'clusterrolebindings', 'rbac.authorization.k8s.io/v1'],
  ['volumeattachments', 'VolumeAttachment', 'volumeattachments', 'storage.k8s.io/v1'],
  ['certificatesigningrequests', 'CertificateSigningRequest', 'certificatesigningrequests', 'certificates.k8s.io/v1'],
  [
    'validating-webhook-configurations',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
    'admissionregistration.k8s.io/v1',
  ],
  [
    'mutating-webhook-configurations',
    'MutatingWebhookConfiguration',
    'mutatingwebhookconfigurations',
    'admissionregistration.k8s.io/v1',
  ],
  [
    'custom-resource-definitions',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    'apiextensions.k8s.io/v1',
    'apiextensions.k8s.io/v1beta1',
  ],
]

/** Beyond the peer's. sbctl serves a kind from the folder that is named like its plural, and knows no other name for these. */
const MORE_NAMESPACED: Row[] = [
  ['horizontalpodautoscalers', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'autoscaling/v2', 'autoscaling/v1'],
  ['replicationcontrollers', 'ReplicationController', 'replicationcontrollers', 'v1'],
  ['controllerrevisions', 'ControllerRevision', 'controllerrevisions', 'apps/v1'],
  ['csistoragecapacities', 'CSIStorageCapacity', 'csistoragecapacities', 'storage.k8s.io/v1', 'storage.k8s.io/v1beta1'],
  // "pods" and "nodes" are taken
  ['pod-metrics', 'PodMetrics', 'pods', 'metrics.k8s.io/v1beta1'],
]

const MORE_CLUSTER_WIDE: Row[] = [
  ['runtimeclasses', 'RuntimeClass', 'runtimeclasses', 'node.k8s.io/v1', 'node.k8s.io/v1beta1'],
  ['csidrivers', 'CSIDriver', 'csidrivers', 'storage.k8s.io/v1', 'storage.k8s.io/v1beta1'],
  ['csinodes', 'CSINode', 'csinodes', 'storage.k8s.io/v1', 'storage.k8s.io/v1beta1'],
  ['apiservices', 'APIService', 'apiservices', 'apiregistration.k8s.io/v1', 'apiregistration.k8s.io/v1beta1'],
  ['flowschemas', 'FlowSchema', 'flowschemas', 'flowcontrol.apiserver.k8s.io/v1', 'flowcontrol.apiserver.k8s.io/v1beta3'],
  [
    'prioritylevelconfigurations',
    'PriorityLevelConfiguration',
    'prioritylevelconfigurations',
    'flowcontrol.apiserver.k8s.io/v1',
    'flowcontrol.apiserver.k8s.io/v1beta3',
  ],
  ['node-metrics', 'NodeMetrics', 'nodes', 'metrics.k8s.io/v1beta1'],
]

const row =
  (isNamespaced: boolean, isOptional = false) =>
  ([name, kind, plural, ...apis]: Row): Kind => ({ name, kind, plural, apis, isNamespaced, isOptional })

/** Optional ones come last: by then it is known whether the server has them. */
export const KINDS: readonly Kind[] = [
  ...NAMESPACED.map(row(true)),
  ...CLUSTER_WIDE.map(row(false)),
  ...MORE_NAMESPACED.map(row(true, true)),
  ...MORE_CLUSTER_WIDE.map(row(false, true)),
]
export const NAMESPACES: Kind = { name: 'namespaces', kind: 'Namespace', plural: 'namespaces', apis: ['v1'], isNamespaced: false }

/** `apps/v1` in its parts; the core group has no name. */
export function splitApi(api: string): { group?: string; version: string } {
  const [group, version] = api.split('/')
  return version === undefined ? { version: api } : { group: group ?? '', version }
}
