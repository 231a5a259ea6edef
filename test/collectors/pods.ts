import type { FakeCluster, FakePod } from '../../core/testkit/index.ts'
import { tarBytes } from '../support/tar-bytes.ts'
import { aPod, payments } from './clusters.ts'

/** A node; `ready` unless it is told otherwise. */
export function aNode(name: string, { labels = {}, ready = true }: { labels?: Record<string, string>; ready?: boolean } = {}) {
  return { metadata: { name, labels }, status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] } }
}

const TAR = tarBytes([
  { name: 'app/', flag: '5' },
  { name: 'app/a.conf', body: 'a=1\n' },
  { name: 'app/b.log', body: 'b\n' },
])

/** The application of `payments`, in whose containers something can be run, and which lets pods be created. */
export const running: FakeCluster = {
  ...payments,
  objects: {
    ...payments.objects,
    '/api/v1/nodes': [aNode('node-a'), aNode('node-b', { ready: false }), aNode('node-c')],
    '/api/v1/services': [
      { metadata: { name: 'kubernetes', namespace: 'default' }, spec: { clusterIP: '10.96.0.1' } },
      { metadata: { name: 'kube-dns', namespace: 'kube-system' }, spec: { clusterIP: '10.96.0.10' } },
    ],
  },
  execs: {
    'payments/web-1/web': ([program]) => (program === 'tar' ? { stdout: TAR } : { stdout: 'PONG\n', stderr: 'a word\n' }),
    'payments/web-2/web': { stdout: tarBytes([{ name: 'app/a.conf', body: 'a=2\n' }]) },
    'payments/copyfromhost-node-a/collector': { stdout: TAR },
    'payments/copyfromhost-node-c/collector': { stdout: TAR },
  },
  fate: (pod) => fateOf(JSON.stringify(pod)),
}

/** Of the pods that built-in collectors create. */
function fateOf(pod: string): FakePod {
  if (pod.includes('"sleep"')) return { phase: 'Running' }
  const says = pod.includes('dig +search') ? '=== /etc/resolv.conf ===\nnameserver 10.96.0.10\n' : 'a = 1\n'
  return {
    logs: { collector: 'hello\n', run: says, 'troubleshoot-dns': says },
    events: [{ reason: 'Pulled', message: 'image is there' }],
  }
}

/** A cluster of k0s: its etcd runs in no pod. */
export const k0s: FakeCluster = {
  ...running,
  objects: { ...running.objects, '/api/v1/nodes': [aNode('node-a', { labels: { 'node.k0sproject.io/role': 'control-plane' } })] },
  execs: { 'payments/etcd-collector/etcd-client': ([, ...words]) => ({ stdout: `{"asked":"${words[0]}"}\n` }) },
}

/** A cluster of kURL: its etcd runs in pods. */
export const kurl: FakeCluster = {
  ...payments,
  objects: {
    ...payments.objects,
    '/api/v1/nodes': [aNode('node-a', { labels: { 'kurl.sh/cluster': 'true' } })],
    '/api/v1/pods': [
      aPod({ name: 'etcd-node-a', namespace: 'kube-system', labels: { component: 'etcd' }, containers: ['etcd'] }),
    ],
  },
  execs: { 'kube-system/etcd-node-a/etcd': ([, ...words]) => ({ stdout: `{"asked":"${words[0]}"}\n` }) },
}

const image = 'busybox:1'
const podSpec = { containers: [{ name: 'collector', image }] }

/** Entries that collectors which run something in pods are checked with. */
export const podSamples: Record<string, object[]> = {
  exec: [{ name: 'ping', selector: ['app=web'], command: ['redis-cli'], args: ['ping'] }],
  copy: [
    { name: 'conf', selector: ['app=web'], containerPath: '/etc/app' },
    { name: 'conf', selector: ['app=web'], containerName: 'web', containerPath: '/etc/app/', extractArchive: true },
  ],
  run: [
    { name: 'hello', image, command: ['echo'], args: ['hello'] },
    { name: 'hello', namespace: 'payments', image, timeout: '1m', imagePullSecret: { name: 'registry' } },
  ],
  'run-pod': [
    { name: 'hello', podSpec },
    { collectorName: 'hello', namespace: 'payments', podSpec },
  ],
  'run-daemon-set': [
    { name: 'each', podSpec },
    { name: 'each', podSpec, timeout: '10s', namespace: 'payments' },
  ],
  'copy-from-host': [
    { name: 'logs', image, hostPath: '/var/log/app' },
    { name: 'logs', image, hostPath: '/var/log/app', extractArchive: true },
  ],
  sysctl: [{ image }],
  dns: [{}],
  etcd: [{ image: 'etcd:1' }],
}

/** The clusters that they are checked with. */
export const podClusters: Record<string, FakeCluster> = {
  ...Object.fromEntries(Object.keys(podSamples).map((name) => [name, running])),
  etcd: k0s,
}
