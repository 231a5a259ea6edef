import type { Clock } from '../../core/clock.ts'
import { fail } from '../../core/errors.ts'
import { type KubeObject, objectName } from '../../core/kube/apply-kinds.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { listAll } from '../../core/kube/list.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { isWorkload } from './edits.ts'
import { find } from './installed.ts'

interface WorkloadState {
  metadata: { generation?: number }
  spec?: { replicas?: number }
  status?: {
    observedGeneration?: number
    updatedReplicas?: number
    availableReplicas?: number
    conditions?: Condition[]
  }
}
interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
}
interface Waiting {
  name: string
  state?: { waiting?: { reason?: string; message?: string }; terminated?: { reason?: string; exitCode?: number } }
}
interface Pod {
  metadata?: { name?: string }
  status?: { conditions?: Condition[]; containerStatuses?: Waiting[] }
}

const LOOK_EACH_MS = 1_000
/** What all pods of an agent have in common. */
export const AGENT_PODS = 'app.kubernetes.io/name=support-bundle-schedule,app.kubernetes.io/component=agent'

/** True when all replicas are of the last change, and available. */
export function isReady({ metadata, spec, status }: WorkloadState): boolean {
  const wanted = spec?.replicas ?? 1
  const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  return isSeen && (status?.updatedReplicas ?? 0) >= wanted && (status?.availableReplicas ?? 0) >= wanted
}

/**
 * Waits until the agent is ready.
 *
 * @param objects what was applied, its Deployment or StatefulSet among it
 * @throws INSTALL_NOT_READY with what the pods, or their absence, say; the signal's reason
 */
export async function waitReady(
  client: KubeClient,
  objects: readonly KubeObject[],
  { clock, timeoutMs, command, signal }: { clock: Clock; timeoutMs: number; command: string; signal: AbortSignal },
): Promise<void> {
  const workload = objects.find(isWorkload)
  if (!workload) return
  const { name, namespace = '' } = workload.metadata
  const endMs = clock.monotonicMs() + timeoutMs
  for (;;) {
    const now = (await find(client, workload.kind, name, namespace, workload.apiVersion)) as WorkloadState | undefined
    if (now && isReady(now)) return
    if (clock.monotonicMs() >= endMs) {
      const reason = (await whyNotReady(client, namespace, now)) || 'nothing says why; see its pods with: kubectl describe pods'
      throw fail('INSTALL_NOT_READY', {
        what: `${objectName(workload)} in namespace ${namespace}`,
        seconds: String(Math.round(timeoutMs / 1000)),
        reason,
        command,
      })
    }
    await clock.sleep(LOOK_EACH_MS, signal)
  }
}

/** What keeps an agent from being ready, as its workload and its pods say it: empty when they say nothing. */
export async function whyNotReady(client: KubeClient, namespace: string, workload: WorkloadState | undefined): Promise<string> {
  const refused = (workload?.status?.conditions ?? []).filter(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  )
  const { items } = await listAll(client, {
    path: resourcePath({ version: 'v1', namespace, plural: 'pods' }),
    query: { labelSelector: AGENT_PODS },
  })
  const reasons = [
    ...refused.map(({ reason = '', message = '' }) => `no pod is made: ${reason}: ${message}`),
    ...items.flatMap((item) => podReasons(item.json as Pod)),
  ]
  return [...new Set(reasons)].join('; ')
}

function podReasons({ metadata, status }: Pod): string[] {
  const name = `pod ${metadata?.name ?? ''}`
  const unplaced = (status?.conditions ?? []).find((one) => one.type === 'PodScheduled' && one.status === 'False')
  if (unplaced) return [`${name} has no node: ${unplaced.message ?? unplaced.reason ?? ''}`]
  return (status?.containerStatuses ?? []).flatMap(({ name: container, state }) => {
    const { waiting, terminated } = state ?? {}
    if (waiting?.reason && waiting.reason !== 'ContainerCreating')
      return [`${name}, container ${container}: ${waiting.reason}${waiting.message ? `: ${waiting.message}` : ''}`]
    return terminated
      ? [`${name}, container ${container}: ${terminated.reason ?? 'ended'} (exit code ${terminated.exitCode})`]
      : []
  })
}
