import { KINDS, splitApi } from '../../collectors/cluster-resources/kinds.ts'
import type { FakeCluster } from '../../core/testkit/index.ts'
import { aSecret } from './helm/releases.ts'

/** Parts of a pod that a test sets itself. */
export interface APod {
  name: string
  namespace?: string
  labels?: Record<string, string>
  containers?: string[]
  initContainers?: object[]
  status?: object
}

/** A pod that runs well, unless its status says something else. */
export function aPod({
  name,
  namespace = 'payments',
  labels = { app: 'web' },
  containers = ['web'],
  initContainers,
  status,
}: APod) {
  const running = containers.map((container) => ({
    name: container,
    ready: true,
    state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
    lastState: {},
  }))
  return {
    metadata: { name, namespace, labels },
    spec: { containers: containers.map((container) => ({ name: container })), ...(initContainers ? { initContainers } : {}) },
    status: { phase: 'Running', containerStatuses: running, ...status },
  }
}

/** The status of a pod whose container `web` has ended and waits for its next start. */
export const CRASHED = {
  containerStatuses: [
    {
      name: 'web',
      ready: false,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    },
  ],
}

/** Every kind that is listed, without objects. */
export const noObjects: Record<string, object[]> = Object.fromEntries(
  [...KINDS.map(({ apis, plural }) => [apis[0] ?? '', plural]), ['v1', 'namespaces'], ['v1', 'secrets']].map(
    ([api = '', plural]) => [`/${api.includes('/') ? 'apis' : 'api'}/${api}/${plural}`, []],
  ),
)

/** Discovery of a server that has every kind that is listed, in its newest version, but not those of some groups. */
export function discovery(without: readonly string[] = []): Record<string, object> {
  const apis = [...new Set(KINDS.map(({ apis: [newest = ''] }) => newest))].filter(
    (api) => !without.includes(splitApi(api).group ?? ''),
  )
  const list = (api: string) => ({
    kind: 'APIResourceList',
    groupVersion: api,
    resources: KINDS.filter(({ apis: [newest] }) => newest === api).map(({ plural, kind }) => ({ name: plural, kind })),
  })
  const groups = apis.flatMap((api) => {
    const { group: name, version } = splitApi(api)
    return name === undefined ? [] : [{ name, versions: [{ groupVersion: api, version }] }]
  })
  return {
    '/api': { versions: ['v1'] },
    '/apis': { groups },
    ...Object.fromEntries(apis.map((api) => [`/${api.includes('/') ? 'apis' : 'api'}/${api}`, list(api)])),
  }
}

/** A cluster with one namespace of an application in it. */
export const payments: FakeCluster = {
  objects: {
    ...noObjects,
    '/api/v1/namespaces': [{ metadata: { name: 'payments' } }, { metadata: { name: 'empty' } }],
    '/api/v1/nodes': [{ metadata: { name: 'node-1' } }],
    '/api/v1/pods': [aPod({ name: 'web-1' }), aPod({ name: 'web-2', status: CRASHED })],
    '/api/v1/configmaps': [
      { metadata: { name: 'settings', namespace: 'payments', labels: { app: 'web' } }, data: { mode: 'production', empty: '' } },
    ],
    '/api/v1/secrets': [
      {
        metadata: { name: 'db', namespace: 'payments', labels: { app: 'web' } },
        data: { password: 'aHVudGVyMg==' },
        type: 'Opaque',
      },
      aSecret({ namespace: 'payments' }),
      { metadata: { name: 'replicated-support-metadata', namespace: 'payments' }, data: { version: 'MS4wLjA=' } },
    ],
  },
  answers: {
    '/api/v1/nodes/node-1/proxy/stats/summary': { node: { nodeName: 'node-1' }, pods: [] },
    '/version': { major: '1', minor: '34', gitVersion: 'v1.34.4' },
    '/api/v1/namespaces/payments': { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'payments' } },
    '/api': { versions: ['v1'] },
    '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: [{ name: 'replicationcontrollers' }] },
    '/apis': { groups: [] },
  },
  logs: {
    'payments/web-1/web': 'one\n',
    'payments/web-2/web': 'two\n',
    'payments/web-2/web-previous': 'before\n',
  },
}
