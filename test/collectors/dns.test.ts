import { describe, expect, it } from 'vitest'
import dns from '../../collectors/dns/index.ts'
import { type FakeCluster, forbidden } from '../../core/testkit/index.ts'
import { aPod, noObjects } from './clusters.ts'
import { codes, collectFrom, texts } from './collect.ts'

const LOG = [
  '=== /etc/resolv.conf ===',
  'search svc.cluster.local',
  'nameserver 10.96.0.10',
  '=== dig kubernetes ===',
  '10.96.0.1',
  '=== dig non-existent-domain ===',
  '192.0.2.1',
  '',
].join('\n')
const metadata = { name: 'kube-dns', namespace: 'kube-system' }
const labels = { 'k8s-app': 'kube-dns' }
const system: FakeCluster = {
  objects: {
    ...noObjects,
    '/api/v1/services': [
      { metadata: { name: 'kubernetes', namespace: 'default' }, spec: { clusterIP: '10.96.0.1' } },
      { metadata, spec: { clusterIP: '10.96.0.10' } },
    ],
    '/api/v1/endpoints': [
      {
        metadata,
        subsets: [{ addresses: [{ ip: '10.0.0.2' }, { ip: '10.0.0.3' }], ports: [{ port: 53 }] }, { addresses: [{ ip: 'x' }] }],
      },
    ],
    '/api/v1/pods': [
      aPod({ name: 'coredns-1', namespace: 'kube-system', labels }),
      aPod({ name: 'coredns-2', namespace: 'kube-system', labels, status: { phase: 'Pending' } }),
      aPod({ name: 'coredns-3', namespace: 'kube-system', labels }),
    ],
    '/api/v1/configmaps': [
      { metadata: { name: 'coredns', namespace: 'kube-system' }, data: { Corefile: '.:53 {}\n' } },
      { metadata, data: { stub: '{}' } },
    ],
  },
  fate: () => ({ logs: { 'troubleshoot-dns': LOG } }),
}

describe('dns', () => {
  it('writes what the cluster and a pod in it say, in words and for programs', async () => {
    const gathered = await collectFrom(dns, { nonResolvable: 'no.such.name' }, system)
    const files = texts(gathered)
    expect(JSON.parse(files['dns/debug.json'] ?? '')).toEqual({
      kubernetesClusterIP: '10.96.0.1',
      podResolvConf: 'search svc.cluster.local\nnameserver 10.96.0.10\n',
      query: {
        kubernetes: { name: 'kubernetes', address: '10.96.0.1' },
        nonResolvableDomain: { name: 'no.such.name', address: '192.0.2.1' },
      },
      kubeDNSPods: ['coredns-1', 'coredns-3'],
      kubeDNSService: '10.96.0.10',
      kubeDNSEndpoints: '10.0.0.2:53, 10.0.0.3:53',
    })
    expect(files['dns/debug.txt']).toBe(
      [
        '=== Kubernetes Cluster IP from API Server: 10.96.0.1',
        '=== Test DNS resolution in pod registry.k8s.io/e2e-test-images/agnhost:2.39: ',
        `${LOG}=== Running kube-dns pods: coredns-1, coredns-3`,
        '=== Running kube-dns service: 10.96.0.10',
        '=== kube-dns endpoints: 10.0.0.2:53, 10.0.0.3:53',
        '=== CoreDNS config: ',
        '.:53 {}',
        '=== KubeDNS config: ',
        '{"stub":"{}"}',
      ].join('\n'),
    )
    expect(codes(gathered)).toEqual([])
  })

  it('asks for a name as it stands: it is no part of a script', async () => {
    const created: { spec: { containers: { command: string[]; image: string }[] } }[] = []
    const fate = (pod: object) => (created.push(pod as never), {})
    await collectFrom(dns, { nonResolvable: '$(reboot)', image: 'mine:1' }, { ...system, fate })
    const [container] = created[0]?.spec.containers ?? []
    expect(container?.command.at(-1)).toBe('$(reboot)')
    expect(container?.command.slice(0, -1).join(' ')).not.toContain('reboot')
    expect(container?.image).toBe('mine:1')
  })

  it('writes what it could learn, and says what it could not', async () => {
    const answers = {
      '/api/v1/namespaces/kube-system/services': forbidden('services'),
      '/api/v1/namespaces/kube-system/configmaps/coredns': forbidden('configmaps'),
    }
    const gathered = await collectFrom(dns, {}, { ...system, answers, fate: () => forbidden('pods') })
    const files = texts(gathered)
    expect(JSON.parse(files['dns/debug.json'] ?? '')).toMatchObject({
      kubernetesClusterIP: '10.96.0.1',
      podResolvConf: '',
      query: { kubernetes: { name: '', address: '' }, nonResolvableDomain: { name: '*', address: '' } },
      kubeDNSService: '',
    })
    expect(files['dns/debug.txt']).toContain('=== Failed to run commands from pod: pods is forbidden\n')
    expect(gathered.warnings.map(({ message, isLoss }) => [message, isLoss])).toEqual([
      ['Service kube-dns: services is forbidden', false],
      ['ConfigMap coredns: configmaps is forbidden', false],
      ['a pod that asks: pods is forbidden', false],
    ])
  })

  it('gives up a pod that does not end', async () => {
    const gathered = await collectFrom(dns, { timeout: '5s' }, { ...system, fate: () => ({ phase: 'Running' }) })
    expect(gathered.warnings).toMatchObject([{ message: expect.stringContaining('timeout: it is running'), isLoss: true }])
  })
})
