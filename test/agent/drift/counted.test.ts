import { describe, expect, it } from 'vitest'
import { changes, deployment, factsOf, type Files, type Item, item, newUid, owned, pod } from './bundle.ts'

const change = (object: Item, edit: (copy: Item) => void): Item => {
  const copy = structuredClone(object)
  edit(copy)
  return copy
}
const withMeta = (object: Item, members: object): Item => ({ ...object, metadata: { ...object.metadata, ...members } })

const CONFIG = item('ConfigMap', 'settings', { data: { color: 'red' } }, { labels: { app: 'web' } })
const NODE = withMeta(
  item('Node', 'node-1', {
    spec: { podCIDR: '10.0.0.0/24' },
    status: {
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:00Z' }],
      images: [{ names: ['web:1'], sizeBytes: 1 }],
      nodeInfo: { kubeletVersion: 'v1.34.0', bootID: 'a' },
    },
  }),
  { namespace: undefined },
)
const WEB = deployment('web')
const SET = owned(item('ReplicaSet', 'web-5d5f', { spec: { replicas: 2 } }), 'Deployment', 'web')
const POD = owned(pod('web-5d5f-abcde'), 'ReplicaSet', 'web-5d5f')
const CRON = item('CronJob', 'hourly', { spec: { schedule: '0 * * * *' }, status: { lastScheduleTime: '2026-01-01T00:00:00Z' } })
const cronRun = (name: string, state: 'Complete' | 'Failed' = 'Complete', hour = 1) =>
  owned(
    item(
      'Job',
      name,
      { spec: {}, status: { conditions: [{ type: state, status: 'True' }] } },
      { creationTimestamp: `2026-01-01T0${hour}:00:00Z`, uid: newUid() },
    ),
    'CronJob',
    'hourly',
  )
const finished = (name: string) => owned(pod(`${name}-x`, { phase: 'Succeeded', isReady: false }), 'Job', name)

const ours = (label: string) => item('ConfigMap', 'nightly.1', {}, { labels: { [`support-bundle-schedule.io/${label}`]: 'run' } })
const annotated = (key: string, value: string) => withMeta(CONFIG, { annotations: { [key]: value, kept: 'x' } })

