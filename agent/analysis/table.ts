import { blockDevices } from './analyzers/block-devices.ts'
import { certificates, certificatesCollection } from './analyzers/certificates.ts'
import { clusterContainerStatuses } from './analyzers/cluster-container-statuses.ts'
import { clusterPodStatuses } from './analyzers/cluster-pod-statuses.ts'
import { clusterResource } from './analyzers/cluster-resource.ts'
import { clusterVersion } from './analyzers/cluster-version.ts'
import { containerRuntime } from './analyzers/container-runtime.ts'
import { cpu } from './analyzers/cpu.ts'
import { clickhouse, mssql, mysql, postgres, redis, s3Status } from './analyzers/databases.ts'
import { diskUsage } from './analyzers/disk-usage.ts'
import { distribution } from './analyzers/distribution.ts'
import { jsonCompare, yamlCompare } from './analyzers/document-compare.ts'
import { event } from './analyzers/event.ts'
import { customResourceDefinition, ingress, ingressClass, storageClass } from './analyzers/existence.ts'
import { filesystemPerformance } from './analyzers/filesystem-performance.ts'
import {
  certificate as keyPair,
  httpLoadBalancer,
  networkNamespaceConnectivity,
  subnetAvailable,
  subnetContainsIP,
  tcpConnect,
  tcpLoadBalancer,
  tcpPortStatus,
  udpPortStatus,
} from './analyzers/host-network.ts'
import { hostOS } from './analyzers/host-os.ts'
import { hostServices } from './analyzers/host-services.ts'
import { hostHttp, http } from './analyzers/http.ts'
import { ipv4Interfaces } from './analyzers/ipv4-interfaces.ts'
import { kernelConfigs } from './analyzers/kernel-configs.ts'
import { kernelModules } from './analyzers/kernel-modules.ts'
import { configMap, imagePullSecret, secret } from './analyzers/keyed-object.ts'
import { memory } from './analyzers/memory.ts'
import { nodeMetrics } from './analyzers/node-metrics.ts'
import { nodeResources } from './analyzers/node-resources.ts'
import { hostRegistryImages, registryImages } from './analyzers/registry-images.ts'
import { hostSysctl, sysctl } from './analyzers/sysctl.ts'
import { systemPackages } from './analyzers/system-packages.ts'
import { hostTextAnalyze, textAnalyze } from './analyzers/text-analyze.ts'
import { time } from './analyzers/time.ts'
import { deploymentStatus, jobStatus, replicasetStatus, statefulsetStatus } from './analyzers/workload-status.ts'
import type { AnalyzerKind } from './define.ts'

/** By the list of a spec: the analyzers that work, and those of the peer that give a warning instead of a verdict. */
export interface Known {
  built: ReadonlyMap<string, AnalyzerKind>
  notBuilt: ReadonlySet<string>
}

export const CLUSTER_ANALYZERS: Known = {
  built: new Map(
    Object.entries({
      certificates,
      clickhouse,
      clusterContainerStatuses,
      clusterPodStatuses,
      clusterResource,
      clusterVersion,
      configMap,
      containerRuntime,
      customResourceDefinition,
      deploymentStatus,
      distribution,
      event,
      http,
      imagePullSecret,
      ingress,
      ingressClass,
      jobStatus,
      jsonCompare,
      mssql,
      mysql,
      nodeMetrics,
      nodeResources,
      postgres,
      redis,
      registryImages,
      replicasetStatus,
      s3Status,
      secret,
      statefulsetStatus,
      storageClass,
      sysctl,
      textAnalyze,
      yamlCompare,
    }),
  ),
  notBuilt: new Set(['cephStatus', 'goldpinger', 'longhorn', 'velero', 'weaveReport', 'sonobuoy', 'collectd']),
}

export const HOST_ANALYZERS: Known = {
  built: new Map(
    Object.entries({
      certificate: keyPair,
      httpLoadBalancer,
      networkNamespaceConnectivity,
      subnetAvailable,
      subnetContainsIP,
      tcpConnect,
      tcpLoadBalancer,
      tcpPortStatus,
      udpPortStatus,
      blockDevices,
      certificatesCollection,
      cpu,
      diskUsage,
      filesystemPerformance,
      hostOS,
      hostServices,
      http: hostHttp,
      ipv4Interfaces,
      jsonCompare,
      kernelConfigs,
      kernelModules,
      memory,
      registryImages: hostRegistryImages,
      sysctl: hostSysctl,
      systemPackages,
      textAnalyze: hostTextAnalyze,
      time,
    }),
  ),
  notBuilt: new Set<string>(),
}
