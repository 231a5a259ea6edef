import { deadline } from '../../core/clock.ts'
import { fail } from '../../core/errors.ts'
import type { VerifyRequest, VerifyResult } from '../../core/task.ts'
import type { DeliverEdge } from './deliver.ts'
import { explain } from './explain.ts'
import { openTarget } from './target.ts'

/**
 * Asks one target whether it would take a bundle, as its uploader does it: nothing stays there. Throws why it would not, with
 * the target's secrets masked.
 */
export async function verifyTask({ target, run, timeoutMs }: VerifyRequest, edge: DeliverEdge): Promise<VerifyResult> {
  const remedy = 'see whether its address can be reached from here'
  const late = fail('UPLOAD_FAILED', { name: target.uploader, reason: 'it did not answer in time', remedy })
  const time = deadline(edge.clock, timeoutMs, late)
  try {
    const state = { get: () => undefined, set: async () => undefined }
    const signal = AbortSignal.any([edge.signal, time.signal])
    const { plugin, context } = await openTarget(target, run, { ...edge, signal, state })
    if (!plugin.verify) return { isVerified: false }
    await plugin.verify(context)
    return { isVerified: true }
  } catch (error) {
    const { code, message, remedy: mend } = explain(error, target)
    throw Object.assign(fail('INTERNAL', { reason: message }), { code, message, remedy: mend })
  } finally {
    time.stop()
  }
}
