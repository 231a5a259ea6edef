import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLUSTER_FILES } from './cluster-bundle.ts'
import { type Bundle, makeBundle, ours, peers, peerTool } from './peer-tool.ts'

const passFail = (when?: string) => [{ fail: { when, message: 'held' } }, { pass: { message: 'not' } }]
const each = (key: string, whens: string[], config: object = {}) =>
  whens.map((when, index) => ({ [key]: { checkName: `${key} ${index} ${when}`, ...config, outcomes: passFail(when) } }))
const BOTH = [{ fail: { message: 'missing' } }, { pass: { message: 'there' } }]
const TRUTH = [
  { fail: { when: 'false', message: 'differs {{ .version }}' } },
  { pass: { when: 'true', message: 'same {{ .version }}' } },
]
const json = { fileName: 'data/info.json' }

/** Each with the same name, verdict, message, icon and object from the peer and from us. */
const CASES: Record<string, object[]> = {
  clusterVersion: [
    ...each('clusterVersion', ['< 1.20.0', '>= 1.34.0', '> 1.30.0 < 1.35.0', '1.33.x || 1.34.x']),
    { clusterVersion: { outcomes: passFail('< 1.34.4'), strict: 'true', annotations: { a: 'b' } } },
    { clusterVersion: { exclude: true, outcomes: passFail() } },
    { clusterVersion: { exclude: 'true', outcomes: passFail() } },
  ],
  clusterPodStatuses: [
    { clusterPodStatuses: { outcomes: [{ fail: { when: '!= Healthy' } }] } },
    {
      clusterPodStatuses: {
        namespaces: ['shop'],
        outcomes: [
          { fail: { when: '== CrashLoopBackOff', message: '{{ .Name }} on {{ .Spec.NodeName }}' } },
          { warn: { when: '= Evicted' } },
          { pass: { when: '== Healthy', message: '{{ .Namespace }} {{ .Labels.app }}' } },
        ],
      },
    },
    {
      clusterPodStatuses: {
        checkName: 'check {{ .Name }}',
        outcomes: [{ warn: { when: '!== Running', message: 'is {{ .Status.Phase }} {{ upper .Status.Reason }}' } }],
      },
    },
    { clusterPodStatuses: { outcomes: [{ pass: {} }] } },
  ],
  clusterContainerStatuses: [
    {
      clusterContainerStatuses: {
        outcomes: [
          {
            fail: {
              when: '== OOMKilled',
              message: '{{ .PodName }}/{{ .ContainerName }} {{ .Message }} {{ .RestartCount }} {{ .Ready }}',
            },
          },
          { pass: { message: 'none' } },
        ],
      },
    },
    {
      clusterContainerStatuses: {
        restartCount: 5,
        outcomes: [{ fail: { when: '== CrashLoopBackOff', message: '{{ .Namespace }}/{{ .PodName }}: {{ .Message }}' } }],
      },
    },
    {
      clusterContainerStatuses: {
        checkName: 'x',
        restartCount: 100,
        outcomes: [{ fail: { when: '== OOMKilled' } }, { pass: { message: 'none' } }],
      },
    },
  ],
  workloads: [
    ...each('deploymentStatus', ['< 3', '== 2', '>= 3', 'absent', '= 0'], { name: 'web', namespace: 'shop' }),
    {
      deploymentStatus: {
        name: 'gone',
        namespace: 'shop',
        outcomes: [{ fail: { when: 'absent', message: 'is gone' } }, { pass: {} }],
      },
    },
    { deploymentStatus: { name: 'gone', namespace: 'shop', outcomes: [{ pass: { when: '> 0', message: 'up' } }] } },
    { deploymentStatus: {} },
    { deploymentStatus: { namespace: 'shop' } },
    { deploymentStatus: { namespaces: ['shop'], checkName: 'ignored' } },
    ...each('statefulsetStatus', ['< 2', '== 1', 'absent'], { name: 'db', namespace: 'shop' }),
    { statefulsetStatus: { name: 'db', namespace: 'shop' } },
    { statefulsetStatus: { name: 'queue', namespace: 'shop' } },
    { statefulsetStatus: { name: 'gone', namespace: 'shop', outcomes: [{ warn: { when: '< 2', message: 'few' } }] } },
    { statefulsetStatus: {} },
    ...each('replicasetStatus', ['ready < 3', 'available == 2', 'ready > 5'], { name: 'web-1', namespace: 'shop' }),
    { replicasetStatus: { name: 'web-1', namespace: 'shop' } },
    { replicasetStatus: { name: 'gone', namespace: 'shop', outcomes: passFail('ready < 1') } },
    { replicasetStatus: {} },
    { replicasetStatus: { namespace: 'shop', selector: ['app in (web,one)'], outcomes: passFail('ready < 3') } },
    { replicasetStatus: { namespace: 'shop', selector: ['app!=web', 'app'], outcomes: passFail('available < 1') } },
    ...each('jobStatus', ['succeeded > 0', 'failed >= 3', 'succeeded === 2'], { name: 'bad', namespace: 'shop' }),
    { jobStatus: { name: 'bad', namespace: 'shop' } },
    { jobStatus: { name: 'good', namespace: 'shop' } },
    { jobStatus: { name: 'gone', namespace: 'shop', outcomes: passFail('failed > 0') } },
    { jobStatus: {} },
  ],
  existence: [
    ...['fast', 'slow', 'gone', ''].map((storageClassName) => ({ storageClass: { storageClassName, outcomes: BOTH } })),
    { storageClass: { outcomes: [] } },
    { storageClass: { storageClassName: 'slow', outcomes: [{ pass: { message: 'first' } }, { pass: { message: 'last' } }] } },
    ...['nginx', 'gone', ''].map((ingressClassName) => ({ ingressClass: { ingressClassName, outcomes: BOTH } })),
    { ingressClass: { outcomes: [] } },
    ...['widgets.example.com', 'gone'].map((name) => ({
      customResourceDefinition: { customResourceDefinitionName: name, outcomes: BOTH },
    })),
    { customResourceDefinition: { customResourceDefinitionName: 'gone', outcomes: [{ warn: { message: 'rather not' } }] } },
    ...['front', 'gone'].map((ingressName) => ({ ingress: { ingressName, namespace: 'shop', outcomes: BOTH } })),
    { secret: { secretName: 'login', namespace: 'shop', key: 'password', outcomes: BOTH } },
    { secret: { secretName: 'none', namespace: 'shop', outcomes: BOTH } },
    { configMap: { configMapName: 'settings', namespace: 'shop', outcomes: BOTH } },
    { configMap: { configMapName: 'settings', namespace: 'shop', key: 'mode', outcomes: BOTH } },
    { imagePullSecret: { registryName: 'quay.io', outcomes: [{ fail: { message: 'no' } }, { pass: { message: 'yes' } }] } },
    { imagePullSecret: { registryName: 'quay.io', outcomes: [] } },
  ],
  nodes: [
    ...each('nodeResources', [
      'count() == 3',
      'count() < 3',
      '>= 3',
      'count() >= 2',
      'min(memoryCapacity) < 16Gi',
      'min(memoryAllocatable) == 14Gi',
      'max(cpuCapacity) >= 8',
      'sum(cpuCapacity) == 16',
      'sum(cpuAllocatable) > 11700m',
      'sum(memoryCapacity) >= 64Gi',
      'min(podCapacity) <= 110',
      'max(ephemeralStorageCapacity) > 99Gi',
      'min(ephemeralStorageAllocatable) = 90Gi',
      'countDistinct(zone) == 2',
      'countDistinct(none) == 0',
      'nodeCondition(Ready) == False',
      'nodeCondition(Ready) == Unknown',
      '',
    ]),
    ...[
      { cpuCapacity: '8' },
      { cpuAllocatable: '3900m' },
      { memoryCapacity: '17Gi' },
      { memoryAllocatable: '15Gi' },
      { podCapacity: '111' },
      { podAllocatable: '1' },
      { ephemeralStorageCapacity: '100Gi' },
      { ephemeralStorageAllocatable: '91Gi' },
      { cpuArchitecture: 'AMD64' },
      { selector: { matchLabel: { role: 'big' } } },
      {
        selector: {
          matchExpressions: [
            { key: 'zone', operator: 'In', values: ['a'] },
            { key: 'role', operator: 'DoesNotExist' },
          ],
        },
      },
      { selector: { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] } },
      { selector: { matchExpressions: [{ key: 'role', operator: 'Exists' }] } },
      { taint: { key: 'dedicated', value: 'db', effect: 'NoExecute' } },
      { taint: { key: 'dedicated', value: 'db', effect: 'NoSchedule' } },
      { resourceName: 'nvidia.com/gpu', resourceCapacity: '2' },
      { resourceName: 'nvidia.com/gpu', resourceCapacity: '3' },
      { cpuCapacity: '4', memoryCapacity: '20Gi' },
    ].map((filters, index) => ({
      nodeResources: {
        checkName: `filter ${index}`,
        filters,
        outcomes: [
          { fail: { when: 'count() < 1', message: 'none {{ .NodeCount }}' } },
          { warn: { when: '== 1', message: 'one {{ .CPUCapacity }} {{ .MemoryCapacity }}' } },
          { pass: { message: '{{ .NodeCount }}' } },
        ],
      },
    })),
    {
      nodeResources: {
        checkName: 'gpus',
        filters: { resourceName: 'nvidia.com/gpu' },
        outcomes: passFail('sum(resourceCapacity) == 2'),
      },
    },
    ...each('containerRuntime', ['== containerd', '= docker', '=== containerd']),
    ...each('distribution', [
      '== eks',
      '!= eks',
      'gke',
      '== openShift',
      '== k3s',
      '== docker-desktop',
      '!= kind',
      'embedded-cluster',
    ]),
    { distribution: { outcomes: [{ pass: { when: '== kind', message: 'k' } }] } },
    { distribution: { outcomes: [{ pass: { when: '== wat', message: 'k' } }, { pass: { when: 'foo', message: 'k' } }] } },
  ],
  documents: [
    { jsonCompare: { ...json, path: 'version', value: '"1.2.3"', outcomes: TRUTH } },
    { jsonCompare: { ...json, path: 'nested.a.b.[1]', value: '20', outcomes: TRUTH } },
    { jsonCompare: { ...json, path: 'list', value: '["a","b"]', outcomes: TRUTH } },
    { jsonCompare: { ...json, path: 'none', value: '1', outcomes: TRUTH } },
    { jsonCompare: { ...json, path: 'empty', value: 'null', outcomes: TRUTH } },
    { jsonCompare: { ...json, jsonPath: '{.items[*].name}', value: '["y","x"]', outcomes: TRUTH } },
    { jsonCompare: { ...json, jsonPath: '{.items[?(@.name=="y")].size}', value: '2', outcomes: TRUTH } },
    { jsonCompare: { ...json, jsonPath: '{.nested.a}', value: '{"b":[10,20]}', outcomes: TRUTH } },
    {
      jsonCompare: {
        checkName: 'named',
        ...json,
        path: 'count',
        value: '4',
        outcomes: [
          {
            warn: {
              message: '{{ .count }} {{ .ratio }} {{ .on }} {{ .list }} {{ range .items }}{{ .name }}={{ .size }};{{ end }}',
            },
          },
        ],
      },
    },
    {
      jsonCompare: {
        collectorName: 'data',
        fileName: 'info.json',
        path: 'on',
        value: 'true',
        outcomes: [{ pass: { message: 'on' } }],
      },
    },
    { jsonCompare: { ...json, path: 'on', value: 'true', outcomes: [{ fail: { message: 'off' } }] } },
    { yamlCompare: { collectorName: 'data', fileName: 'info.yaml', path: 'version', value: '1.2.3', outcomes: TRUTH } },
    { yamlCompare: { collectorName: 'data', fileName: 'info.yaml', path: 'list', value: '[a, b]', outcomes: TRUTH } },
    { yamlCompare: { collectorName: 'data', fileName: 'info.yaml', path: 'nested.a', value: 'b: [10, 20]', outcomes: TRUTH } },
    { yamlCompare: { checkName: 'y', fileName: 'data/info.yaml', path: 'count', value: '3', outcomes: TRUTH } },
    ...[
      { yamlPath: 'data.mode', expectedValue: '"fast\\nmode"' },
      { yamlPath: 'data.mode', regex: 'fa.t' },
      { yamlPath: 'data.none', expectedValue: 'x' },
      { yamlPath: 'data.mode.deeper', expectedValue: 'x' },
      { yamlPath: 'data.mode', regex: 'slow' },
    ].map((config, index) => ({
      clusterResource: {
        checkName: `cm ${index}`,
        kind: 'ConfigMap',
        name: 'settings',
        namespace: 'shop',
        ...config,
        outcomes: [{ fail: { when: 'false', message: 'no' } }, { pass: { when: 'true', message: 'yes' } }],
      },
    })),
    {
      clusterResource: {
        checkName: 'size',
        kind: 'pvc',
        name: 'data',
        namespace: 'shop',
        yamlPath: 'spec.resources.requests.storage',
        outcomes: [{ fail: { when: '< 20Gi', message: 'small' } }, { pass: { message: 'large' } }],
      },
    },
    {
      clusterResource: {
        checkName: 'replicas',
        kind: 'Deployment',
        name: 'web',
        namespace: 'shop',
        yamlPath: 'spec.replicas',
        outcomes: [{ fail: { when: '> 3', message: 'many' } }, { pass: { when: '= 3', message: 'three' } }],
      },
    },
    {
      clusterResource: {
        checkName: 'groups',
        kind: 'pvc',
        name: 'data',
        namespace: 'shop',
        yamlPath: 'status.phase',
        regexGroups: '(?P<Phase>\\w+)',
        outcomes: [{ fail: { when: 'Phase == Lost', message: 'l' } }, { pass: { message: 'is {{ .Phase }}' } }],
      },
    },
    {
      clusterResource: {
        checkName: 'gone',
        kind: 'pvc',
        name: 'gone',
        namespace: 'shop',
        yamlPath: 'a',
        outcomes: [{ fail: { message: 'f' } }],
      },
    },
    {
      clusterResource: { checkName: 'unknown', kind: 'Wat', name: 'gone', yamlPath: 'a', outcomes: [{ fail: { message: 'f' } }] },
    },
    {
      clusterResource: {
        checkName: 'node',
        kind: 'Node',
        clusterScoped: true,
        name: 'n1',
        yamlPath: 'status.nodeInfo.architecture',
        expectedValue: 'amd64',
        outcomes: [{ fail: { when: 'false', message: 'no' } }, { pass: { when: 'true', message: 'yes' } }],
      },
    },
    { clusterResource: { kind: 'node', clusterScoped: true, name: 'nowhere', yamlPath: 'a', outcomes: [] } },
    {
      textAnalyze: {
        checkName: 'log',
        fileName: 'logs/app.log',
        regexGroups: 'version=(?P<Major>\\d+)\\.(?P<Minor>\\d+) name=(?P<Name>\\w+)',
        outcomes: [
          { fail: { when: 'Major < 2', message: 'old' } },
          { pass: { message: '{{ .Name | upper }} {{ .Major }}.{{ .Minor }}' } },
        ],
      },
    },
    { textAnalyze: { checkName: 'none', fileName: 'logs/none.log', regex: 'x', outcomes: BOTH } },
    { textAnalyze: { checkName: 'silent', fileName: 'logs/none.log', regex: 'x', ignoreIfNoFiles: true, outcomes: BOTH } },
  ],
  results: [
    {
      event: {
        reason: 'unhealthy',
        kind: 'pod',
        namespace: 'shop',
        outcomes: [
          { fail: { when: 'true', message: '{{ .InvolvedObject.Name }}: {{ .Message }}' } },
          { pass: { when: 'false', message: 'none' } },
        ],
      },
    },
    {
      event: {
        checkName: 'e',
        reason: 'Unhealthy',
        regex: 'liveness',
        namespace: 'shop',
        outcomes: [{ fail: { when: 'true', message: 'x' } }, { pass: { when: 'false', message: 'none' } }],
      },
    },
    {
      event: {
        collectorName: 'c',
        reason: 'Failed',
        kind: 'Deployment',
        namespace: 'shop',
        outcomes: [{ warn: { when: 'false', message: 'none' } }],
      },
    },
    {
      certificates: {
        outcomes: [
          { pass: { message: 'is valid' } },
          { fail: { message: 'is not valid' } },
          { warn: { when: 'notAfter < Today + 15 days', message: 'ends' } },
        ],
      },
    },
    ...each('registryImages', ['missing > 0', 'verified == 1', 'errors >= 2', 'verified > 2']),
    ...each('http', [
      'statusCode == 200',
      'statusCode = 204',
      'error',
      'statusCode >= 200 && statusCode < 300',
      '!(statusCode == 204)',
      'statusCode in (200, 204)',
      'statusCode != 204 || statusCode > 203',
    ]),
    ...each('http', ['statusCode == 200', 'error'], { collectorName: 'ping' }),
    ...each(
      'postgres',
      ['connected == false', 'connected != true', 'version >= 15.x', 'version < 15.x', 'version == 15.4.0', 'version != 15.4'],
      { collectorName: 'pg' },
    ),
    ...each('postgres', ['connected == false'], { collectorName: 'down' }),
    ...each('mysql', ['connected == false']),
    ...each('redis', ['connected == true', 'version < 7.x']),
    ...each('mssql', ['version >= 15.0.2000', 'version < 15.x', 'version === 15.0.2000.1565']),
    ...each('clickhouse', ['version > 24.3', 'version < 24.3.1.2672']),
    ...each('s3Status', ['connected == false']),
    ...each('sysctl', ['net.ipv4.ip_forward = 0', 'net.ipv4.ip_forward > 1', 'vm.swappiness >= 10', 'vm.none == 1']),
    {
      nodeMetrics: {
        outcomes: [
          { fail: { when: 'pvcUsedPercentage >= 80', message: 'full: {{ .PVC.ConcatenatedNames }}' } },
          { pass: { message: 'fine' } },
        ],
      },
    },
    {
      nodeMetrics: {
        checkName: 'all',
        filters: { pvc: { namespace: 'shop' } },
        outcomes: [{ fail: { when: 'pvcUsedPercentage > 5', message: '{{ .PVC.Names }}' } }],
      },
    },
    {
      nodeMetrics: {
        checkName: 'named',
        filters: { pvc: { nameRegex: '^logs' } },
        outcomes: [{ fail: { when: 'pvcUsedPercentage > 50', message: 'x' } }, { pass: { message: 'fine' } }],
      },
    },
    {
      nodeMetrics: {
        checkName: 'elsewhere',
        filters: { pvc: { namespace: 'other' } },
        outcomes: [{ fail: { when: 'pvcUsedPercentage > 5', message: 'x' } }, { pass: { message: 'fine' } }],
      },
    },
  ],
}

describe("the peer's verdicts on a cluster's bundle", () => {
  let tool = ''
  let bundle: Bundle
  beforeAll(async () => {
    tool = await peerTool(`${Object.keys(CASES).length} comparisons of analyzers`)
    bundle = await makeBundle(CLUSTER_FILES)
  }, 1_200_000)
  afterAll(() => bundle.remove())

  it.for(Object.keys(CASES))('are ours: %s', async (name, { skip }) => {
    const spec = { analyzers: CASES[name] }
    const mine = await ours(bundle.archive, spec)
    expect(mine.lines.filter((line) => line.includes('Analyzer Failed'))).toEqual([])
    if (tool === '') return skip()
    const theirs = await peers(tool, bundle.archive, spec)
    // Where no outcome applies the peer says nothing, or has a result without a verdict.
    const said = ({ lines }: { lines: string[] }) => lines.filter((line) => !line.startsWith('none'))
    expect(said(mine)).toEqual(said(theirs))
    const judged = ({ json: elements }: { json: unknown[] }) =>
      elements.filter((one) => (one as { severity: string }).severity !== '')
    expect(judged(mine)).toEqual(judged(theirs))
  })
})
