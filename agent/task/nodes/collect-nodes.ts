import { asProblem, fail, type Problem } from '../../../core/errors.ts'
import type { HostEntry } from '../../../core/node-words.ts'
import { Fatal } from '../../bundle/fatal.ts'
import type { CollectorReport } from '../../bundle/report.ts'
import type { Parent } from '../parent.ts'
import type { PlannedCollector } from '../plan.ts'
import { orAbort } from '../abortable.ts'
import type { TakeEdge } from '../take.ts'
import { NODE_LIST_FILE } from './node-paths.ts'
import { reportOf, takeNode } from './take-node.ts'
import { createWordQueue, type WordQueue } from './word-queue.ts'

export interface NodesEdge extends TakeEdge {
  /** of the parent, which is who gets to nodes */
  nodes: Parent['nodes']
}

/**
 * Does the planned host collectors on each node of the cluster, by way of the parent, and takes what comes of it into the bundle.
 * Gives a report for each entry on each node, one more for a node that failed; a report for each entry when there are no nodes to
 * be had. Throws only Fatal.
 *
 * @param timeoutMs for the work on the nodes
 */
export async function collectNodes(
  planned: readonly PlannedCollector[],
  timeoutMs: number,
  edge: NodesEdge,
): Promise<CollectorReport[]> {
  const entries: HostEntry[] = planned.map(({ key, source, entry }) => ({ key, source, config: entry.config }))
  const queues = new Map<string, WordQueue>()
  const work: Promise<CollectorReport[]>[] = []
  const over = Promise.withResolvers<Problem | undefined>()
  const { heard } = edge.nodes({ entries, timeoutMs }, (message) => {
    if (message.type === 'nodes') {
      work.push(writeList(message.names, edge))
      for (const node of message.names) {
        const words = createWordQueue(edge.stop, () => heard(node))
        queues.set(node, words)
        work.push(takeNode(node, entries, words, edge))
      }
      // Heard at the end; until then it must not count as one that nobody hears.
      for (const one of work) one.catch((error: unknown) => over.reject(error))
    }
    if (message.type === 'node') queues.get(message.node)?.push(message.word)
    if (message.type === 'nodes-over') over.resolve(message.problem)
    // A node that has had its last word looks at no other.
    if (message.type === 'nodes-over') for (const words of queues.values()) words.push({ kind: 'over', ...lost(message.problem) })
  })
  const problem = await orAbort(over.promise, edge.stop).catch((error: unknown) => {
    if (edge.stop.aborted) return asProblem(fail('COLLECTOR_TIMED_OUT', { key: 'hostCollectors' }))
    throw error
  })
  if (queues.size === 0) return problem ? entries.map((entry) => failed(entry, problem)) : []
  return (await Promise.all(work)).flat()
}

const lost = (problem: Problem | undefined) => (problem ? { problem } : {})

const failed = (entry: HostEntry, error: Problem): CollectorReport => ({
  ...reportOf(entry),
  state: 'failed',
  isComplete: false,
  error,
})

/** In the peer's shape; its analyzers find the files of nodes by it. */
async function writeList(nodes: readonly string[], { sink, stop }: NodesEdge): Promise<CollectorReport[]> {
  const body = `${JSON.stringify({ nodes }, undefined, 2)}\n`
  await sink.take({ type: 'file', path: NODE_LIST_FILE, format: 'json', body }, stop).catch((error: unknown) => {
    if (error instanceof Fatal) throw error
  })
  return []
}
