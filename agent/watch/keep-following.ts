import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/contract/index.ts'
import { asProblem } from '../../core/errors.ts'
import type { Mirror } from './mirror.ts'

const AGAIN_MS = 5_000

/** Follows the store until the signal aborts, whatever happens to it: one that was away is read anew once it is back. Never rejects. */
export async function keepFollowing(
  mirror: Pick<Mirror, 'follow'>,
  edge: { clock: Clock; log: Logger },
  signal: AbortSignal,
  onChange: (job: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await mirror.follow(signal, onChange)
    } catch (error) {
      edge.log.error({ problem: asProblem(error) }, 'the store cannot be followed; it is tried again')
    }
    if (!signal.aborted) await edge.clock.sleep(AGAIN_MS, signal).catch(() => undefined)
  }
}