const QUIET: readonly [what: string, before: Files, now: Files][] = [
  ['nothing', { 'pods/shop.json': [POD] }, { 'pods/shop.json': [POD] }],
  [
    'versions, generations and managed fields',
    { 'configmaps/shop.json': [withMeta(CONFIG, { generation: 1, managedFields: [{ manager: 'a', time: '1' }] })] },
    { 'configmaps/shop.json': [withMeta(CONFIG, { generation: 2, resourceVersion: '99', managedFields: [] })] },
  ],
  [
    'heartbeats, images and boots of a node',
    { 'nodes.json': [NODE] },
    {
      'nodes.json': [
        change(NODE, (copy) => {
          copy['status'] = {
            conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2027-01-01T00:00:00Z' }],
            images: [],
            nodeInfo: { kubeletVersion: 'v1.34.0', bootID: 'b' },
          }
        }),
      ],
    },
  ],
  [
    'what a controller has observed',
    { 'deployments/shop.json': [WEB] },
    {
      'deployments/shop.json': [
        change(
          WEB,
          (copy) =>
            (copy['status'] = {
              observedGeneration: 9,
              readyReplicas: 2,
              conditions: [{ type: 'Progressing', status: 'False' }],
            }),
        ),
      ],
    },
  ],
  ['events', { 'events/shop.json': [] }, { 'events/shop.json': [item('Event', 'web.17', { reason: 'Pulled' })] }],
  ['leases', { 'leases/shop.json': [] }, { 'leases/shop.json': [item('Lease', 'leader', { spec: { renewTime: '1' } })] }],
  ['endpoints', { 'endpoints/shop.json': [] }, { 'endpoints/shop.json': [item('Endpoints', 'web', { subsets: [] })] }],
  ['slices of endpoints', { 'endpointslices/shop.json': [] }, { 'endpointslices/shop.json': [item('EndpointSlice', 'web-x')] }],
  [
    'measurements',
    { 'custom-resources/x.metrics.k8s.io/shop.json': [] },
    { 'custom-resources/x.metrics.k8s.io/shop.json': [item('PodMetrics.metrics.k8s.io', 'web')] },
  ],
  [
    'findings of scanners',
    { 'custom-resources/r.wgpolicyk8s.io/shop.json': [] },
    { 'custom-resources/r.wgpolicyk8s.io/shop.json': [item('PolicyReport.wgpolicyk8s.io', 'web')] },
  ],
  ['records of ours', { 'configmaps/shop.json': [] }, { 'configmaps/shop.json': [ours('kind')] }],
  ['what a run of ours makes', { 'configmaps/shop.json': [] }, { 'configmaps/shop.json': [ours('run')] }],
  ['what we may do', { 'auth-cani-list/shop.json': '[]' }, { 'auth-cani-list/shop.json': '[{"verbs":["get"]}]' }],
  [
    'the CA that each namespace gets',
    { 'configmaps/shop.json': [] },
    { 'configmaps/shop.json': [item('ConfigMap', 'kube-root-ca.crt', { data: { 'ca.crt': 'x' } })] },
  ],
  [
    'tokens of a ServiceAccount',
    { 'serviceaccounts/shop.json': [item('ServiceAccount', 'app', { secrets: [{ name: 'app-token-1' }] })] },
    { 'serviceaccounts/shop.json': [item('ServiceAccount', 'app', { secrets: [{ name: 'app-token-2' }] })] },
  ],
  ...[
    'kubectl.kubernetes.io/last-applied-configuration',
    'control-plane.alpha.kubernetes.io/leader',
    'deployment.kubernetes.io/revision',
  ].map((key): [string, Files, Files] => [
    `the annotation ${key}`,
    { 'configmaps/shop.json': [annotated(key, '1')] },
    { 'configmaps/shop.json': [annotated(key, '2')] },
  ]),
  [
    'a pod that its ReplicaSet made anew',
    { 'deployments/shop.json': [WEB], 'replicasets/shop.json': [SET], 'pods/shop.json': [POD] },
    {
      'deployments/shop.json': [WEB],
      'replicasets/shop.json': [SET],
      'pods/shop.json': [owned(pod('web-5d5f-fghij'), 'ReplicaSet', 'web-5d5f')],
    },
  ],
  [
    'the next run of a CronJob',
    { 'cronjobs/shop.json': [CRON], 'jobs/shop.json': [cronRun('hourly-1')], 'pods/shop.json': [finished('hourly-1')] },
    {
      'cronjobs/shop.json': [change(CRON, (copy) => (copy['status'] = { lastScheduleTime: '2026-01-01T01:00:00Z' }))],
      'jobs/shop.json': [cronRun('hourly-1'), cronRun('hourly-2', 'Complete', 2)],
      'pods/shop.json': [finished('hourly-1'), finished('hourly-2')],
    },
  ],
]

