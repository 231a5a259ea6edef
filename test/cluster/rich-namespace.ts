import type { KubeClient } from '../../core/kube/client.ts'

const meta = (name: string, more: object = {}) => ({ metadata: { name, ...more } })
const selector = { matchLabels: { app: 'web' } }
const template = { metadata: { labels: selector.matchLabels }, spec: { containers: [{ name: 'web', image: 'i' }] } }
const jobSpec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'i' }] } } }

/** One object of nearly every kind with namespaces that bundles hold, by the path below the namespace. */
const OBJECTS: [api: string, plural: string, object: object][] = [
  ['api/v1', 'services', { ...meta('web'), spec: { selector: selector.matchLabels, ports: [{ port: 80 }] } }],
  ['api/v1', 'configmaps', { ...meta('settings'), data: { mode: 'test', '10': 'ten', '9': 'nine' } }],
  ['api/v1', 'endpoints', { ...meta('outside'), subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 1 }] }] }],
  ['api/v1', 'limitranges', { ...meta('limits'), spec: { limits: [{ type: 'Pod', max: { cpu: '4' } }] } }],
  ['api/v1', 'resourcequotas', { ...meta('quota'), spec: { hard: { pods: '1000' } } }],
  ['api/v1', 'persistentvolumeclaims', { ...meta('data'), spec: claim() }],
  [
    'api/v1',
    'events',
    { ...meta('web.1'), involvedObject: { kind: 'Pod', name: 'web', namespace: '%' }, reason: 'Tested', message: 'a <b> & "c"' },
  ],
  ['apis/apps/v1', 'deployments', { ...meta('web'), spec: { selector, template } }],
  ['apis/apps/v1', 'statefulsets', { ...meta('db'), spec: { serviceName: 'db', selector, template } }],
  ['apis/apps/v1', 'daemonsets', { ...meta('agent'), spec: { selector, template } }],
  ['apis/apps/v1', 'replicasets', { ...meta('web-1'), spec: { selector, template } }],
  ['apis/batch/v1', 'jobs', { ...meta('once'), spec: jobSpec }],
  ['apis/batch/v1', 'cronjobs', { ...meta('nightly'), spec: { schedule: '0 2 * * *', jobTemplate: { spec: jobSpec } } }],
  [
    'apis/networking.k8s.io/v1',
    'ingresses',
    { ...meta('web'), spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } } },
  ],
  ['apis/networking.k8s.io/v1', 'networkpolicies', { ...meta('closed'), spec: { podSelector: {} } }],
  ['apis/policy/v1', 'poddisruptionbudgets', { ...meta('web'), spec: { minAvailable: 1, selector } }],
  [
    'apis/rbac.authorization.k8s.io/v1',
    'roles',
    { ...meta('reader'), rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  ],
  [
    'apis/rbac.authorization.k8s.io/v1',
    'rolebindings',
    { ...meta('reader'), roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' } },
  ],
  [
    'apis/discovery.k8s.io/v1',
    'endpointslices',
    { ...meta('outside-1'), addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'] }] },
  ],
  ['apis/coordination.k8s.io/v1', 'leases', { ...meta('leader'), spec: { holderIdentity: 'web-1' } }],
]

/** Fills a namespace with one object of nearly every kind. */
export async function fillRichly(client: KubeClient, namespace: string): Promise<void> {
  for (const [api, plural, object] of OBJECTS) {
    const body = JSON.parse(JSON.stringify(object).replaceAll('"%"', JSON.stringify(namespace))) as object
    await client.json({ method: 'POST', path: `/${api}/namespaces/${namespace}/${plural}`, body })
  }
}

/** A kind of one's own. Waits until the server knows it. */
export async function defineKind(
  client: KubeClient,
  kind: {
    group: string
    plural: string
    kind: string
    scope: 'Namespaced' | 'Cluster'
    versions: { name: string; served: boolean }[]
  },
): Promise<void> {
  const { group, plural, scope } = kind
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const versions = kind.versions.map((version, index) => ({ ...version, storage: index === 0, schema }))
  const names = { plural, singular: kind.kind.toLowerCase(), kind: kind.kind, listKind: `${kind.kind}List` }
  const body = { ...meta(`${plural}.${group}`), spec: { group, scope, names, versions } }
  await client.json({ method: 'POST', path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body })
  const served = kind.versions.find((version) => version.served)?.name
  for (;;) {
    const isThere = await client.json({ path: `/apis/${group}/${served}/${plural}` }).then(
      () => true,
      () => false,
    )
    if (isThere) return
    await client.clock.sleep(50)
  }
}

function claim(): object {
  return { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'none' }
}
