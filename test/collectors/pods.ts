import type { FakeCluster } from '../../core/testkit/index.ts'
import { tarBytes } from '../support/tar-bytes.ts'
import { payments } from './clusters.ts'

/** The application of `payments`, in whose containers something can be run, and which lets pods be created. */
export const running: FakeCluster = {
  ...payments,
  execs: {
    'payments/web-1/web': ([program]) =>
      program === 'tar'
        ? { stdout: tarBytes([{ name: 'app/', flag: '5' }, { name: 'app/a.conf', body: 'a=1\n' }, { name: 'app/b.log', body: 'b\n' }]) }
        : { stdout: 'PONG\n', stderr: 'a word\n' },
    'payments/web-2/web': { stdout: tarBytes([{ name: 'app/a.conf', body: 'a=2\n' }]) },
  },
  fate: () => ({ logs: { collector: 'hello\n' }, events: [{ reason: 'Pulled', message: 'image is there' }] }),
}

const image = 'busybox:1'

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
    { name: 'hello', podSpec: { containers: [{ name: 'collector', image }] } },
    { collectorName: 'hello', namespace: 'payments', podSpec: { containers: [{ name: 'collector', image }] } },
  ],
}

/** The clusters that they are checked with. */
export const podClusters: Record<string, FakeCluster> = Object.fromEntries(Object.keys(podSamples).map((name) => [name, running]))
