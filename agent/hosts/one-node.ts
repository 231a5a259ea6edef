import { deadline } from '../../core/clock.ts'
import { podState } from '../../core/contract/index.ts'
import { asProblem, fail, reasonOf } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { getObject } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { type HostRequest, MAX_WORD, type NodeWord } from '../../core/node-words.ts'
import { supervise } from '../../core/supervise.ts'
import { orAbort } from '../task/abortable.ts'
import { createOwned, type Owner } from '../task/kube/owned.ts'
import { HOST_ROOT, hostPod, NO_PROPAGATION } from './host-pod.ts'
import { startInPod } from './pod-task.ts'

/** Where pods on nodes are made, of which image, and as whom. */
export interface Place {
  client: KubeClient
  namespace: string
  image: string
}

export interface NodeEdge extends Place {
  owner: Owner
  /** ends all of it; what is on the node is removed all the same */
  signal: AbortSignal
}

/** A pod that does not run by then never will, for us. */
const START_MS = 60_000
const FIRST_NAP_MS = 200
const LONGEST_NAP_MS = 2_000
/** For the removal of a pod; what is left is swept later. */
const RELEASE_MS = 10_000
/** The task ends by itself; this is for one that does not. */
const BEYOND_MS = 5_000

/**
 * Runs host collectors on one node, and removes the pod whatever happens.
 *
 * @throws what went wrong with the node, HOST_POD_FAILED mostly, or the signal's reason
 */
export async function lookAtNode(
  node: string,
  request: Omit<HostRequest, 'task' | 'root'>,
  say: (word: NodeWord) => Promise<void>,
  { client, namespace, image, owner, signal }: NodeEdge,
): Promise<void> {
  const { clock } = client
  const endsAtMs = clock.monotonicMs() + request.timeoutMs
  const owned = createOwned(owner, { clock, random: () => client.random(), client: () => client })
  const start = async (propagation: 'HostToContainer' | 'None') => {
    const seconds = Math.ceil((request.timeoutMs + BEYOND_MS) / 1000)
    const made = await orAbort(owned.create(hostPod(node, image, seconds, propagation)), signal)
    const { name = '' } = made.json['metadata'] as { name?: string }
    await untilRunning(client, { namespace, name }, signal)
    return name
  }
  try {
    const name = await start('HostToContainer').catch((error: unknown) => {
      if (!NO_PROPAGATION.test(reasonOf(error))) throw error
      return start('None')
    })
    const timeoutMs = Math.max(0, endsAtMs - clock.monotonicMs())
    const child = await startInPod(client, { namespace, name }, signal)
    const { error } = await supervise(
      child,
      { ...request, task: 'host', root: HOST_ROOT, timeoutMs: Math.round(timeoutMs) },
      { clock, signal, timeoutMs: timeoutMs + BEYOND_MS, memoryBytes: Infinity, maxLine: MAX_WORD, onNodeWord: say },
    )
    if (error) throw error
  } finally {
    const late = deadline(clock, RELEASE_MS, new Error('it took too long'))
    await orAbort(owned.release(client), late.signal).catch(() => undefined)
    late.stop()
  }
}

async function untilRunning(
  client: KubeClient,
  { namespace, name }: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<void> {
  const { clock } = client
  const path = resourcePath({ version: 'v1', namespace, plural: 'pods', name })
  const failed = (reason: string) => fail('HOST_POD_FAILED', { reason: `pod ${name}: ${reason}`, namespace })
  const startedMs = clock.monotonicMs()
  for (let napMs = FIRST_NAP_MS; ; napMs = Math.min(napMs * 1.5, LONGEST_NAP_MS)) {
    const pod = await getObject(client, path, { signal })
    if (!pod) throw failed('someone removed it')
    const { phase, reason, isHopeless } = podState(pod)
    if (phase === 'running') return
    if (phase === 'ended' || isHopeless || NO_PROPAGATION.test(reason)) throw failed(reason || 'it has ended')
    if (clock.monotonicMs() - startedMs >= START_MS)
      throw failed(`it does not run after ${START_MS / 1000} s${reason ? `: ${reason}` : ''}`)
    await clock.sleep(napMs, signal)
  }
}

/** A node's last word. */
export const lastWord = (error: unknown, namespace: string): NodeWord => ({
  kind: 'over',
  problem:
    asProblem(error).code === 'INTERNAL'
      ? asProblem(fail('HOST_POD_FAILED', { reason: reasonOf(error), namespace }, error))
      : asProblem(error),
})
