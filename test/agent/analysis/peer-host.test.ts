import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Files } from './run-analyzer.ts'
import { type Bundle, makeBundle, ours, peers, peerTool } from './peer-tool.ts'

const device = (name: string, more: object = {}) => ({
  name,
  kernel_name: name,
  parent_kernel_name: '',
  type: 'disk',
  major: 8,
  minor: 0,
  size: 1_000_000,
  filesystem_type: '',
  mountpoint: '',
  serial: '',
  read_only: false,
  removable: false,
  ...more,
})
const certificate = (isValid: boolean, notAfter: string) => [{ certificate: 'x', isValid, notAfter, notBefore: notAfter }]
const percentile = { '1.000000': 1000, '50.000000': 900_000, '99.000000': 2_100_000, '99.950000': 15_000_000 }

/** Something of everything that analyzers of hosts look at. */
const FILES: Files = {
  'host-collectors/tcpLoadBalancer/tcpLoadBalancer.json': { status: 'connected' },
  'host-collectors/httpLoadBalancer/web.json': { status: 'connection-refused' },
  'host-collectors/tcpPortStatus/tcpPortStatus.json': { status: 'address-in-use' },
  'host-collectors/udpPortStatus/udpPortStatus.json': { status: 'connected' },
  'host-collectors/connect/connect.json': { status: 'connection-timeout' },
  'host-collectors/subnetAvailable/result.json': {
    CIDRRangeAlloc: '10.0.0.0/8',
    desiredCIDR: 22,
    status: 'a-subnet-is-available',
  },
  'host-collectors/certificate/certificate.json': 'key-pair-valid\n',
  'host-collectors/certificatesCollection/certificatesCollection.json': [
    { certificatePath: '/a.crt', certificateChain: certificate(true, '2099-01-01T00:00:00Z'), message: 'cert-valid' },
    { certificatePath: '/b.crt', certificateChain: certificate(false, '2000-01-01T00:00:00Z'), message: 'cert-valid' },
    { certificatePath: '/c.crt', certificateChain: certificate(true, '2020-01-01T00:00:00Z'), message: 'cert-valid' },
    { certificatePath: '/d.crt', message: 'cert-missing' },
  ],
  'host-collectors/system/block_devices.json': [
    device('sda', { serial: 's' }),
    device('sda1', { parent_kernel_name: 'sda', type: 'part', mountpoint: '/' }),
    device('sdb'),
    device('sdc', { size: 10 }),
    device('sdd', { removable: true }),
    device('sde', { filesystem_type: 'ext4' }),
    device('sdf1', { type: 'part' }),
    device('loop0', { type: 'loop' }),
    device('sr0', { read_only: true }),
  ],
  'host-collectors/system/kernel-configs.json': { CONFIG_BRIDGE: 'm', CONFIG_NF_NAT: 'y', CONFIG_X: 'n' },
  'host-collectors/system/sysctl.json': { 'net.ipv4.ip_forward': '1', 'vm.swappiness': '60', 'kernel.hostname': 'a' },
  'host-collectors/system/ubuntu-packages.json': {
    os: 'ubuntu',
    osVersion: '20.04',
    packages: [
      { name: 'nfs-common', details: 'Package: nfs-common\nVersion: 1:2.6\nInstalled-Size: 77\n', exitCode: '0' },
      { name: 'none', details: 'dpkg: package none is not installed', exitCode: '0' },
      { name: 'ended', details: '', exitCode: '1' },
      { name: 'broken', details: '', exitCode: '1', error: 'boom' },
    ],
  },
  'host-collectors/system/networkNamespaceConnectivity.json': {
    from_cidr: '10.0.0.0/24',
    to_cidr: '10.0.1.0/24',
    errors: { udp_client: 'timeout', tcp_server: 'refused' },
    output: { logs: ['a'] },
    success: false,
  },
  'host-collectors/system/fine.json': { from_cidr: '10.0.0.0/24', to_cidr: '10.0.1.0/24', errors: {}, output: {}, success: true },
  'host-collectors/filesystemPerformance/etcd.json': {
    jobs: [{ jobname: 'fsperf', sync: { lat_ns: { min: 1000, max: 61_500_000_000, mean: 1_000_000.5, percentile } } }],
  },
  'host-collectors/registry-images/images.json': {
    images: { b: { exists: true }, a: { exists: false }, c: { error: 'no route' } },
  },
  'host-collectors/http/result.json': { response: { status: 200 } },
  'host-collectors/http/down.json': { error: { message: 'refused' } },
  'host-collectors/run-host/info.json': { ready: true },
}

const passFail = (when?: string) => [{ fail: { when, message: 'held' } }, { pass: { message: 'not' } }]
const each = (key: string, whens: string[], config: object = {}) =>
  whens.map((when, index) => ({ [key]: { checkName: `${key} ${index} ${when}`, ...config, outcomes: passFail(when) } }))
const latency = [
  { warn: { when: 'fileNotCollected', message: 'none' } },
  { fail: { when: 'p99 > 10ms', message: 'slow {{ .P99 }}' } },
  { pass: { message: '{{ .P1 }} {{ .P50 }} {{ .P99 }} {{ .P9995 }} {{ .Min }} {{ .Max }} {{ .Average }} {{ .P5 }}' } },
]
const packages = [
  {
    pass: {
      when: '{{ .IsInstalled }}',
      message: '{{ .Name }} {{ .Version }} {{ .InstalledSize }} on {{ .OS }} {{ .OSVersionMajor }}.{{ .OSVersionMinor }}',
    },
  },
  { warn: { when: '{{ and (eq .OS "ubuntu") (ne .Error "") }}', message: '{{ .Name | upper }}: {{ .Error }} {{ .ExitCode }}' } },
  { fail: { when: '{{ not .IsInstalled }}', message: '{{ .Name }} is missing' } },
]
const connectivity = [
  { pass: { message: '{{ .FromCIDR }} to {{ .ToCIDR }}: {{ .Success }}' } },
  { fail: { message: '{{ .FromCIDR }} to {{ .ToCIDR }}: {{ .ErrorMessage }}' } },
]