const LOUD: readonly [what: string, before: Files, now: Files, lines: string[]][] = [
  [
    'an object that appeared',
    { 'configmaps/shop.json': [] },
    { 'configmaps/shop.json': [CONFIG] },
    ['+ ConfigMap shop/settings'],
  ],
  [
    'an object that is gone',
    { 'services/shop.json': [item('Service', 'web')] },
    { 'services/shop.json': [] },
    ['- Service shop/web'],
  ],
  [
    'data',
    { 'configmaps/shop.json': [CONFIG] },
    { 'configmaps/shop.json': [{ ...CONFIG, data: { color: 'blue' } }] },
    ['~ ConfigMap shop/settings: spec'],
  ],
  [
    'a label',
    { 'configmaps/shop.json': [CONFIG] },
    { 'configmaps/shop.json': [withMeta(CONFIG, { labels: { app: 'shop' } })] },
    ['~ ConfigMap shop/settings: spec'],
  ],
  [
    'an annotation that people write',
    { 'configmaps/shop.json': [annotated('owner', 'ann')] },
    { 'configmaps/shop.json': [annotated('owner', 'bob')] },
    ['~ ConfigMap shop/settings: spec'],
  ],
  [
    'rules of a role',
    { 'clusterroles.json': [withMeta(item('ClusterRole', 'r', { rules: [{ verbs: ['get'] }] }), { namespace: undefined })] },
    { 'clusterroles.json': [withMeta(item('ClusterRole', 'r', { rules: [{ verbs: ['*'] }] }), { namespace: undefined })] },
    ['~ ClusterRole r: spec'],
  ],
  [
    'an object that was made anew',
    { 'configmaps/shop.json': [CONFIG] },
    { 'configmaps/shop.json': [withMeta(CONFIG, { uid: 'other' })] },
    ['~ ConfigMap shop/settings: made anew'],
  ],
  [
    'replicas, which are no other spec',
    { 'deployments/shop.json': [WEB] },
    { 'deployments/shop.json': [deployment('web', { replicas: 3 })] },
    ['~ Deployment shop/web: replicas 2 → 3, ready 2 → 3'],
  ],
  [
    'a Deployment that is scaled to nothing',
    { 'deployments/shop.json': [WEB] },
    { 'deployments/shop.json': [deployment('web', { replicas: 0 })] },
    ['~ Deployment shop/web: replicas 2 → 0, ready 2 → 0'],
  ],
  [
    'an image',
    { 'deployments/shop.json': [WEB] },
    { 'deployments/shop.json': [deployment('web', { image: 'web:2' })] },
    ['~ Deployment shop/web: images web:1 → web:2, spec'],
  ],
  [
    'pods that are not ready',
    { 'deployments/shop.json': [WEB] },
    { 'deployments/shop.json': [deployment('web', { ready: 0 })] },
    ['~ Deployment shop/web: ready 2 → 0'],
  ],
  [
    'pods of a DaemonSet',
    { 'daemonsets/shop.json': [item('DaemonSet', 'log', { spec: {}, status: { desiredNumberScheduled: 3, numberReady: 3 } })] },
    { 'daemonsets/shop.json': [item('DaemonSet', 'log', { spec: {}, status: { desiredNumberScheduled: 4, numberReady: 3 } })] },
    ['~ DaemonSet shop/log: replicas 3 → 4'],
  ],
  [
    'restarts, told by the Deployment',
    { 'deployments/shop.json': [WEB], 'replicasets/shop.json': [SET], 'pods/shop.json': [POD] },
    {
      'deployments/shop.json': [WEB],
      'replicasets/shop.json': [SET],
      'pods/shop.json': [owned(pod('web-5d5f-abcde', { restarts: 4 }), 'ReplicaSet', 'web-5d5f')],
    },
    ['~ Deployment shop/web: restarts 0 → 4'],
  ],
  [
    'restarts, when ReplicaSets could not be listed',
    { 'deployments/shop.json': [WEB], 'pods/shop.json': [POD] },
    {
      'deployments/shop.json': [WEB],
      'pods/shop.json': [owned(pod('web-5d5f-abcde', { restarts: 4 }), 'ReplicaSet', 'web-5d5f')],
    },
    ['~ Deployment shop/web: restarts 0 → 4'],
  ],
  [
    'a pod of its own',
    { 'pods/shop.json': [pod('db')] },
    { 'pods/shop.json': [pod('db', { isReady: false, restarts: 1, image: 'db:2' })] },
    ['~ Pod shop/db: images web:1 → db:2, spec, state Running, Ready → Running, not Ready, ready 1 → 0, restarts 0 → 1'],
  ],
  [
    'pods of a controller of another kind',
    { 'pods/shop.json': [owned(pod('a'), 'Rollout', 'web')] },
    { 'pods/shop.json': [owned(pod('a'), 'Rollout', 'web'), owned(pod('b', { isReady: false }), 'Rollout', 'web')] },
    ['~ Rollout shop/web: replicas 1 → 2'],
  ],
  [
    'a static pod, whose owner is its node',
    { 'pods/shop.json': [owned(pod('etcd-node-1'), 'Node', 'node-1')] },
    { 'pods/shop.json': [] },
    ['- Pod shop/etcd-node-1'],
  ],
  [
    'a CronJob whose last run failed',
    { 'cronjobs/shop.json': [CRON], 'jobs/shop.json': [cronRun('hourly-1')] },
    { 'cronjobs/shop.json': [CRON], 'jobs/shop.json': [cronRun('hourly-2', 'Failed', 2), cronRun('hourly-1')] },
    ['~ CronJob shop/hourly: state last Job: Complete → last Job: Failed'],
  ],
  [
    'a node that is not ready any more, of another version',
    { 'nodes.json': [NODE] },
    {
      'nodes.json': [
        change(
          NODE,
          (copy) =>
            (copy['status'] = {
              conditions: [
                { type: 'Ready', status: 'Unknown' },
                { type: 'DiskPressure', status: 'True' },
              ],
              nodeInfo: { kubeletVersion: 'v1.35.0' },
            }),
        ),
      ],
    },
    ['~ Node node-1: state Ready, v1.34.0 → not Ready, DiskPressure, v1.35.0'],
  ],
  [
    'a claim that is bound',
    { 'pvcs/shop.json': [item('PersistentVolumeClaim', 'data', { status: { phase: 'Pending' } })] },
    { 'pvcs/shop.json': [item('PersistentVolumeClaim', 'data', { status: { phase: 'Bound' } })] },
    ['~ PersistentVolumeClaim shop/data: state Pending → Bound'],
  ],
  [
    'an object that is being deleted',
    { 'configmaps/shop.json': [CONFIG] },
    { 'configmaps/shop.json': [withMeta(CONFIG, { deletionTimestamp: '2026-01-01T00:00:00Z' })] },
    ['~ ConfigMap shop/settings: state none → being deleted'],
  ],
  [
    'a custom resource, with its group',
    {
      'custom-resources/certs.example.com/shop.json': [
        item('Cert.example.com', 'web', { status: { conditions: [{ type: 'Ready', status: 'True' }] } }),
      ],
    },
    {
      'custom-resources/certs.example.com/shop.json': [
        item('Cert.example.com', 'web', { status: { conditions: [{ type: 'Ready', status: 'False' }] } }),
      ],
    },
    ['~ Cert.example.com shop/web: state Ready → not Ready'],
  ],
  [
    'a namespace that was opted in, which is not ours',
    { 'namespaces.json': [withMeta(item('Namespace', 'shop'), { namespace: undefined })] },
    {
      'namespaces.json': [
        withMeta(item('Namespace', 'shop'), { namespace: undefined, labels: { 'support-bundle-schedule.io/kind': 'x' } }),
      ],
    },
    ['~ Namespace shop: spec'],
  ],
]

