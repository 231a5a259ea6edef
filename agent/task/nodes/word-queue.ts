import type { NodeWord } from '../../../core/node-words.ts'
import { orAbort } from '../abortable.ts'

/** The words of one node, in their order, for one reader. */
export interface WordQueue {
  push(word: NodeWord): void
  /** The next word, once there is one; the parent is told then that another may come. Rejects with the signal's reason. */
  next(): Promise<NodeWord>
  /** Gives a word back, to be the next one. */
  unread(word: NodeWord): void
}

/** @param onTaken told of each word that was taken for the first time */
export function createWordQueue(stop: AbortSignal, onTaken: () => void): WordQueue {
  const words: NodeWord[] = []
  const taken = new WeakSet<NodeWord>()
  let wake: (() => void) | undefined
  return {
    push(word) {
      words.push(word)
      wake?.()
    },
    async next() {
      for (;;) {
        stop.throwIfAborted()
        const word = words.shift()
        if (word) {
          if (!taken.has(word)) onTaken()
          taken.add(word)
          return word
        }
        await orAbort(new Promise<void>((resolve) => (wake = resolve)), stop)
      }
    },
    unread: (word) => void words.unshift(word),
  }
}
