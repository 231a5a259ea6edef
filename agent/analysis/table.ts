import { clusterVersion } from './analyzers/cluster-version.ts'
import { cpu } from './analyzers/cpu.ts'
import { diskUsage } from './analyzers/disk-usage.ts'
import { hostOS } from './analyzers/host-os.ts'
import { hostServices } from './analyzers/host-services.ts'
import { ipv4Interfaces } from './analyzers/ipv4-interfaces.ts'
import { kernelModules } from './analyzers/kernel-modules.ts'
import { memory } from './analyzers/memory.ts'
import { hostTextAnalyze, textAnalyze } from './analyzers/text-analyze.ts'
import { time } from './analyzers/time.ts'
import type { AnalyzerKind } from './define.ts'

/** By the list of a spec: the analyzers that work, and those of the peer that this version does not have yet. */
export interface Known {
  built: ReadonlyMap<string, AnalyzerKind>
  notBuilt: ReadonlySet<string>
}

export const CLUSTER_ANALYZERS: Known = {
  built: new Map(Object.entries({ clusterVersion, textAnalyze })),
  notBuilt: new Set(
    `storageClass ingressClass customResourceDefinition ingress secret configMap imagePullSecret deploymentStatus
    statefulsetStatus jobStatus replicasetStatus clusterPodStatuses clusterContainerStatuses containerRuntime distribution
    nodeResources yamlCompare jsonCompare postgres mssql mysql redis clickhouse cephStatus velero longhorn registryImages
    weaveReport sysctl clusterResource certificates goldpinger event nodeMetrics http s3Status`.split(/\s+/),
  ),
}

export const HOST_ANALYZERS: Known = {
  built: new Map(
    Object.entries({
      cpu,
      memory,
      diskUsage,
      hostOS,
      time,
      ipv4Interfaces,
      hostServices,
      kernelModules,
      textAnalyze: hostTextAnalyze,
    }),
  ),
  notBuilt: new Set(
    `tcpLoadBalancer httpLoadBalancer tcpPortStatus udpPortStatus http blockDevices systemPackages tcpConnect subnetAvailable
    subnetContainsIP filesystemPerformance certificate certificatesCollection kernelConfigs jsonCompare
    networkNamespaceConnectivity sysctl registryImages`.split(/\s+/),
  ),
}