describe('what only ticks is no change:', () => {
  it.each(QUIET)('%s', (_, before, now) => {
    expect(changes(before, now)).toEqual([])
    expect(changes(now, before)).toEqual([])
  })
})

it('restarts that are gone with their pod are no change', () => {
  const restarted = owned(pod('web-5d5f-a', { restarts: 5 }), 'ReplicaSet', 'web-5d5f')
  const before = { 'deployments/shop.json': [WEB], 'pods/shop.json': [restarted] }
  expect(changes(before, { ...before, 'pods/shop.json': [POD] })).toEqual([])
})

describe('what is read of an object', () => {
  const readOf = (files: Files, folder: string, name: string) => factsOf(files).lists.objects(folder, 'shop').get(name)

  it('are its images, those of containers alone, sorted', () => {
    const containers = [{ image: 'b:1' }, { image: 'a:1' }, { image: 'b:1' }]
    const two = item('Deployment', 'web', { spec: { template: { spec: { containers } } } })
    expect(readOf({ 'deployments/shop.json': [two] }, 'deployments', 'Deployment/web')?.images).toEqual(['a:1', 'b:1'])
    expect(readOf({ 'pods/shop.json': [pod('db')] }, 'pods', 'Pod/db')?.images).toEqual(['web:1'])
  })

  it('is all of it, however large', () => {
    const large = (first: string) => ({
      'configmaps/shop.json': [item('ConfigMap', 'a', { data: { a: first + 'x'.repeat(300_000) } })],
    })
    expect(changes(large('a'), large('a'))).toEqual([])
    expect(changes(large('a'), large('b'))).toEqual(['~ ConfigMap shop/a: spec'])
  })
})

