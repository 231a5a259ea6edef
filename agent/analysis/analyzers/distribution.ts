import * as z from 'zod'
import type { Analyzer } from '../analyzer.ts'
import { COMMON, defineAnalyzer } from '../define.ts'
import type { Report } from '../define.ts'
import { notCollected } from '../gather.ts'
import { listItems } from '../list-items.ts'
import { Node, NODES_FILE } from '../nodes.ts'
import { judge } from '../outcomes.ts'
import type { Outcome } from '../outcomes.ts'
import { listOf, readJson, text } from '../shapes.ts'

const RESOURCES_FILE = 'cluster-resources/resources.json'

type Sign = (node: Node) => boolean
const hasLabel =
  (key: string, value?: string): Sign =>
  ({ metadata }) =>
    Object.hasOwn(metadata.labels, key) && (value === undefined || metadata.labels[key] === value)
const hasProvider =
  (scheme: string): Sign =>
  ({ spec }) =>
    spec.providerID.startsWith(`${scheme}:`)

/** What shows on a node that the cluster is of a distribution; any of them. */
const SIGNS: Readonly<Record<string, readonly Sign[]>> = {
  microk8s: [hasLabel('microk8s.io/cluster', 'true')],
  dockerdesktop: [({ status }) => status.nodeInfo.osImage === 'Docker Desktop'],
  eks: [hasProvider('aws')],
  gke: [hasProvider('gce')],
  digitalocean: [hasProvider('digitalocean')],
  openshift: [],
  tanzu: [hasLabel('run.tanzu.vmware.com/kubernetesDistributionVersion')],
  kurl: [hasLabel('kurl.sh/cluster', 'true')],
  aks: [hasLabel('kubernetes.azure.com/role')],
  ibm: [hasProvider('ibm')],
  minikube: [hasLabel('minikube.k8s.io/version')],
  rke2: [({ metadata }) => Object.hasOwn(metadata.annotations, 'rke2.io/node-args')],
  k3s: [hasLabel('node.kubernetes.io/instance-type', 'k3s'), hasLabel('beta.kubernetes.io/instance-type', 'k3s')],
  oke: [hasLabel('oci.oraclecloud.com/fault-domain')],
  kind: [hasProvider('kind')],
  k0s: [hasLabel('node.k0sproject.io/role')],
  embeddedcluster: [hasLabel('kots.io/embedded-cluster-role')],
}
const ALIASES: Readonly<Record<string, string>> = { ibmcloud: 'ibm' }
const CONTROL_PLANE = ['master', 'control-plane'].map((role) => hasLabel(`node-role.kubernetes.io/${role}`))
/** API groups that only one distribution has. */
const GROUPS: readonly (readonly [prefix: string, distribution: string])[] = [
  ['apps.openshift.io/', 'openshift'],
  ['run.tanzu.vmware.com/', 'tanzu'],
]

/** `when`: `[==] <distribution>` or `!= <distribution>`. When none applies, that is a warning. */
export const distribution = defineAnalyzer({
  schema: z.strictObject(COMMON),
  title: () => 'Kubernetes Distribution',
  icon: {
    iconKey: 'kubernetes_distribution',
    iconUri: 'https://troubleshoot.sh/images/analyzer-icons/distribution.svg?w=20&h=14',
  },
  start: ({ outcomes }, report) => analyzer(outcomes, report),
})

function analyzer(outcomes: readonly Outcome[], report: Report): Analyzer {
  const found = new Set<string>()
  let hasNodes = false
  return {
    wants: (path) => path === NODES_FILE || path === RESOURCES_FILE,
    file(path, bytes) {
      const these = path === NODES_FILE ? byNodes([...listItems(path, bytes, Node)]) : byGroups(path, bytes)
      for (const one of these) found.add(one)
      hasNodes ||= path === NODES_FILE
    },
    finish() {
      if (!hasNodes) return [notCollected(report, NODES_FILE)]
      let unknown = ''
      const judgement = judge(outcomes, (when) => {
        const parts = when.trim().split(' ')
        const [operator = '', name = ''] = parts.length === 1 ? ['=', ...parts] : parts
        if (parts.length > 2) throw new Error('it must be like "== eks"')
        if (!/^(?:={1,3}|!==?)$/.test(operator)) throw new Error(`unknown operator "${operator}"; known are = == === != !==`)
        const normal = name.toLowerCase().replaceAll('-', '')
        const wanted = ALIASES[normal] ?? normal
        if (Object.hasOwn(SIGNS, wanted)) return found.has(wanted) !== operator.startsWith('!')
        unknown += `- Unknown distribution: ${name} `
        return false
      })
      return [report(judgement ?? { verdict: 'warn', message: unknown || 'None of the conditionals were met', uri: '' })]
    },
  }
}

function byNodes(nodes: readonly Node[]): string[] {
  const found = Object.keys(SIGNS).filter((name) => SIGNS[name]?.some((sign) => nodes.some(sign)))
  // The control plane of EKS has no nodes.
  const hasControlPlane = nodes.some((node) => CONTROL_PLANE.some((sign) => sign(node)))
  return hasControlPlane ? found.filter((name) => name !== 'eks') : found
}

function byGroups(path: string, bytes: Uint8Array): string[] {
  const lists = readJson(path, bytes, listOf(z.object({ groupVersion: text })))
  return GROUPS.filter(([prefix]) => lists.some(({ groupVersion }) => groupVersion.startsWith(prefix))).map(([, name]) => name)
}
