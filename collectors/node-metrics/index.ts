import {
  ahead,
  type CollectorContext,
  CONTRACT,
  defineCollector,
  missing,
  pluginError,
  reasonLine,
} from '../../core/contract/index.ts'
import { NodeMetricsConfig } from './schema.ts'

/** Each kubelet gathers for a second or so, and one that is away costs the time of a connection. */
const NODES_AT_ONCE = 8
/** A summary of a full node has less than 1 MiB. */
const MAX_SUMMARY_BYTES = 32 * 1024 * 1024

export default defineCollector<NodeMetricsConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'node-metrics',
    version: '1.0.0',
    summary: 'what the kubelets say their nodes, pods and volumes use',
    specKey: 'nodeMetrics',
    permissions: [
      { apiGroups: [''], resources: ['nodes'], verbs: ['list'] },
      { apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'], why: 'stats/summary of the kubelet' },
    ],
    outputs: ['node-metrics'],
  },
  configSchema: NodeMetricsConfig,
  async *collect(context) {
    const { kube, signal } = context
    signal.throwIfAborted()
    const lost = (what: string, error: unknown) => missing('NODE_METRICS_MISSING', `${what}: ${reasonLine(error)}`, [error])
    const { names, problem } = await nodesOf(context)
    if (problem !== undefined) yield lost('nodes could not be listed', problem)
    const summary = (name: string) => kube.raw(`/api/v1/nodes/${encodeURIComponent(name)}/proxy/stats/summary`)
    for await (const { item: name, values } of ahead(names, NODES_AT_ONCE, summary)) {
      try {
        const body = await whole(values)
        signal.throwIfAborted()
        yield { type: 'file', path: `node-metrics/${name}.json`, format: 'json', body }
      } catch (error) {
        signal.throwIfAborted()
        yield lost(`no metrics of the node "${name}"`, error)
      }
    }
  },
})

/** Names of the nodes that the entry means, each once; where they cannot be listed, those that it names. */
async function nodesOf({
  config,
  kube,
  signal,
}: CollectorContext<NodeMetricsConfig>): Promise<{ names: Set<string>; problem?: unknown }> {
  const { nodeNames, selector } = config
  const names = new Set(nodeNames)
  if (nodeNames.length > 0 && selector.length === 0) return { names }
  try {
    const query = selector.length > 0 ? { labelSelector: selector.join(',') } : {}
    for await (const { items } of kube.list({ version: 'v1', plural: 'nodes', isNamespaced: false }, query))
      for (const { json } of items) names.add(String((json['metadata'] as { name?: unknown } | undefined)?.name))
    if (names.size > 0) return { names }
    return { names, problem: pluginError('NODES_MISSING', 'there are none that fit', { class: 'config' }) }
  } catch (problem) {
    signal.throwIfAborted()
    return { names, problem }
  }
}

async function whole(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const kept: Uint8Array[] = []
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > MAX_SUMMARY_BYTES) throw new Error(`its summary is larger than ${MAX_SUMMARY_BYTES / 2 ** 20} MiB`)
    kept.push(piece)
  }
  return Buffer.concat(kept)
}