describe('what is told by its controller', () => {
  const numbers = (files: Files, folder: string, name: string) => {
    const { replicas, ready, restarts, images } = factsOf(files).lists.objects(folder, 'shop').get(name) ?? {}
    return { replicas, ready, restarts, images }
  }
  const restarted = (name: string, owner: string, restarts: number, image = 'web:1') =>
    owned(pod(name, { restarts, image }), 'ReplicaSet', owner)
  const older = owned(item('ReplicaSet', 'web-77aa', { spec: { replicas: 1 } }), 'Deployment', 'web')

  it('are the pods of all its ReplicaSets', () => {
    const files = {
      'deployments/shop.json': [WEB],
      'replicasets/shop.json': [SET, older],
      'pods/shop.json': [restarted('a', 'web-5d5f', 1), restarted('b', 'web-77aa', 2)],
    }
    expect(numbers(files, 'deployments', 'Deployment/web')).toEqual({ replicas: 2, ready: 2, restarts: 3, images: ['web:1'] })
    expect(factsOf(files).lists.names('replicasets', 'shop')).toEqual([])
  })

  it('are the pods of a kind that says nothing of them, without those that are done', () => {
    const rollout = (name: string, change: object) => owned(pod(name, change), 'Rollout', 'web')
    const pods = [
      rollout('a', {}),
      rollout('b', { image: 'web:2', isReady: false }),
      rollout('c', { phase: 'Succeeded', restarts: 9 }),
    ]
    const told = { replicas: 2, ready: 1, restarts: 0, images: ['web:1', 'web:2'] }
    expect(numbers({ 'pods/shop.json': pods }, 'pods', 'Rollout/web')).toEqual(told)
  })

  it('is no ReplicaSet of its own that is named like one of a Deployment', () => {
    const alone = item('ReplicaSet', 'web-5d5f', { spec: { replicas: 1 } })
    const files = {
      'deployments/shop.json': [WEB],
      'replicasets/shop.json': [alone],
      'pods/shop.json': [restarted('a', 'web-5d5f', 7)],
    }
    expect(numbers(files, 'deployments', 'Deployment/web').restarts).toBeUndefined()
    expect(numbers(files, 'replicasets', 'ReplicaSet/web-5d5f').restarts).toBe(7)
  })

  it('is nothing of pods whose Job was not listed', () => {
    const files = { 'pods/shop.json': [owned(pod('a'), 'Job', 'hourly-1')] }
    expect(factsOf(files).lists.names('pods', 'shop')).toEqual([])
  })

  it('are the restarts of a Job alone, and nothing of the pods of a CronJob', () => {
    const once = item('Job', 'once', { spec: {} })
    const files = {
      'cronjobs/shop.json': [CRON],
      'jobs/shop.json': [once, cronRun('hourly-1')],
      'pods/shop.json': [owned(pod('a', { restarts: 3 }), 'Job', 'once'), owned(pod('b', { restarts: 4 }), 'Job', 'hourly-1')],
    }
    expect(numbers(files, 'jobs', 'Job/once')).toEqual({ restarts: 3 })
    expect(numbers(files, 'cronjobs', 'CronJob/hourly')).toEqual({})
  })

  it('is no pod whose owner is no controller', () => {
    const metadata = { ownerReferences: [{ apiVersion: 'v1', kind: 'Deployment', name: 'web', uid: 'x' }] }
    expect(numbers({ 'pods/shop.json': [withMeta(pod('db'), metadata)] }, 'pods', 'Pod/db').replicas).toBe(1)
  })
})

describe('what is a change:', () => {
  it.each(LOUD)('%s', (_, before, now, lines) => {
    expect(changes(before, now)).toEqual(lines)
  })
})
