import { LABEL_KIND, LABEL_REPLICA, LABEL_RUN } from '../../core/names.ts'

/**
 * What counts as a change of the cluster, and what only ticks. Someone who reads that something changed goes and looks: what
 * changes by itself, on an idle cluster, is left out.
 */

/** Lists below `cluster-resources/` that are not looked at. */
const UNCOUNTED_FOLDERS: ReadonlySet<string> = new Set([
  // signs of life, and what happened rather than what is
  'events',
  'leases',
  // pods' addresses: they follow from Services and pods
  'endpoints',
  'endpointslices',
  // made and swept by the cluster itself as nodes renew certificates and pods move
  'certificatesigningrequests',
  'volumeattachments',
  'csistoragecapacities',
  'controllerrevisions',
  'pod-metrics',
  'node-metrics',
  // no lists of objects
  'auth-cani-list',
  'image-pull-secrets',
  'groups',
  'resources',
  'license',
])

/** Kinds that are not looked at wherever they lie; a kind with a group is one of custom resources. */
const UNCOUNTED_KINDS: ReadonlySet<string> = new Set([
  'Event',
  'Lease',
  'Endpoints',
  'EndpointSlice',
  'CertificateSigningRequest',
  'VolumeAttachment',
  'ComponentStatus',
  // revisions of what has a spec of its own
  'ControllerRevision',
  // free space, measured again and again
  'CSIStorageCapacity',
  'PodMetrics',
  'NodeMetrics',
  // addresses and identities of pods, kept by networks
  'CiliumEndpoint.cilium.io',
  'CiliumIdentity.cilium.io',
  'IPAMBlock.crd.projectcalico.org',
  'IPAMHandle.crd.projectcalico.org',
  'BlockAffinity.crd.projectcalico.org',
])

/** Groups whose objects are findings that scanners write again and again. */
const UNCOUNTED_GROUPS: ReadonlySet<string> = new Set(['wgpolicyk8s.io', 'reports.kyverno.io', 'aquasecurity.github.io'])

/** Objects that the cluster makes, by kind and name. */
const UNCOUNTED_NAMES: ReadonlySet<string> = new Set([
  'ConfigMap/kube-root-ca.crt',
  'ConfigMap/openshift-service-ca.crt',
  'ConfigMap/istio-ca-root-cert',
  // holds the time of the last look
  'ConfigMap/cluster-autoscaler-status',
])

/** Annotations that controllers and clients keep for themselves. All others count, and so do labels. */
const UNCOUNTED_ANNOTATIONS: ReadonlySet<string> = new Set([
  // the object once more
  'kubectl.kubernetes.io/last-applied-configuration',
  'objectset.rio.cattle.io/applied',
  // signs of life
  'control-plane.alpha.kubernetes.io/leader',
  'endpoints.kubernetes.io/last-change-trigger-time',
  'autoscaling.alpha.kubernetes.io/conditions',
  'autoscaling.alpha.kubernetes.io/current-metrics',
  'kubernetes.io/config.seen',
  'node.alpha.kubernetes.io/ttl',
  'reconcile.fluxcd.io/requestedAt',
  'argocd.argoproj.io/refresh',
  // counters of what is told by the spec
  'deployment.kubernetes.io/revision',
  'deprecated.daemonset.template.generation',
])

/** Members of an object that are not its spec, nor what stands for one: data, rules, subjects, webhooks and so on. */
const UNCOUNTED_MEMBERS: ReadonlySet<string> = new Set(['kind', 'apiVersion', 'metadata', 'status'])

/** Members of one kind that are kept by controllers. */
const UNCOUNTED_MEMBERS_OF: Readonly<Record<string, ReadonlySet<string>>> = {
  // tokens of its own
  ServiceAccount: new Set(['secrets']),
}

/** On what runs of ours create, and on their records. */
const OUR_LABELS: ReadonlySet<string> = new Set([LABEL_KIND, LABEL_RUN, LABEL_REPLICA])

const hasGroupOf = (type: string) => UNCOUNTED_GROUPS.has(type.slice(type.indexOf('.') + 1))

export const isCountedFolder = (folder: string): boolean => !UNCOUNTED_FOLDERS.has(folder)
export const isCountedType = (type: string): boolean => !UNCOUNTED_KINDS.has(type) && !hasGroupOf(type)
export const isCountedName = (type: string, name: string): boolean => !UNCOUNTED_NAMES.has(`${type}/${name}`)
export const isCountedAnnotation = (key: string): boolean => !UNCOUNTED_ANNOTATIONS.has(key)
export const isOurLabel = (key: string): boolean => OUR_LABELS.has(key)
export const isCountedMember = (type: string, key: string): boolean =>
  !UNCOUNTED_MEMBERS.has(key) && !UNCOUNTED_MEMBERS_OF[type]?.has(key)

/**
 * What a kind is called: `Deployment`, or with its group if that is not one of Kubernetes' own, where two may have one name.
 */
export function typeOf(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf('/')
  const group = slash === -1 ? '' : apiVersion.slice(0, slash)
  return group.includes('.') && !group.endsWith('.k8s.io') ? `${kind}.${group}` : kind
}
