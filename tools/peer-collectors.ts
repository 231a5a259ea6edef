import { COMMON_FIELDS, UNSUPPORTED_COLLECTORS } from '../agent/specs/unsupported-collectors.ts'

const POD = 'image imagePullPolicy imagePullSecret timeout'

/** The peer's collectors that look into a cluster, with the fields that their entries have besides the common ones. */
const CLUSTER: Readonly<Record<string, string>> = {
  clusterInfo: '',
  clusterResources: 'namespaces ignoreRBAC',
  logs: 'name selector namespace containerNames limits timestamps',
  exec: 'name selector namespace containerName command args timeout',
  copy: 'name selector namespace containerPath containerName extractArchive',
  secret: 'name selector namespace key includeValue includeAllData',
  configMap: 'name selector namespace key includeValue includeAllData',
  run: `name namespace command args serviceAccountName ${POD}`,
  runPod: 'name namespace podSpec timeout imagePullSecret annotations allowImagePullRetries',
  runDaemonSet: 'name namespace podSpec timeout imagePullSecret',
  copyFromHost: `name namespace hostPath extractArchive ${POD}`,
  data: 'name data',
  http: 'name get post put',
  postgres: 'uri tls',
  mysql: 'uri parameters tls',
  mssql: 'uri tls',
  redis: 'uri tls',
  clickhouse: 'uri tls',
  nodeMetrics: 'nodeNames selector',
  helm: 'namespace releaseName collectValues',
  certificates: 'secrets configMaps',
  customMetrics: 'metricRequests',
  registryImages: 'images namespace imagePullSecret',
  sysctl: `name namespace ${POD}`,
  dns: 'timeout image nonResolvable',
  etcd: 'image',
  supportBundleMetadata: 'namespace',
  s3Status: 'bucketName region endpoint accessKeyID secretAccessKey usePathStyle insecure',
}

/** The peer's collectors that look at one machine. */
const HOST: Readonly<Record<string, string>> = {
  cpu: '',
  memory: '',
  cgroups: 'mountPoint',
  ipv4Interfaces: '',
  sysctl: '',
  time: '',
  blockDevices: '',
  kernelConfigs: '',
  kernelModules: '',
  hostOS: '',
  hostServices: '',
  systemPackages:
    'ubuntu ubuntu16 ubuntu18 ubuntu20 rhel rhel7 rhel8 rhel9 rocky rocky8 rocky9 centos centos7 centos8 centos9 ol ol7 ol8 ol9 amzn amzn2',
  networkNamespaceConnectivity: 'fromCIDR toCIDR timeout port',
  tcpLoadBalancer: 'address port timeout',
  httpLoadBalancer: 'address port path timeout',
  tcpPortStatus: 'interface port',
  udpPortStatus: 'interface port',
  subnetAvailable: 'CIDRRangeAlloc desiredCIDR',
  diskUsage: 'path',
  http: 'get post put',
  certificate: 'certificatePath keyPath',
  certificatesCollection: 'paths',
  filesystemPerformance:
    'operationSize directory fileSize sync datasync runTime timeout enableBackgroundIOPS backgroundIOPSWarmupSeconds backgroundWriteIOPS backgroundReadIOPS backgroundWriteIOPSJobs backgroundReadIOPSJobs',
  tcpConnect: 'address timeout',
  registryImages: 'images username password',
  run: 'command args outputDir input env inheritEnvs ignoreParentEnvs timeout',
  copy: 'path',
  journald: 'system dmesg units since until output lines reverse utc timeout',
  dns: 'hostnames',
}

function tableOf(
  kind: 'Collector' | 'HostCollector',
  table: Readonly<Record<string, string>>,
): ReadonlyMap<string, readonly string[]> {
  const rows = Object.entries(table).map(([key, text]) => {
    const own = text.split(' ').filter((one) => one !== '')
    return [key, [...COMMON_FIELDS, ...own]] as const
  })
  return new Map([...rows, ...UNSUPPORTED_COLLECTORS[kind]])
}

/** By the kind of its collectors, all that the peer has, with their fields. */
export const PEER_COLLECTORS = {
  Collector: tableOf('Collector', CLUSTER),
  HostCollector: tableOf('HostCollector', HOST),
} as const
