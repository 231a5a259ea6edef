import {
  ahead,
  type CollectorContext,
  CONTRACT,
  defineCollector,
  indentedJson,
  missing,
  type Output,
  pluginError,
  reasonLine,
} from '../../core/contract/index.ts'
import { NodeMetricsConfig } from './schema.ts'

/** Each kubelet gathers for a second or so, and one that is away costs the time of a connection. */
const NODES_AT_ONCE = 8
/** A summary of a full node has less than 1 MiB. */
const MAX_SUMMARY_BYTES = 32 * 1024 * 1024
/** A folder deeper than where analyzers look for nodes. */
const ERRORS = 'node-metrics/errors/errors.json'

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
    const problems = new Map<string, unknown>()
    const names = await nodesOf(context, (error) => problems.set('*', error))
    const summary = (name: string) => kube.raw(`/api/v1/nodes/${encodeURIComponent(name)}/proxy/stats/summary`)
    for await (const { item: name, values } of ahead(names, NODES_AT_ONCE, summary)) {
      try {
        yield { type: 'file', path: `node-metrics/${name}.json`, format: 'json', body: await whole(values) }
      } catch (error) {
        signal.throwIfAborted()
        problems.set(name, error)
      }
    }
    signal.throwIfAborted()
    yield* told(problems)
  },
})

/** Names of the nodes that the entry means, each once. What cannot be listed is told, and named ones come all the same. */
async function nodesOf(
  { config, kube, signal }: CollectorContext<NodeMetricsConfig>,
  tell: (error: unknown) => void,
): Promise<Set<string>> {
  const { nodeNames, selector } = config
  const names = new Set(nodeNames)
  if (nodeNames.length > 0 && selector.length === 0) return names
  try {
    const query = selector.length > 0 ? { labelSelector: selector.join(',') } : {}
    for await (const { items } of kube.list({ version: 'v1', plural: 'nodes', isNamespaced: false }, query))
      for (const { json } of items) names.add(String((json['metadata'] as { name?: unknown } | undefined)?.name))
    if (names.size === 0) tell(pluginError('NODES_MISSING', 'there are none that fit', { class: 'config' }))
  } catch (error) {
    signal.throwIfAborted()
    tell(error)
  }
  return names
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

/** A warning for each node, and all reasons in a file. */
function* told(problems: ReadonlyMap<string, unknown>): Generator<Output> {
  if (problems.size === 0) return
  const reasons = [...problems].map(([name, error]) => [name, reasonLine(error)] as const)
  yield indentedJson(ERRORS, Object.fromEntries(reasons))
  for (const [name, error] of problems) {
    const what = name === '*' ? 'nodes could not be listed' : `no metrics of the node "${name}"`
    yield missing('NODE_METRICS_MISSING', `${what}: ${reasonLine(error)}`, [error])
  }
}
