import type { KubeClient } from '../../core/kube/client.ts'
import { watch } from '../../core/kube/watch.ts'
import { LABEL_ENABLED } from '../../core/names.ts'

/**
 * The opted-in namespaces, told whole after each change: labelled, and not being deleted. Goes on until the signal aborts;
 * while the server is away the last set holds.
 */
export async function* watchNamespaces(
  client: KubeClient,
  signal: AbortSignal,
  onProblem: (error: unknown) => void,
): AsyncGenerator<ReadonlySet<string>> {
  const known = new Set<string>()
  const options = { path: '/api/v1/namespaces', query: { labelSelector: `${LABEL_ENABLED}=true` }, signal, onProblem }
  for await (const event of watch(client, options)) {
    const items = event.type === 'resync' ? event.items : [event.object]
    if (event.type === 'resync') known.clear()
    for (const item of items) {
      const { name } = item.metadata
      if (!name) continue
      const isEnding = 'deletionTimestamp' in item.metadata
      if (event.type === 'deleted' || isEnding) known.delete(name)
      else known.add(name)
    }
    yield new Set(known)
  }
}
