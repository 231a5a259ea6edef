import { randomUUID } from 'node:crypto'
import { nodePlace } from '../../core/contract/index.ts'
import { fail } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { listPages } from '../../core/kube/list.ts'
import type { NodesWork } from '../../core/node-relay.ts'
import type { NodeWord } from '../../core/node-words.ts'
import type { RunRequest } from '../../core/task.ts'
import { expired } from '../task/kube/sweep.ts'
import { inPool } from '../task/pool.ts'
import { removeLeftPods } from './left-pods.ts'
import { lastWord, lookAtNode, type Place } from './one-node.ts'

/** Nodes looked at at the same time. */
const AT_ONCE = 8
/** Between the end of a run's work and the time from which anybody may remove its pods. */
const EXPIRY_MS = 60_000
const OS_LABEL = 'kubernetes.io/os'

type Run = RunRequest['run']

/**
 * The work of one run on all nodes, by a pod on each, for whoever may do what the manifest `host-access` allows. A node that fails is
 * told, and keeps nothing from the others. Rejects with what the server says when nodes cannot be listed.
 */
export function workOnNodes(place: Place, run: Run): NodesWork {
  const { client, namespace } = place
  const { clock } = client
  return async ({ entries, timeoutMs }, listener, signal) => {
    const endsAtMs = clock.monotonicMs() + timeoutMs
    const nodes = await nodesOf(client, signal)
    // What is left there is not worth the loss of the work.
    await removeLeftPods(place, expired(clock.now()), signal).catch(() => 0)
    listener.nodes(nodes.map(({ name }) => name))
    const owner = ownerOf(run, namespace, new Date(clock.now().getTime() + timeoutMs + EXPIRY_MS))
    await inPool(nodes, AT_ONCE, async (node) => {
      const say = (word: NodeWord) => listener.say(node.name, word)
      try {
        signal.throwIfAborted()
        if (node.reason !== undefined) throw fail('HOST_POD_FAILED', { reason: node.reason, namespace })
        const leftMs = Math.max(0, Math.round(endsAtMs - clock.monotonicMs()))
        await lookAtNode(node.name, { run, entries, timeoutMs: leftMs }, say, { ...place, owner, signal })
        await say({ kind: 'over' })
      } catch (error) {
        // Nobody listens any more.
        if (!signal.aborted) await say(lastWord(error, namespace))
      }
    })
  }
}

interface Node {
  name: string
  /** why it is not looked at */
  reason?: string
}

async function nodesOf(client: KubeClient, signal: AbortSignal): Promise<Node[]> {
  const found: Node[] = []
  for await (const { items } of listPages(client, { path: '/api/v1/nodes', signal }))
    for (const { json } of items) {
      const { name, isReady, labels } = nodePlace(json)
      const os = labels[OS_LABEL] ?? 'linux'
      const reason = os !== 'linux' ? `it runs ${os}` : isReady ? undefined : 'it is not ready'
      found.push({ name, ...(reason === undefined ? {} : { reason }) })
    }
  return found
}

const ownerOf = ({ id, uid = randomUUID(), job, namespace }: Run, defaultNamespace: string, expiresAt: Date) => ({
  run: { id, uid, job, namespace },
  isObject: false,
  expiresAt,
  defaultNamespace,
  mayUseTokens: false,
  withheld: [],
})
