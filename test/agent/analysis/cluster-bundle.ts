import type { Files } from './run-analyzer.ts'

const list = (kind: string, items: object[]) => ({
  kind: `${kind}List`,
  apiVersion: 'v1',
  metadata: { resourceVersion: '1' },
  items,
})
const named = (name: string, namespace = 'shop', more: object = {}) => ({ name, namespace, ...more })
const ended = (reason: string, exitCode: number, message?: string) => ({ terminated: { reason, exitCode, message } })

const pod = (name: string, phase: string, status: object, spec: object = {}, meta: object = {}) => ({
  kind: 'Pod',
  metadata: named(name, 'shop', { uid: `uid-${name}`, labels: { app: name }, ...meta }),
  spec: { nodeName: 'n1', containers: [{ name: 'c' }], ...spec },
  status: { phase, podIP: '10.0.0.9', ...status },
})
const running = { name: 'c', ready: true, restartCount: 0, state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }
const ready = [{ type: 'Ready', status: 'True' }]

const pods = [
  pod('fine', 'Running', { containerStatuses: [running], conditions: ready }),
  pod('unready', 'Running', { containerStatuses: [{ ...running, ready: false }] }),
  pod('crashing', 'Running', {
    containerStatuses: [
      {
        name: 'c',
        ready: false,
        restartCount: 7,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
        lastState: ended('OOMKilled', 137, 'no memory'),
      },
    ],
  }),
  pod('crashed-silent', 'Running', {
    containerStatuses: [
      {
        name: 'c',
        ready: false,
        restartCount: 2,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: ended('Error', 3),
      },
    ],
  }),
  pod('done', 'Succeeded', { containerStatuses: [{ name: 'c', ready: false, restartCount: 0, state: ended('Completed', 0) }] }),
  pod('broken', 'Failed', {
    containerStatuses: [{ name: 'c', ready: false, restartCount: 0, state: { terminated: { exitCode: 1, signal: 9 } } }],
  }),
  pod('evicted', 'Failed', { reason: 'Evicted', message: 'low on disk' }),
  pod('waiting', 'Pending', { conditions: [{ type: 'PodScheduled', status: 'False', message: 'no node fits' }] }),
  pod('pulling', 'Pending', {
    containerStatuses: [{ name: 'c', ready: false, restartCount: 0, state: { waiting: { reason: 'ImagePullBackOff' } } }],
  }),
  pod(
    'init-error',
    'Pending',
    {
      initContainerStatuses: [
        { name: 'i', ready: false, restartCount: 1, state: ended('Error', 1), lastState: ended('Error', 1, 'init said') },
      ],
    },
    { initContainers: [{ name: 'i' }] },
  ),
  pod(
    'init-first',
    'Pending',
    { initContainerStatuses: [{ name: 'i', ready: false, restartCount: 0, state: { waiting: { reason: 'PodInitializing' } } }] },
    { initContainers: [{ name: 'i' }, { name: 'j' }] },
  ),
  pod(
    'sidecar',
    'Running',
    {
      initContainerStatuses: [{ name: 'i', ready: true, restartCount: 0, state: { running: {} } }],
      containerStatuses: [running],
      conditions: ready,
    },
    { initContainers: [{ name: 'i', restartPolicy: 'Always' }] },
  ),
  pod(
    'sidecar-first',
    'Pending',
    {
      initContainerStatuses: [
        { name: 'i', ready: true, restartCount: 0, state: { running: {} } },
        { name: 'j', ready: false, restartCount: 0, state: ended('Error', 2) },
      ],
    },
    { initContainers: [{ name: 'i', restartPolicy: 'Always' }, { name: 'j' }] },
  ),
  pod('half-gone', 'Running', {
    containerStatuses: [running, { name: 'd', ready: false, restartCount: 0, state: ended('Completed', 0) }],
    conditions: [{ type: 'Ready', status: 'False' }],
  }),
  pod('leaving', 'Running', { containerStatuses: [running] }, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  pod('half-done', 'Running', {
    containerStatuses: [running, { name: 'd', ready: false, restartCount: 0, state: ended('Completed', 0) }],
    conditions: ready,
  }),
]

const event = (reason: string, kind: string, name: string, message: string, type = 'Warning') => ({
  metadata: named(`${name}.1`),
  type,
  reason,
  message,
  involvedObject: { kind, name, namespace: 'shop' },
})

const workload = (name: string, spec: object, status: object, meta: object = {}) => ({
  metadata: named(name, 'shop', meta),
  spec,
  status,
})

const node = (
  name: string,
  more: {
    labels?: object
    capacity?: object
    allocatable?: object
    taints?: object[]
    provider?: string
    ready?: string
    arch?: string
  },
) => ({
  metadata: { name, labels: { 'kubernetes.io/hostname': name, zone: 'a', ...more.labels } },
  spec: { providerID: more.provider, taints: more.taints },
  status: {
    capacity: { cpu: '4', memory: '16Gi', pods: '110', 'ephemeral-storage': '100Gi', ...more.capacity },
    allocatable: { cpu: '3900m', memory: '15Gi', pods: '110', 'ephemeral-storage': '90Gi', ...more.allocatable },
    conditions: [{ type: 'Ready', status: more.ready ?? 'True' }],
    nodeInfo: { architecture: more.arch ?? 'amd64', containerRuntimeVersion: 'containerd://1.7.2', osImage: 'Debian' },
  },
})

const certificate = (name: string, isValid: boolean, notAfter: string) => ({
  certificate: name,
  isValid,
  notAfter,
  subject: 'CN=x',
})

/** A bundle with something of everything that analyzers of the cluster look at. */
export const CLUSTER_FILES: Files = {
  'cluster-info/cluster_version.json': { info: { major: '1', minor: '34' }, string: 'v1.34.4' },
  'cluster-resources/pods/shop.json': list('Pod', pods),
  'cluster-resources/events/shop.json': list('Event', [
    event('FailedMount', 'Pod', 'pulling', 'cannot pull image'),
    event('Failed', 'Pod', 'pulling', 'ErrImagePull'),
    event('Pulled', 'Pod', 'pulling', 'pulled', 'Normal'),
    event('Unhealthy', 'Pod', 'unready', 'Readiness probe failed: <refused> & "gone"'),
    event('ScalingReplicaSet', 'Deployment', 'web', 'scaled', 'Normal'),
  ]),
  'cluster-resources/deployments/shop.json': list('Deployment', [
    workload('web', { replicas: 3 }, { replicas: 3, readyReplicas: 2, availableReplicas: 2 }),
    workload('api', { replicas: 1 }, { replicas: 1, readyReplicas: 1, availableReplicas: 1 }),
    workload('off', { replicas: 0 }, {}),
  ]),
  'cluster-resources/statefulsets/shop.json': list('StatefulSet', [
    workload('db', { replicas: 2 }, { replicas: 2, readyReplicas: 1 }),
    workload('queue', { replicas: 1 }, { replicas: 1, readyReplicas: 1 }),
  ]),
  'cluster-resources/replicasets/shop.json': list('ReplicaSet', [
    workload('web-1', { replicas: 3 }, { replicas: 3, readyReplicas: 2, availableReplicas: 2 }, { labels: { app: 'web' } }),
    workload('api-1', { replicas: 1 }, { replicas: 1, readyReplicas: 1, availableReplicas: 1 }, { labels: { app: 'api' } }),
    workload('one', {}, { availableReplicas: 1 }, { labels: { app: 'one' } }),
  ]),
  'cluster-resources/jobs/shop.json': list('Job', [
    workload('good', { completions: 1 }, { succeeded: 1 }),
    workload('bad', { completions: 1 }, { failed: 3 }),
    workload('going', { completions: 2 }, { succeeded: 1 }),
  ]),
  'cluster-resources/ingress/shop.json': list('Ingress', [{ metadata: named('front') }]),
  'cluster-resources/configmaps/shop.json': list('ConfigMap', [
    { metadata: named('settings'), data: { size: '5Gi', mode: 'fast\nmode', lines: 'a: 1\nb: 2' } },
  ]),
  'cluster-resources/pvcs/shop.json': list('PersistentVolumeClaim', [
    {
      metadata: named('data'),
      spec: { resources: { requests: { storage: '10Gi' } }, accessModes: ['ReadWriteOnce'] },
      status: { phase: 'Bound' },
    },
  ]),
  'cluster-resources/storage-classes.json': list('StorageClass', [
    { metadata: { name: 'slow' } },
    { metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } },
  ]),
  'cluster-resources/ingress-classes.json': list('IngressClass', [{ metadata: { name: 'nginx' } }]),
  'cluster-resources/custom-resource-definitions.json': list('CustomResourceDefinition', [
    { metadata: { name: 'widgets.example.com' } },
  ]),
  'cluster-resources/nodes.json': list('Node', [
    node('n1', {
      provider: 'aws:///a',
      labels: { 'node.kubernetes.io/instance-type': 'k3s', role: 'big' },
      capacity: { cpu: '8', memory: '32Gi', 'nvidia.com/gpu': '2' },
    }),
    node('n2', {
      provider: 'aws:///b',
      labels: { zone: 'b' },
      taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }],
      arch: 'arm64',
    }),
    node('n3', { provider: 'gce:///c', ready: 'False', allocatable: { memory: '14Gi' } }),
  ]),
  'cluster-resources/resources.json': [{ groupVersion: 'apps.openshift.io/v1', resources: [] }],
  'secrets/shop/login/password.json': { namespace: 'shop', name: 'login', key: 'password', secretExists: true, keyExists: true },
  'secrets/shop/none.json': { namespace: 'shop', name: 'none', secretExists: false, keyExists: false },
  'configmaps/shop/settings.json': { namespace: 'shop', name: 'settings', configMapExists: true, keyExists: false, data: {} },
  'configmaps/shop/settings/mode.json': {
    namespace: 'shop',
    name: 'settings',
    key: 'mode',
    configMapExists: true,
    keyExists: false,
  },
  'certificates/certificates.json': [
    {
      source: { secret: 'tls', namespace: 'shop' },
      certificateChain: [certificate('tls.crt', true, '2099-01-01T00:00:00Z')],
    },
    { source: { secret: 'old', namespace: 'shop' }, certificateChain: [certificate('old.crt', false, '2000-01-01T00:00:00Z')] },
    { source: { configMap: 'ca', namespace: 'shop' }, certificateChain: [certificate('soon.crt', true, '2020-01-01T00:00:00Z')] },
  ],
  'registry/images.json': { images: { a: { exists: true }, b: { exists: false }, c: { exists: false, error: 'no route' } } },
  'result.json': { response: { status: 204, body: '', headers: {} } },
  'ping.json': { error: { message: 'refused' } },
  'postgres/pg.json': { isConnected: true, version: '15.4.0' },
  'postgres/down.json': { isConnected: false, error: 'no such host' },
  'mysql/mysql.json': { isConnected: false, error: 'access denied' },
  'redis/redis.json': { isConnected: true, version: '7.2.4' },
  'mssql/mssql.json': { isConnected: true, version: '15.0.2000.1565' },
  'clickhouse/clickhouse.json': { isConnected: true, version: '24.3.1.2672' },
  's3Status/s3Status.json': { isConnected: false, error: 'StatusCode: 403' },
  'sysctl/n1': '/proc/sys/net/ipv4/ip_forward = 1\n/proc/sys/vm/swappiness = 60\n',
  'sysctl/n2': '/proc/sys/net/ipv4/ip_forward = 0\n/proc/sys/vm/swappiness = 10\nnonsense\n',
  'node-metrics/n1.json': {
    node: { nodeName: 'n1' },
    pods: [
      {
        podRef: { name: 'db-0', namespace: 'shop' },
        volume: [
          { name: 'data', usedBytes: 90, capacityBytes: 100, pvcRef: { name: 'data-db-0', namespace: 'shop' } },
          { name: 'logs', usedBytes: 10, capacityBytes: 100, pvcRef: { name: 'logs-db-0', namespace: 'shop' } },
          { name: 'token', usedBytes: 1, capacityBytes: 2 },
        ],
      },
    ],
  },
  'data/info.json': {
    version: '1.2.3',
    count: 3,
    ratio: 0.5,
    big: 12345678,
    on: true,
    list: ['b', 'a'],
    items: [
      { name: 'x', size: 1 },
      { name: 'y', size: 2 },
    ],
    nested: { a: { b: [10, 20] } },
    empty: null,
  },
  'data/info.yaml': 'version: 1.2.3\ncount: 3\non: true\nlist: [b, a]\nnested: {a: {b: [10, 20]}}\n',
  'logs/app.log': 'starting\nversion=2.5 name=web\nERROR: disk full\n',
}
