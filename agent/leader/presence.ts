import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/contract/index.ts'
import { reasonOf } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { listAll } from '../../core/kube/list.ts'
import { applyObject, deleteObject } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { AGENT_NAME, LABEL_REPLICA } from '../../core/names.ts'

/** One pod of the agent: its files live as long as it does, through restarts of its containers. */
export interface Replica {
  /** the pod's name */
  name: string
  /** the pod's uid */
  uid: string
}

export interface PresenceEdge {
  client: KubeClient
  clock: Clock
  log: Logger
  /** where the agent's pods are */
  namespace: string
  leaseMs: number
  renewMs: number
}

const pathOf = (namespace: string, name?: string) =>
  resourcePath({ group: 'coordination.k8s.io', version: 'v1', namespace, plural: 'leases', ...(name ? { name } : {}) })

/**
 * Says that a replica is there, by a Lease of its pod's name, until the signal aborts; then takes it back. The Lease goes with
 * the pod. Never rejects: while it cannot be renewed others may think that the replica is gone, and are told the truth by the
 * records that they meet.
 */
export async function keepPresence(edge: PresenceEdge, replica: Replica, signal: AbortSignal): Promise<void> {
  const { client, clock, log, namespace } = edge
  while (!signal.aborted) {
    try {
      await say(edge, replica)
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'the presence of this replica cannot be told')
    }
    await clock.sleep(edge.renewMs, signal).catch(() => undefined)
  }
  await deleteObject(client, pathOf(namespace, replica.name)).catch(() => undefined)
}

async function say({ client, clock, namespace, leaseMs }: PresenceEdge, replica: Replica): Promise<void> {
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: replica.name,
      labels: { [LABEL_REPLICA]: 'true' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', ...replica }],
    },
    spec: {
      holderIdentity: replica.uid,
      leaseDurationSeconds: Math.max(1, Math.ceil(leaseMs / 1000)),
      renewTime: clock.now().toISOString().replace('Z', '000Z'),
    },
  }
  await applyObject(client, pathOf(namespace, replica.name), lease, { fieldManager: AGENT_NAME, force: true })
}

/** Which replicas are there, as last looked. */
export interface Presences {
  /** Looks again. One that was not renewed for as long as its Lease lasts counts as gone, by our own clock. Throws what the server says. */
  look(): Promise<void>
  /** `uid`: the pod's. True as well before the first look. */
  isThere(uid: string): boolean
}

interface Seen {
  version: string
  atMs: number
}

export function createPresences({ client, clock, namespace, leaseMs }: PresenceEdge): Presences {
  let seen: Map<string, Seen> | undefined
  return {
    async look() {
      const query = { labelSelector: LABEL_REPLICA }
      const { items } = await listAll(client, { path: pathOf(namespace), query })
      const now = clock.monotonicMs()
      const found = new Map<string, Seen>()
      for (const { metadata, json } of items) {
        const uid = String((json['spec'] as { holderIdentity?: unknown } | undefined)?.holderIdentity)
        const version = String(metadata.resourceVersion)
        const before = seen?.get(uid)
        found.set(uid, before?.version === version ? before : { version, atMs: now })
      }
      seen = found
    },
    isThere(uid) {
      if (!seen) return true
      const found = seen.get(uid)
      return found !== undefined && clock.monotonicMs() - found.atMs < leaseMs
    },
  }
}