const CASES: Record<string, object[]> = {
  network: [
    ...each('tcpLoadBalancer', ['connected', 'connection-refused']),
    { httpLoadBalancer: { collectorName: 'web', outcomes: passFail('connection-refused') } },
    { tcpPortStatus: { outcomes: passFail('address-in-use') } },
    { udpPortStatus: { outcomes: passFail('address-in-use') } },
    { tcpConnect: { outcomes: passFail('connection-timeout') } },
    { subnetAvailable: { outcomes: passFail('no-subnet-available') } },
    ...each('subnetContainsIP', ['true', 'false'], { cidr: '10.0.0.0/8', ip: '10.1.2.3' }),
    { subnetContainsIP: { cidr: 'fd00::/8', ip: 'fd00::1', outcomes: passFail('true') } },
    { networkNamespaceConnectivity: { outcomes: connectivity } },
    { networkNamespaceConnectivity: { collectorName: 'fine', outcomes: connectivity } },
    ...each('http', ['statusCode != 200', 'statusCode == 200', 'error']),
    ...each('http', ['statusCode == 200', 'error'], { collectorName: 'down' }),
  ],
  files: [
    ...each('certificate', ['key-pair-valid', 'key-pair-missing']),
    {
      certificatesCollection: {
        outcomes: [
          { pass: { message: 'valid' } },
          { fail: { message: 'invalid' } },
          { warn: { when: 'notAfter < Today + 365 days', message: 'ends' } },
        ],
      },
    },
    ...each('blockDevices', ['.* > 1', 'sd.* == 2', 'sdb >= 1', 'sd[ce] < 1', '.* <= 0']),
    ...each('blockDevices', ['.* > 1'], { minimumAcceptableSize: 100 }),
    ...each('blockDevices', ['.* == 3'], { includeUnmountedPartitions: true }),
    ...each('blockDevices', ['loop0 == 1'], { additionalDeviceTypes: ['loop'] }),
    {
      kernelConfigs: {
        selectedConfigs: ['CONFIG_BRIDGE=my', 'CONFIG_NF_NAT=y'],
        outcomes: [{ pass: { message: 'all' } }, { fail: { message: 'x' } }],
      },
    },
    {
      kernelConfigs: {
        selectedConfigs: ['CONFIG_BRIDGE=y', 'CONFIG_NF_NAT=y', 'CONFIG_NONE=m'],
        outcomes: [{ pass: { message: 'all' } }, { fail: { message: 'missing {{ .ConfigsNotFound }}' } }],
      },
    },
    ...each('sysctl', [
      'net.ipv4.ip_forward == 0',
      'net.ipv4.ip_forward = 1',
      'vm.swappiness > 10',
      'vm.swappiness <= 10',
      'kernel.hostname == a',
    ]),
    { systemPackages: { collectorName: 'ubuntu', outcomes: packages } },
    { filesystemPerformance: { collectorName: 'etcd', outcomes: latency } },
    ...each('filesystemPerformance', ['P99 > 2ms', 'average >= 1.5ms', 'max > 1m', 'p50 == 900us', 'min < 1us'], {
      collectorName: 'etcd',
    }),
    {
      registryImages: {
        outcomes: [
          { fail: { when: 'errors > 0', message: '{{ .Errors }} {{ .Missing }} {{ .Verified }} {{ .UnverifiedReasons }}' } },
          { pass: {} },
        ],
      },
    },
    {
      jsonCompare: {
        fileName: 'host-collectors/run-host/info.json',
        path: 'ready',
        value: 'true',
        outcomes: [{ pass: { message: 'ready' } }],
      },
    },
    {
      textAnalyze: {
        fileName: 'host-collectors/certificate/certificate.json',
        regex: 'valid',
        outcomes: [{ pass: { when: 'true', message: 'matched' } }],
      },
    },
  ],
}

describe("the peer's verdicts on a host's bundle", () => {
  let tool = ''
  let bundle: Bundle
  beforeAll(async () => {
    tool = await peerTool(`${Object.keys(CASES).length} comparisons of host analyzers`)
    bundle = await makeBundle(FILES)
  }, 1_200_000)
  afterAll(() => bundle.remove())

  it.for(Object.keys(CASES))('are ours: %s', async (name, { skip }) => {
    const spec = { hostAnalyzers: CASES[name] }
    const mine = await ours(bundle.archive, spec)
    expect(mine.lines.filter((line) => line.includes('Analyzer Failed'))).toEqual([])
    if (tool === '') return skip()
    const theirs = await peers(tool, bundle.archive, spec)
    const said = ({ lines }: { lines: string[] }) => lines.filter((line) => !line.startsWith('none'))
    expect(said(mine)).toEqual(said(theirs))
    const judged = ({ json }: { json: unknown[] }) => json.filter((one) => (one as { severity: string }).severity !== '')
    expect(judged(mine)).toEqual(judged(theirs))
  })
})
