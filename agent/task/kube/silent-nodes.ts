import type { Clock } from '../../../core/clock.ts'
import type { LogSource } from '../../../core/contract/index.ts'
import { isStatus } from '../../../core/kube/status-error.ts'

/** Keeps the logs of a node that is dead or gone from being asked for one after the other: there may be hundreds. */
export interface SilentNodes {
  /**
   * The log; or an error at once, when several of its node in a row were waited for in vain, or the server said of one that there
   * is no such node.
   */
  read(source: LogSource, log: () => AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
}

/** In a row, of one node. */
const MOST_IN_VAIN = 4
/** A refusal that comes sooner costs nothing. */
const SLOW_MS = 1000

export function createSilentNodes(clock: Clock): SilentNodes {
  const inVain = new Map<string, number>()
  const gone = new Set<string>()

  return {
    async *read(source, log) {
      const node = nodeOf(source)
      if (node === undefined) return yield* log()
      if (gone.has(node)) throw Object.assign(new Error(`node "${node}" is gone, and the logs of its pods with it`), GONE)
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
        if (isMissing(error, node) && source.name !== node) gone.add(node)
        if (isBegun) inVain.delete(node)
        else if (isSlow && isRetryable(error)) inVain.set(node, (inVain.get(node) ?? 0) + 1)
        throw error
      }
    },
  }
}

const SILENT = { code: 'NODE_SILENT', class: 'retryable' }
const GONE = { code: 'NODE_GONE', class: 'config' }

/** The server names the node, though it calls it a pod. */
const isMissing = (error: unknown, node: string) => isStatus(error, 404) && error.details.name === node

const isRetryable = (error: unknown) => (error as { class?: unknown } | null)?.class === 'retryable'

function nodeOf({ object }: LogSource): string | undefined {
  const { nodeName } = (object?.json['spec'] ?? {}) as { nodeName?: unknown }
  return typeof nodeName === 'string' && nodeName !== '' ? nodeName : undefined
}
