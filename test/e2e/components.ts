import { join } from 'node:path'
import { PAUSE_IMAGE } from './images.ts'
import { cgroupOf } from './sandbox.ts'
import type { USERS } from './users.ts'

/** Fixed addresses and names: the network namespace is this node's alone. */
export const NODE = {
  name: 'node-1',
  ip: '192.168.231.2',
  podCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  server: 'https://192.168.231.2:6443',
  etcd: 'http://127.0.0.1:2379',
  containerd: '/run/containerd/containerd.sock',
} as const

/** Files of a node, by what they are, below its folder. */
export const filesOf = (folder: string) => ({
  tokens: join(folder, 'tokens.csv'),
  serviceAccountKey: join(folder, 'sa.key'),
  /** made by the API server itself; it holds the CA that signed it too */
  serverCertificate: join(folder, 'pki', 'apiserver.crt'),
  /** written after it */
  serverKey: join(folder, 'pki', 'apiserver.key'),
  kubeletClientCertificate: join(folder, 'kubelet-client.crt'),
  kubeletClientKey: join(folder, 'kubelet-client.key'),
  auditPolicy: join(folder, 'audit-policy.json'),
  auditLog: join(folder, 'audit.log'),
  containerdConfig: join(folder, 'containerd.toml'),
  kubeletConfig: join(folder, 'kubelet.json'),
  proxyConfig: join(folder, 'kube-proxy.json'),
  networks: join(folder, 'networks'),
  volumePlugins: join(folder, 'volume-plugins'),
  kubeconfig: (user: keyof typeof USERS) => join(folder, `${user}.kubeconfig`),
})

/** Flags of each part, by the name that its program, process and log have. */
export const ARGS: Record<string, (folder: string) => string[]> = {
  etcd: (folder) => [
    `--data-dir=${join(folder, 'etcd')}`,
    '--unsafe-no-fsync',
    '--log-level=error',
    `--listen-client-urls=${NODE.etcd}`,
    `--advertise-client-urls=${NODE.etcd}`,
  ],
  'kube-apiserver': (folder) => {
    const files = filesOf(folder)
    return [
      `--etcd-servers=${NODE.etcd}`,
      `--advertise-address=${NODE.ip}`,
      `--cert-dir=${join(folder, 'pki')}`,
      `--token-auth-file=${files.tokens}`,
      `--service-account-key-file=${files.serviceAccountKey}`,
      `--service-account-signing-key-file=${files.serviceAccountKey}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-cluster-ip-range=${NODE.serviceCidr}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      `--kubelet-client-certificate=${files.kubeletClientCertificate}`,
      `--kubelet-client-key=${files.kubeletClientKey}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--audit-policy-file=${files.auditPolicy}`,
      `--audit-log-path=${files.auditLog}`,
      '--audit-log-maxsize=4000', // megabytes: a second file would hide half of what was asked
    ]
  },
  'kube-controller-manager': (folder) => [
    `--kubeconfig=${filesOf(folder).kubeconfig('controller-manager')}`,
    `--service-account-private-key-file=${filesOf(folder).serviceAccountKey}`,
    `--root-ca-file=${filesOf(folder).serverCertificate}`,
    '--use-service-account-credentials',
    '--allocate-node-cidrs',
    `--cluster-cidr=${NODE.podCidr}`,
    `--cert-dir=${join(folder, 'controller-manager')}`,
    `--flex-volume-plugin-dir=${filesOf(folder).volumePlugins}`,
    '--leader-elect=false',
  ],
  'kube-scheduler': (folder) => [
    `--kubeconfig=${filesOf(folder).kubeconfig('scheduler')}`,
    `--cert-dir=${join(folder, 'scheduler')}`,
    '--leader-elect=false',
  ],
  containerd: (folder) => [`--config=${filesOf(folder).containerdConfig}`],
  kubelet: (folder) => [
    `--kubeconfig=${filesOf(folder).kubeconfig('kubelet')}`,
    `--config=${filesOf(folder).kubeletConfig}`,
    `--root-dir=${join(folder, 'kubelet')}`,
    `--cert-dir=${join(folder, 'kubelet', 'pki')}`,
    `--hostname-override=${NODE.name}`,
    `--node-ip=${NODE.ip}`,
  ],
  'kube-proxy': (folder) => [`--config=${filesOf(folder).proxyConfig}`],
}

/** Everything is written down but bodies: who asked for what, and what came of it. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
}

/**
 * ptp, not bridge: traffic from pod to pod is routed, so that service addresses work without br_netfilter. Its bookkeeping lies in
 * the node's folder.
 */
export const podNetwork = (folder: string) => ({
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'ptp',
      ipMasq: true,
      ipam: {
        type: 'host-local',
        dataDir: join(folder, 'addresses'),
        ranges: [[{ subnet: '10.244.0.0/24' }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
})

export const containerdConfig = (folder: string) => `version = 2
root = "${join(folder, 'containerd')}"
[grpc]
  address = "${NODE.containerd}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${join(folder, 'opt')}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  # a machine that lacks CAP_SYS_RESOURCE can't lower the score, and no container would start
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${filesOf(folder).networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`

export const kubeletConfig = (folder: string) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: filesOf(folder).kubeletClientCertificate },
  },
  authorization: { mode: 'Webhook' },
  containerRuntimeEndpoint: `unix://${NODE.containerd}`,
  // cgroups of version 1 are not refused up to kubelet 1.34
  cgroupDriver: 'cgroupfs',
  cgroupRoot: cgroupOf(folder),
  enforceNodeAllocatable: [],
  failSwapOn: false,
  // the disk is the developer's: how full it is must not decide about pods
  evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '0%', 'imagefs.available': '0%' },
  imageGCHighThresholdPercent: 100,
  podLogsDir: join(folder, 'podlogs'),
  volumePluginDir: filesOf(folder).volumePlugins,
  resolvConf: '/dev/null',
})

export const proxyConfig = (folder: string) => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  mode: 'iptables',
  clusterCIDR: NODE.podCidr,
  clientConnection: { kubeconfig: filesOf(folder).kubeconfig('proxy') },
  hostnameOverride: NODE.name,
  iptables: { minSyncPeriod: '0s' }, // a new Service works at once
  // these are the whole machine's, not the namespace's
  conntrack: { maxPerCore: 0, min: 0 },
})
