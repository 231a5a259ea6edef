import { expired, type KeptBundle } from '../../core/retention.ts'
import type { PruneRequest, PruneResult } from '../../core/task.ts'
import type { DeliverEdge } from './deliver.ts'
import { openTarget } from './target.ts'

/** Applies a job's retention at one target. An uploader that cannot list or remove keeps everything: its store has rules of its own. */
export async function pruneTask(request: PruneRequest, edge: DeliverEdge): Promise<PruneResult> {
  const state = { get: () => undefined, set: async () => undefined }
  const { plugin, context } = await openTarget(request.target, request.run, { ...edge, state })
  if (!plugin.list || !plugin.remove) return { removed: [] }
  const kept: KeptBundle[] = []
  for await (const { fileName, at } of plugin.list(context)) kept.push({ fileName, at, isGood: fileName === request.lastGood })
  const removed: string[] = []
  for (const { fileName } of expired(kept, request.retention, edge.clock.now())) {
    edge.signal.throwIfAborted()
    await plugin.remove(context, fileName)
    removed.push(fileName)
  }
  return { removed }
}
