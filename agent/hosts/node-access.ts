import { nodePlace } from '../../core/contract/index.ts'
import { fail, isFailure, reasonOf } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { listPages } from '../../core/kube/list.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { HOST_NAMESPACE, STORE_ACCOUNT } from '../../core/names.ts'
import type { NodesWork } from '../../core/node-relay.ts'
import type { RunRequest } from '../../core/task.ts'
import { accountCredentials } from '../identity/account-credentials.ts'
import type { NodeAccess } from '../outside.ts'
import { expired, leftBy } from '../task/kube/sweep.ts'
import { inPool } from '../task/pool.ts'
import { removeLeftPods } from './left-pods.ts'
import { lastWord, lookAtNode } from './one-node.ts'

/** Nodes looked at at the same time. */
const AT_ONCE = 8
const TOKEN_SECONDS = 3_600
/** Between the end of a run's work and the time from which anybody may remove its pods. */
const EXPIRY_MS = 60_000
const OS_LABEL = 'kubernetes.io/os'

type Run = RunRequest['run']

/**
 * The way to nodes, by pods in a namespace where nobody else may make any. Its token stays in this process: whoever has it owns the
 * nodes.
 *
 * @param agent the agent's own client, which may ask for that token
 */
export function nodeAccess(agent: KubeClient, image: string): NodeAccess {
  const account = { namespace: HOST_NAMESPACE, name: STORE_ACCOUNT, tokenSeconds: TOKEN_SECONDS }
  const client = agent.withCredentials(accountCredentials(agent, account), `ServiceAccount ${HOST_NAMESPACE}/${STORE_ACCOUNT}`)
  return {
    work: (run) => workOnNodes(client, image, run),
    sweep: (runUid) => removeLeftPods(client, leftBy(runUid)),
  }
}

/** The work of one run, for whoever may do with `client` what the manifest `host-access` allows. */
export function workOnNodes(client: KubeClient, image: string, run: Run): NodesWork {
  return async ({ entries, timeoutMs }, listener, signal) => {
    const { clock } = client
    const endsAtMs = clock.monotonicMs() + timeoutMs
    const nodes = await nodesOf(client, signal)
    // What is left there is not worth the loss of the work.
    await removeLeftPods(client, expired(clock.now()), signal).catch(() => 0)
    listener.nodes(nodes.map(({ name }) => name))
    const owner = ownerOf(run, new Date(clock.now().getTime() + timeoutMs + EXPIRY_MS))
    await inPool(nodes, AT_ONCE, async (node) => {
      const say = (word: Parameters<typeof listener.say>[1]) => listener.say(node.name, word)
      try {
        signal.throwIfAborted()
        if (node.reason !== undefined) throw fail('HOST_POD_FAILED', { reason: node.reason, namespace: HOST_NAMESPACE })
        const leftMs = Math.max(0, Math.round(endsAtMs - clock.monotonicMs()))
        await lookAtNode(node.name, { run, entries, timeoutMs: leftMs }, say, { client, image, owner, signal })
        await say({ kind: 'over' })
      } catch (error) {
        // Nobody listens any more.
        if (!signal.aborted) await say(lastWord(error))
      }
    })
  }
}

interface Node {
  name: string
  /** why it is not looked at */
  reason?: string
}

/** @throws HOSTS_UNAVAILABLE where the namespace or the rights are not there */
async function nodesOf(client: KubeClient, signal: AbortSignal): Promise<Node[]> {
  const found: Node[] = []
  try {
    for await (const { items } of listPages(client, { path: '/api/v1/nodes', signal }))
      for (const { json } of items) {
        const { name, isReady, labels } = nodePlace(json)
        const os = labels[OS_LABEL] ?? 'linux'
        const reason = os !== 'linux' ? `it runs ${os}` : isReady ? undefined : 'it is not ready'
        found.push({ name, ...(reason === undefined ? {} : { reason }) })
      }
  } catch (error) {
    const isUnset = isStatus(error, 401, 403, 404) || isFailure(error, 'TENANT_INCOMPLETE', 'AGENT_RIGHTS')
    throw isUnset ? fail('HOSTS_UNAVAILABLE', { reason: reasonOf(error) }, error) : error
  }
  return found
}

const ownerOf = ({ id, uid = id, job, namespace }: Run, expiresAt: Date) => ({
  run: { id, uid, job, namespace },
  isObject: false,
  expiresAt,
  defaultNamespace: HOST_NAMESPACE,
  mayUseTokens: false,
  withheld: [],
})
