import {
  type CollectorContext,
  CONTRACT,
  defineCollector,
  jsonFile,
  missing,
  ownNamespace,
  reasonLine,
} from '../../core/contract/index.ts'
import { bytesOfBody, ownPod, POD_PERMISSIONS, waitForPod } from '../../core/contract/pods/index.ts'
import { type ClusterDns, readClusterDns } from './cluster-dns.ts'
import { readAnswers, SCRIPT } from './questions.ts'
import { DnsConfig } from './schema.ts'

const TIMEOUT_MS = 60_000
const MAX_LOG_BYTES = 1024 * 1024
const NAME = 'troubleshoot-dns'

export default defineCollector<DnsConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'dns',
    version: '1.0.0',
    summary: 'what the cluster and a pod in it say of DNS',
    specKey: 'dns',
    permissions: [
      ...POD_PERMISSIONS.filter(({ resources }) => !resources.includes('secrets')),
      { apiGroups: [''], resources: ['services', 'endpoints'], verbs: ['list'], why: 'addresses of DNS in kube-system' },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get'], why: 'the settings of DNS in kube-system' },
    ],
    outputs: ['dns'],
  },
  configSchema: DnsConfig,
  async *collect(context) {
    const { config, kube, signal } = context
    signal.throwIfAborted()
    const problems: { what: string; error: unknown }[] = []
    const found = await readClusterDns(kube, (what, error) => problems.push({ what, error }))
    signal.throwIfAborted()
    const log = await asked(context).catch((error: unknown) => {
      signal.throwIfAborted()
      problems.push({ what: 'a pod that asks', error })
      return undefined
    })
    signal.throwIfAborted()
    const failure = problems.find(({ what }) => what === 'a pod that asks')
    yield { type: 'file', path: 'dns/debug.txt', format: 'text', body: told(found, config, log, failure?.error) }
    yield jsonFile('dns/debug.json', summary(found, config, log ?? ''))
    for (const { what, error } of problems) yield missing('DNS_MISSING', `${what}: ${reasonLine(error)}`, [error])
  },
})

/** What a pod is told when it asks. */
async function asked(context: CollectorContext<DnsConfig>): Promise<string> {
  const { config, kube } = context
  const metadata = { name: NAME, namespace: ownNamespace(context, ''), labels: { 'troubleshoot-role': 'dns-collector' } }
  const command = ['/bin/sh', '-c', SCRIPT, 'sh', config.nonResolvable]
  const spec = { restartPolicy: 'Never', containers: [{ name: NAME, image: config.image, command }] }
  const pod = await ownPod(kube, metadata, spec)
  const { failure } = await waitForPod(context, pod, { until: 'ended', timeoutMs: config.timeout || TIMEOUT_MS })
  if (failure) throw failure
  const log = await bytesOfBody(kube.logs({ ...pod, container: NAME }, {}), MAX_LOG_BYTES)
  return Buffer.from(log).toString('utf8')
}

function told(found: ClusterDns, { image }: DnsConfig, log: string | undefined, failure: unknown): string {
  const { clusterIp, pods, serviceIp, endpoints, coreDnsConfig, kubeDnsConfig } = found
  const parts = [
    clusterIp
      ? `=== Kubernetes Cluster IP from API Server: ${clusterIp}\n`
      : '=== Failed to detect Kubernetes Cluster IP: see the report\n',
    log === undefined
      ? `=== Failed to run commands from pod: ${reasonLine(failure)}\n`
      : `=== Test DNS resolution in pod ${image}: \n${log}`,
    `=== Running kube-dns pods: ${pods.join(', ')}\n`,
    `=== Running kube-dns service: ${serviceIp}\n`,
    `=== kube-dns endpoints: ${endpoints}\n`,
    coreDnsConfig === undefined ? '' : `=== CoreDNS config: \n${coreDnsConfig}`,
    kubeDnsConfig === undefined ? '' : `=== KubeDNS config: \n${kubeDnsConfig}`,
  ]
  return parts.join('')
}

/** With the peer's names. */
function summary({ clusterIp, pods, serviceIp, endpoints }: ClusterDns, { nonResolvable }: DnsConfig, log: string): object {
  const answers = readAnswers(log)
  return {
    kubernetesClusterIP: clusterIp,
    podResolvConf: answers.resolvConf,
    query: {
      kubernetes: answers.kubernetes,
      nonResolvableDomain: { name: nonResolvable, address: answers.nonResolvable },
    },
    kubeDNSPods: pods,
    kubeDNSService: serviceIp,
    kubeDNSEndpoints: endpoints,
  }
}
