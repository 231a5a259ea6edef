import { deadline } from '../../core/clock.ts'
import { fail } from '../../core/errors.ts'
import { expired, type KeptBundle } from '../../core/retention.ts'
import type { PruneRequest, PruneResult } from '../../core/task.ts'
import type { DeliverEdge } from './deliver.ts'
import { explain, RETRY } from './explain.ts'
import { openTarget } from './target.ts'

/**
 * Applies a job's retention at one target. An uploader that cannot list or remove keeps everything: its store has rules of its
 * own. Throws what went wrong, with the target's secrets masked.
 */
export async function pruneTask(request: PruneRequest, edge: DeliverEdge): Promise<PruneResult> {
  const { target, timeoutMs } = request
  const time = deadline(
    edge.clock,
    timeoutMs,
    fail('UPLOAD_FAILED', { name: target.uploader, reason: 'removing did not end in time', remedy: RETRY }),
  )
  try {
    return await prune(request, { ...edge, signal: AbortSignal.any([edge.signal, time.signal]) })
  } catch (error) {
    const { code, message, remedy } = explain(error, target)
    throw Object.assign(fail('INTERNAL', { reason: message }), { code, message, remedy })
  } finally {
    time.stop()
  }
}

async function prune({ target, run, retention, lastGood }: PruneRequest, edge: DeliverEdge): Promise<PruneResult> {
  const state = { get: () => undefined, set: async () => undefined }
  const { plugin, context } = await openTarget(target, run, { ...edge, state })
  if (!plugin.list || !plugin.remove) return { removed: [] }
  const kept: KeptBundle[] = []
  for await (const { fileName, at } of plugin.list(context)) kept.push({ fileName, at, isGood: fileName === lastGood })
  const removed: string[] = []
  for (const { fileName } of expired(kept, retention, edge.clock.now())) {
    edge.signal.throwIfAborted()
    await plugin.remove(context, fileName)
    removed.push(fileName)
  }
  return { removed }
}
