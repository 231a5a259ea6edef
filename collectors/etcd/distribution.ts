import { type Kube } from '../../core/contract/index.ts'
import { type NodePlace, nodePlace } from '../../core/contract/pods/index.ts'

/** How etcd is run in a kind of cluster. */
export interface Distribution {
  name: string
  /** of the certificates, on its machines; the same folder in the container that asks */
  folder: string
  ca: string
  cert: string
  key: string
  /** true: it runs in no pod, and one of our own has to ask */
  isOutside: boolean
  /** machines that have it */
  nodes: NodePlace[]
}

const K0S = { folder: '/var/lib/k0s/pki/etcd', ca: 'ca.crt', cert: 'peer.crt', key: 'peer.key', isOutside: true }
const KURL = {
  folder: '/etc/kubernetes/pki/etcd',
  ca: 'ca.crt',
  cert: 'healthcheck-client.crt',
  key: 'healthcheck-client.key',
  isOutside: false,
}

type Known = Omit<Distribution, 'nodes'> & {
  isOne(labels: Record<string, string>): boolean
  hasEtcd(labels: Record<string, string>): boolean
}
/** Told by labels of nodes, the first that fits. */
const KNOWN: readonly Known[] = [
  { name: 'kurl', ...KURL, isOne: (labels) => labels['kurl.sh/cluster'] === 'true', hasEtcd: () => true },
  {
    name: 'embedded-cluster',
    ...K0S,
    isOne: (labels) => 'kots.io/embedded-cluster-role' in labels,
    hasEtcd: (labels) => 'node-role.kubernetes.io/control-plane' in labels,
  },
  {
    name: 'k0s',
    ...K0S,
    isOne: (labels) => 'node.k0sproject.io/role' in labels,
    hasEtcd: (labels) => labels['node.k0sproject.io/role'] === 'control-plane',
  },
]

/** Which of the known kinds this cluster is; undefined for all others. Throws as `list` does. */
export async function readDistribution(kube: Kube): Promise<Distribution | undefined> {
  const nodes: NodePlace[] = []
  for await (const { items, failure } of kube.list({ version: 'v1', plural: 'nodes', isNamespaced: false })) {
    if (failure) throw failure
    nodes.push(...items.map(({ json }) => nodePlace(json)))
  }
  for (const { isOne, hasEtcd, ...distribution } of KNOWN) {
    if (!nodes.some(({ labels }) => isOne(labels))) continue
    const having = nodes.filter(({ labels, isReady }) => isReady && hasEtcd(labels))
    return { ...distribution, nodes: having }
  }
  return undefined
}
