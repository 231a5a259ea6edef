import { describe, expect, it } from 'vitest'
import { CLUSTER_FILES } from './cluster-bundle.ts'
import { lines, run } from './run-analyzer.ts'

const cluster = (key: string, config: Record<string, unknown>, files = CLUSTER_FILES) =>
  lines(run('analyzers', key, config, files))
const host = (key: string, config: Record<string, unknown>, files = {}) => lines(run('hostAnalyzers', key, config, files))
const held = (when: string) => [{ fail: { when, message: 'held' } }, { pass: { message: 'not' } }]

/** What the peer says too, checked here without it; peer-cluster.test.ts and peer-host.test.ts have the rest. */
describe('verdicts of analyzers', () => {
  it('clusterPodStatuses: reasons as kubectl shows them, messages of containers, the scheduler and events', () => {
    const outcomes = [{ fail: { when: '!= Healthy', message: '{{ .Status.Reason }}: {{ .Status.Message }}' } }]
    expect(cluster('clusterPodStatuses', { checkName: '{{ .Name }}', outcomes })).toEqual([
      'unready | fail | Running: Readiness probe failed: <refused> & "gone"',
      'crashing | fail | CrashLoopBackOff: no memory',
      'crashed-silent | fail | CrashLoopBackOff: ExitCode:3',
      'broken | fail | Signal:9: None',
      'evicted | fail | Evicted: low on disk',
      'waiting | fail | Pending: no node fits',
      'pulling | fail | ImagePullBackOff: cannot pull image. ErrImagePull',
      'init-error | fail | Init:Error: init said',
      'init-first | fail | Init:0/2: None',
      'sidecar-first | fail | Init:Error: None',
      'half-gone | fail | NotReady: ExitCode:0',
      'leaving | fail | Terminating: None',
      'half-done | fail | Running: ExitCode:0',
    ])
  })

  it('clusterPodStatuses: names the pod', () => {
    const outcomes = [{ fail: { when: '== Evicted' } }]
    expect(run('analyzers', 'clusterPodStatuses', { outcomes }, CLUSTER_FILES)).toMatchObject([
      { involvedObject: { kind: 'Pod', namespace: 'shop', name: 'evicted', apiVersion: 'v1' } },
    ])
  })

  it('clusterPodStatuses: asks for events only if a message tells them', () => {
    const wantsEvents = (message: string) => {
      const files = { ...CLUSTER_FILES, 'cluster-resources/events/shop.json': 'not JSON' }
      return cluster('clusterPodStatuses', { checkName: 'x', outcomes: [{ fail: { when: '== Evicted', message } }] }, files)
    }
    expect(wantsEvents('plain')).toEqual(['x | fail | plain'])
    expect(wantsEvents('{{ .Status.Message }}')).toEqual([
      expect.stringContaining('Analyzer Failed: cluster-resources/events/shop.json is not a list'),
    ])
  })

  it('clusterContainerStatuses: every pod, with its own container', () => {
    const outcomes = [
      { fail: { when: '== CrashLoopBackOff', message: '{{ .PodName }} {{ .RestartCount }}' } },
      { pass: { message: 'x' } },
    ]
    expect(cluster('clusterContainerStatuses', { checkName: 'c', outcomes })).toEqual([
      'c | fail | crashing 7',
      'c | fail | crashed-silent 2',
    ])
  })

  it.each<[string, Record<string, unknown>, string[]]>([
    ['deploymentStatus', {}, ['shop/web Deployment Status | fail | The deployment shop/web has 2/3 replicas']],
    ['deploymentStatus', { name: 'web', namespace: 'shop', outcomes: held('< 3') }, ['web Status | fail | held']],
    [
      'deploymentStatus',
      { name: 'x', namespace: 'shop', outcomes: held('< 3') },
      ['x Status | fail | The deployment "x" was not found'],
    ],
    ['deploymentStatus', { name: 'x', namespace: 'shop', outcomes: held('absent') }, ['x Status | fail | held']],
    [
      'deploymentStatus',
      { name: 'web', outcomes: held('< 3') },
      ['web Deployment Status | fail | Analyzer Failed: a name needs a namespace'],
    ],
    [
      'deploymentStatus',
      { name: 'web', namespace: 'shop', outcomes: held('3') },
      ['shop/web Deployment Status | fail | Analyzer Failed: cannot evaluate "3": it must have 2 words, not 1'],
    ],
    [
      'deploymentStatus',
      { namespace: 'other' },
      ['other Deployment Status | warn | Not checked: cluster-resources/deployments/other.json was not collected'],
    ],
    ['statefulsetStatus', {}, ['shop/db Statefulset Status | fail | The statefulset shop/db has 1/2 replicas']],
    ['replicasetStatus', {}, ['shop/web-1 ReplicaSet Status | fail | The replicaset shop/web-1 is not ready']],
    ['replicasetStatus', { selector: ['app=api'], outcomes: held('ready < 2') }, ['api-1 Status | fail | held']],
    ['jobStatus', {}, ['shop/bad Job Status | fail | The job shop/bad is not complete']],
    ['jobStatus', { namespace: 'shop' }, ['shop/bad Job Status | fail | The job shop/bad is not complete']],
    ['jobStatus', { name: 'going', namespace: 'shop', outcomes: held('succeeded == 1') }, ['going Status | fail | held']],
    ['storageClass', {}, ['Default Storage Class | pass | Default Storage Class found']],
    ['ingressClass', {}, ['Default Ingress Class | fail | No Default Ingress Class found']],
    [
      'customResourceDefinition',
      { customResourceDefinitionName: 'x', outcomes: [{ warn: { message: 'w' } }] },
      ['Custom resource definition x | warn | w'],
    ],
    ['secret', { secretName: 'none', namespace: 'shop' }, ['Secret none | fail | The secret "none" was not found']],
    [
      'configMap',
      { configMapName: 'settings', namespace: 'shop', key: 'mode' },
      ['ConfigMap settings | fail | The config map "settings" was not found'],
    ],
    ['containerRuntime', { outcomes: held('== containerd') }, ['Container Runtime | fail | held']],
    [
      'containerRuntime',
      { outcomes: held('!= containerd') },
      [
        'Container Runtime | fail | Analyzer Failed: cannot evaluate "!= containerd": a runtime can only be compared with ==, not "!="',
      ],
    ],
    ['distribution', { outcomes: held('== eks') }, ['Kubernetes Distribution | fail | held']],
    [
      'distribution',
      { outcomes: [{ pass: { when: '== wat' } }] },
      ['Kubernetes Distribution | warn | - Unknown distribution: wat '],
    ],
    ['nodeResources', { outcomes: held('min(memoryCapacity) < 1.5Ti') }, ['Node Resources | fail | held']],
    [
      'nodeResources',
      { outcomes: held('avg(memoryCapacity) < 1') },
      [expect.stringContaining('"avg" is unknown; use count, countDistinct, min, max, sum or nodeCondition')],
    ],
    [
      'nodeResources',
      { filters: { cpuCapacity: 'x' } },
      ['Node Resources | fail | Analyzer Failed: "x" is not a quantity like 512Mi or 2G'],
    ],
    ['nodeResources', { filters: { memory: '1' }, outcomes: held('>= 3') }, ['Node Resources | fail | held']],
    ['event', { namespace: 'shop', outcomes: [] }, ['Event | fail | Analyzer Failed: reason is required']],
    ['jsonCompare', { fileName: 'data/info.json', value: 'x' }, [expect.stringContaining('Analyzer Failed: value is not JSON')]],
    [
      'jsonCompare',
      { fileName: 'data/none.json', value: '1' },
      ['Json Compare | warn | Not checked: data/none.json was not collected'],
    ],
    [
      'jsonCompare',
      { fileName: 'data/info.json', path: 'list.[7]', value: '1' },
      ['Json Compare | fail | Analyzer Failed: "list.[7]": the list has no element [7]'],
    ],
    [
      'jsonCompare',
      { fileName: 'data/info.json', path: '__proto__', value: 'null', outcomes: held('true') },
      ['Json Compare | fail | held'],
    ],
    [
      'clusterResource',
      {
        kind: 'pvc',
        namespace: 'shop',
        name: 'data',
        yamlPath: 'spec.resources.requests.storage',
        outcomes: [{ warn: { when: '>= 10Gi', message: 'w' } }],
      },
      [' | warn | w'],
    ],
    ['postgres', { collectorName: 'down', outcomes: held('connected == false') }, ['down | fail | held no such host']],
    ['http', { collectorName: 'ping', outcomes: held('statusCode < 300') }, ['ping | pass | not']],
    ['http', { outcomes: held('statusCode') }, [expect.stringContaining('"204" is neither true nor false')]],
    ['sysctl', { outcomes: held('vm.swappiness < 50') }, ['Sysctl | fail | Node n2: held']],
    [
      'nodeMetrics',
      { outcomes: [{ warn: { when: 'pvcUsedPercentage > 1', message: '{{ .PVC.Names }}' } }] },
      ['Node Metrics | warn | [shop/data-db-0 shop/logs-db-0]'],
    ],
    ['registryImages', { outcomes: held('errors == 1') }, ['images | fail | held']],
  ])('%s %j', (key, config, want) => expect(cluster(key, config)).toEqual(want))

  it('distribution: a control plane with nodes is not of EKS', () => {
    const files = (labels: object) => ({
      'cluster-resources/nodes.json': {
        items: [{ metadata: { labels }, spec: { providerID: 'aws:///a' }, status: {} }],
      },
    })
    const of = (labels: object) => cluster('distribution', { outcomes: held('== eks') }, files(labels))
    expect(of({})).toEqual(['Kubernetes Distribution | fail | held'])
    expect(of({ 'node-role.kubernetes.io/control-plane': '' })).toEqual(['Kubernetes Distribution | pass | not'])
  })

  it('imagePullSecret finds the registry, which the peer never does', () => {
    const files = { 'cluster-resources/image-pull-secrets/shop/pull.json': { 'quay.io': 'bob' } }
    const found = (registryName: string) => cluster('imagePullSecret', { registryName }, files)
    expect(found('quay.io')).toEqual(['Image Pull Secrets | pass | Credentials to pull from: quay.io found'])
    expect(found('ghcr.io')).toEqual(['Image Pull Secrets | fail | Credentials to pull from: ghcr.io not found'])
  })

  it('nodeResources without nodes', () => {
    const none = 'No node resources were collected, unable to analyze node resources'
    expect(cluster('nodeResources', { outcomes: held('>= 3') }, {})).toEqual([`Node Resources | warn | ${none}`])
    expect(cluster('nodeResources', { outcomes: held('>= 3'), ignoreIfNoFiles: true }, {})).toEqual([])
  })

  it('certificates end by the clock that is handed in', () => {
    const chain = (notAfter: string) => [
      { source: { secret: 's', namespace: 'n' }, certificateChain: [{ certificate: 'c', isValid: true, notAfter }] },
    ]
    const outcomes = [{ pass: { message: 'valid' } }, { warn: { when: 'notAfter < Today + 15 days', message: 'ends' } }]
    const of = (notAfter: string) => cluster('certificates', { outcomes }, { 'certificates/certificates.json': chain(notAfter) })
    expect(of('2026-05-15T23:59:59Z')).toEqual([
      'Certificates Verification | warn | c ends in 15 days, obtained from s secret within n namespace',
    ])
    expect(of('2026-05-16T00:00:00Z')).toEqual([
      'Certificates Verification | pass | c valid, obtained from s secret within n namespace',
    ])
    expect(of('soon')).toEqual(['Certificates Verification | fail | Analyzer Failed: "soon" is not a time'])
  })

  it.each<[string, Record<string, unknown>, unknown, string[]]>([
    [
      'tcpConnect',
      { outcomes: held('connected') },
      { 'host-collectors/connect/connect.json': { status: 'connected' } },
      ['TCP Connection Attempt | fail | held'],
    ],
    [
      'tcpConnect',
      { outcomes: held('connected') },
      {},
      ['TCP Connection Attempt | warn | Not checked: host-collectors/connect/connect.json was not collected'],
    ],
    [
      'subnetContainsIP',
      { cidr: '10.0.0.0/40', ip: '10.0.0.1' },
      {},
      ['Subnet Contains IP | fail | Analyzer Failed: "10.0.0.0/40" is not a range like 10.0.0.0/8'],
    ],
    [
      'subnetContainsIP',
      { cidr: '10.0.0.0/30', ip: '10.0.0.4', outcomes: held('true') },
      {},
      ['Subnet Contains IP | pass | not'],
    ],
    [
      'kernelConfigs',
      { selectedConfigs: ['wat'] },
      {},
      ['Kernel Configs | fail | Analyzer Failed: "wat" is not a kernel config like CONFIG_BRIDGE=ym'],
    ],
    [
      'filesystemPerformance',
      { outcomes: [{ warn: { when: 'fileNotCollected', message: 'none' } }] },
      {},
      ['Filesystem Performance | warn | none'],
    ],
    [
      'certificatesCollection',
      { outcomes: [] },
      {},
      [
        expect.stringContaining(
          'Analyzer Failed: host-collectors/certificatesCollection/certificatesCollection.json was not collected',
        ),
      ],
    ],
    [
      'systemPackages',
      { outcomes: [{ fail: { when: '{{ .Name }}' } }] },
      { 'host-collectors/system/packages-packages.json': { packages: [{ name: 'x', exitCode: '0' }] } },
      [expect.stringContaining('it must be true or false')],
    ],
  ])('%s %j', (key, config, files, want) => expect(host(key, config, files as Record<string, unknown>)).toEqual(want))
})
