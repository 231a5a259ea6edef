import { describe, expect, it } from 'vitest'
import etcd from '../../collectors/etcd/index.ts'
import { type FakeCluster, forbidden } from '../../core/testkit/index.ts'
import { payments } from './clusters.ts'
import { codes, collectFrom, texts } from './collect.ts'
import { aNode, k0s, kurl } from './pods.ts'

const NAMES = ['endpoint-health', 'endpoint-status', 'member-list', 'alarm-list', 'version']
const where = { namespaces: ['payments'] }
const nodes = (...all: object[]): FakeCluster => ({ ...k0s, objects: { ...payments.objects, '/api/v1/nodes': all } })

describe('etcd', () => {
  it('asks in the pod of etcd that kURL has, with its certificates', async () => {
    const asked: string[][] = []
    const execs = {
      'kube-system/etcd-node-a/etcd': (words: string[]) => (asked.push(words), { stdout: '{}\n', stderr: 'a word' }),
    }
    const gathered = await collectFrom(etcd, {}, { ...kurl, execs })
    expect(Object.keys(texts(gathered))).toEqual(NAMES.flatMap((name) => [`etcd/${name}.json`, `etcd/${name}-stderr.json`]))
    expect(JSON.parse(texts(gathered)['etcd/version-stderr.json'] ?? '')).toEqual({ stderr: 'a word' })
    const folder = '/etc/kubernetes/pki/etcd'
    expect(asked[0]).toEqual([
      ...['etcdctl', 'endpoint', 'health', '--cacert', `${folder}/ca.crt`, '--cert', `${folder}/healthcheck-client.crt`],
      ...['--key', `${folder}/healthcheck-client.key`, '--write-out', 'json', '--endpoints', 'https://127.0.0.1:2379'],
    ])
  })

  it.each([
    ['k0s', { 'node.k0sproject.io/role': 'worker' }, { 'node.k0sproject.io/role': 'control-plane' }],
    [
      'Embedded Cluster',
      { 'kots.io/embedded-cluster-role': 'x', 'node.k0sproject.io/role': 'worker' },
      { 'kots.io/embedded-cluster-role': 'x', 'node-role.kubernetes.io/control-plane': 'true' },
    ],
  ])('asks from a pod of its own, on a machine that has etcd: %s', async (_, worker, controller) => {
    const created: Record<string, unknown>[] = []
    const fate = (pod: object) => (created.push(pod as never), { phase: 'Running' as const })
    const cluster = nodes(
      aNode('node-w', { labels: worker }),
      aNode('node-x', { labels: controller, ready: false }),
      aNode('node-c', { labels: controller }),
    )
    const gathered = await collectFrom(etcd, { image: 'etcd:1' }, { ...cluster, fate }, where)
    expect(Object.keys(texts(gathered))).toEqual(NAMES.map((name) => `etcd/${name}.json`))
    expect(created).toHaveLength(1)
    expect(JSON.stringify(created[0])).toContain('"values":["node-c"]')
    expect(created[0]).toMatchObject({
      spec: {
        hostNetwork: true,
        containers: [{ image: 'etcd:1', volumeMounts: [{ mountPath: '/var/lib/k0s/pki/etcd', readOnly: true }] }],
        volumes: [{ hostPath: { path: '/var/lib/k0s/pki/etcd' } }],
      },
    })
  })

  it('keeps the words of a command that was cut off', async () => {
    const cut = { stdout: '[', stderr: 'context deadline exceeded', breaksWith: new Error('the connection was cut') }
    const gathered = await collectFrom(etcd, {}, { ...kurl, execs: { 'kube-system/etcd-node-a/etcd': cut } })
    expect(Object.keys(texts(gathered)).slice(0, 2)).toEqual([
      'etcd/endpoint-health-stderr.json',
      'etcd/endpoint-health-errors.json',
    ])
    expect(texts(gathered)['etcd/endpoint-health-errors.json']).toContain('the connection was cut')
  })

  it('keeps what etcd says though it is not well, and says so', async () => {
    const execs = { 'kube-system/etcd-node-a/etcd': { stdout: '[{"health":false}]', exitCode: 1 } }
    const gathered = await collectFrom(etcd, {}, { ...kurl, execs })
    expect(texts(gathered)['etcd/endpoint-health.json']).toBe('[{"health":false}]')
    expect(texts(gathered)['etcd/endpoint-health-errors.json']).toContain('command terminated with exit code 1')
    expect(codes(gathered)).toEqual(Array(5).fill('ETCD_MISSING'))
  })

  it('may look at the events that end its waiting', async () => {
    const listed = etcd.manifest.permissions.flatMap(({ resources, verbs }) => (verbs.includes('list') ? resources : []))
    expect(listed).toEqual(expect.arrayContaining(['nodes', 'pods', 'events']))
    expect(listed).not.toContain('secrets')
    const message = 'MountVolume.SetUp failed for volume "etcd-certs" : hostPath type check failed: /var/lib/k0s is no directory'
    const fate = () => ({ phase: 'Pending' as const, events: [{ reason: 'FailedMount', message }] })
    const gathered = await collectFrom(etcd, {}, { ...k0s, fate }, where)
    expect(texts(gathered)['etcd/errors.json']).toContain('hostPath type check failed')
  })

  it.each<[string, FakeCluster, string, boolean]>([
    ['another kind of cluster', nodes(aNode('a')), 'no etcd of this kind of cluster is known', false],
    ['no right to see nodes', { answers: { '/api/v1/nodes': forbidden('nodes') } }, 'nodes is forbidden', false],
    ['no pod of etcd', { ...kurl, objects: { ...kurl.objects, '/api/v1/pods': [] } }, 'no pod of etcd is running', false],
    ['no machine', nodes(aNode('a', { labels: { 'node.k0sproject.io/role': 'worker' } })), 'no machine of etcd is ready', true],
    ['a pod that is refused', { ...k0s, fate: () => forbidden('pods') }, 'pods is forbidden', false],
  ])('says why not: %s', async (_, cluster, reason, isLoss) => {
    const gathered = await collectFrom(etcd, {}, cluster, where)
    expect(texts(gathered)).toEqual({ 'etcd/errors.json': `${JSON.stringify([reason], undefined, 2)}\n` })
    expect(gathered.warnings).toMatchObject([{ code: 'ETCD_MISSING', isLoss }])
  })
})
