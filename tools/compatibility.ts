import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CLUSTER_ANALYZERS, HOST_ANALYZERS, type Known } from '../agent/analysis/table.ts'
import { PEER_COLLECTORS } from './peer-collectors.ts'
import type { CollectorManifest, HostCollectorManifest } from '../core/contract/index.ts'
import { PROGRAM } from '../core/errors.ts'

const words = (text: string) => text.split(/\s+/)

/** The peer's analyzers. */
export const PEER_ANALYZERS = {
  analyzers: words(`clusterVersion storageClass ingressClass customResourceDefinition ingress secret configMap imagePullSecret
    deploymentStatus statefulsetStatus replicasetStatus jobStatus clusterPodStatuses clusterContainerStatuses containerRuntime
    distribution nodeResources textAnalyze yamlCompare jsonCompare clusterResource postgres mssql mysql redis clickhouse s3Status
    cephStatus longhorn velero weaveReport goldpinger sysctl registryImages certificates event nodeMetrics http`),
  hostAnalyzers: words(`cpu tcpLoadBalancer httpLoadBalancer diskUsage memory tcpPortStatus udpPortStatus http time blockDevices
    systemPackages kernelModules tcpConnect ipv4Interfaces subnetAvailable subnetContainsIP filesystemPerformance certificate
    certificatesCollection hostServices hostOS textAnalyze kernelConfigs jsonCompare networkNamespaceConnectivity sysctl
    registryImages`),
}
export const STATES = {
  works: 'works',
  unsupported: 'read, not supported',
} as const
type State = keyof typeof STATES

type AnyManifest = CollectorManifest | HostCollectorManifest

/** What each collector of the sources declares. */
export async function collectorManifests(): Promise<AnyManifest[]> {
  const folder = join(import.meta.dirname, '../collectors')
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  return Promise.all(
    names.toSorted().map(async (name) => {
      const module = (await import(pathToFileURL(join(folder, name, 'index.ts')).href)) as { default: { manifest: AnyManifest } }
      return module.default.manifest
    }),
  )
}

/** `docs/compatibility.md`: each collector and analyzer of the peer with its state here, from the tables that the program uses. */
export async function renderCompatibility(): Promise<string> {
  const manifests = await collectorManifests()
  return `# Compatibility with troubleshoot

Which collectors and analyzers of a \`troubleshoot.sh\` spec do what here. Every one of them may stand in a spec.

| state | means |
|---|---|
| ${STATES.works} | collects, or judges, as the spec says |
| ${STATES.unsupported} | for a product that few have: its fields are checked, the entry is skipped, \`skipped-collectors.json\` and a warning say so |

An analyzer that does not work gives a result that warns. \`${PROGRAM} validate\` shows it before anything runs.

${collectorTable('Collectors', 'Collector', manifests)}
${collectorTable('Host collectors', 'HostCollector', manifests)}
${analyzerTable('Analyzers', PEER_ANALYZERS.analyzers, CLUSTER_ANALYZERS)}
${analyzerTable('Host analyzers', PEER_ANALYZERS.hostAnalyzers, HOST_ANALYZERS)}`
}

function collectorTable(title: string, kind: AnyManifest['kind'], manifests: readonly AnyManifest[]): string {
  const peer = PEER_COLLECTORS[kind]
  const ours = new Map(manifests.filter((manifest) => manifest.kind === kind).map((one) => [one.specKey, one]))
  const rows = [...peer.keys()].map((key) => {
    const manifest = ours.get(key)
    const state: State = manifest ? 'works' : 'unsupported'
    return { key, state, note: manifest?.summary ?? '' }
  })
  const own = [...ours.values()].filter(({ specKey }) => !peer.has(specKey))
  const beyond =
    own.length === 0 ? '' : `\nBesides these: ${own.map(({ specKey, summary }) => `\`${specKey}\` (${summary})`).join(', ')}.\n`
  return `## ${title}\n\n${counts(rows)}\n\n| key | state | what it collects |\n|---|---|---|\n${rows
    .map(({ key, state, note }) => `| \`${key}\` | ${STATES[state]} | ${note} |\n`)
    .join('')}${beyond}`
}

function analyzerTable(title: string, peer: readonly string[], { built }: Known): string {
  const rows = peer.map((key) => {
    const state: State = built.has(key) ? 'works' : 'unsupported'
    return { key, state }
  })
  return `## ${title}\n\n${counts(rows)}\n\n| key | state |\n|---|---|\n${rows.map(({ key, state }) => `| \`${key}\` | ${STATES[state]} |\n`).join('')}`
}

function counts(rows: readonly { state: State }[]): string {
  const parts = (Object.keys(STATES) as State[]).map(
    (state) => `${STATES[state]}: ${rows.filter((row) => row.state === state).length}`,
  )
  return `${rows.length} in all; ${parts.join(', ')}.`
}
