import type { Clock } from '../../../core/clock.ts'
import type { LogSource } from '../../../core/contract/index.ts'

/** Keeps the logs of a node that is dead from being waited for one after the other: there may be hundreds. */
export interface SilentNodes {
  /** The log, or what the logs of its node before it ended with, at once, when several in a row were waited for in vain. */
  read(source: LogSource, log: () => AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
}

/** In a row, of one node. */
const MOST_IN_VAIN = 4
/** A refusal that comes sooner costs nothing. */
const SLOW_MS = 1000

export function createSilentNodes(clock: Clock): SilentNodes {
  const inVain = new Map<string, number>()

  return {
    async *read(source, log) {
      const node = nodeOf(source)
      if (node === undefined) return yield* log()
      if ((inVain.get(node) ?? 0) >= MOST_IN_VAIN)
        throw Object.assign(new Error(`node "${node}" gave none of several logs that were asked for before`), SILENT)
      const beganMs = clock.monotonicMs()
      let isBegun = false
      try {
        for await (const piece of log()) {
          isBegun = true
          yield piece
        }
        inVain.delete(node)
      } catch (error) {
        const isSlow = clock.monotonicMs() - beganMs >= SLOW_MS
        if (isBegun) inVain.delete(node)
        else if (isSlow && isRetryable(error)) inVain.set(node, (inVain.get(node) ?? 0) + 1)
        throw error
      }
    },
  }
}

const SILENT = { code: 'NODE_SILENT', class: 'retryable' }

const isRetryable = (error: unknown) => (error as { class?: unknown } | null)?.class === 'retryable'

function nodeOf({ object }: LogSource): string | undefined {
  const { nodeName } = (object?.json['spec'] ?? {}) as { nodeName?: unknown }
  return typeof nodeName === 'string' && nodeName !== '' ? nodeName : undefined
}
