import { asProblem } from './errors.ts'
import type { HostEntry, NodeWord } from './node-words.ts'
import type { FromTask, ToTask } from './task.ts'

/** What a run wants of the nodes. */
export interface NodesWanted {
  entries: HostEntry[]
  /** for all of it, in ms */
  timeoutMs: number
}

/** The run task, as whoever works on nodes speaks to it. */
export interface NodeListener {
  /** which nodes there are, before any word of one */
  nodes(names: string[]): void
  /** Resolves when the next word of this node may be said; rejects with the signal's reason. */
  say(node: string, word: NodeWord): Promise<void>
}

/**
 * Does what a run wants of nodes, and settles once nothing of it is left there. Rejects with why nothing came.
 *
 * @param signal aborts when the run task has ended, or needs no more
 */
export type NodesWork = (wanted: NodesWanted, listener: NodeListener, signal: AbortSignal) => Promise<void>

/** Words of one node on their way to the task: what is unheard lies in memory. */
const UNHEARD = 4

/** The parent's side of a run's work on nodes. Without `work` a run that wants some is told that there are none. */
export function createNodeRelay(send: (message: ToTask) => void, work: NodesWork | undefined) {
  const over = new AbortController()
  const lines = new Map<string, { unheard: number; wake: () => void }>()
  let working: Promise<void> | undefined

  const lineOf = (node: string) => {
    const line = lines.get(node) ?? { unheard: 0, wake: () => undefined }
    lines.set(node, line)
    return line
  }
  const listener: NodeListener = {
    nodes: (names) => send({ type: 'nodes', names }),
    async say(node, word) {
      over.signal.throwIfAborted()
      const line = lineOf(node)
      line.unheard++
      send({ type: 'node', node, word })
      while (line.unheard >= UNHEARD) {
        await new Promise<void>((resolve) => (line.wake = resolve))
        over.signal.throwIfAborted()
      }
    },
  }
  const begin = async (wanted: NodesWanted) => {
    try {
      if (!work) throw new Error('nobody looks at nodes here')
      await work(wanted, listener, over.signal)
      send({ type: 'nodes-over' })
    } catch (error) {
      send({ type: 'nodes-over', problem: asProblem(error) })
    }
  }
  return {
    take(message: FromTask): void {
      if (message.type === 'want-nodes') working ??= begin(message)
      const line = message.type === 'node-heard' ? lines.get(message.node) : undefined
      if (!line) return
      line.unheard--
      line.wake()
    },
    /** The task needs no more. Resolves once nothing is left on the nodes. */
    async stop(): Promise<void> {
      over.abort(new Error('the run has ended'))
      for (const line of lines.values()) line.wake()
      await working
    },
  }
}
