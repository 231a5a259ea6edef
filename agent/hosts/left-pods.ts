import type { KubeClient } from '../../core/kube/client.ts'
import { listPages } from '../../core/kube/list.ts'
import { deleteObject } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { ANNOTATION_EXPIRES, LABEL_RUN_UID } from '../../core/names.ts'
import type { Sweep } from '../task/kube/sweep.ts'

interface Metadata {
  name?: string
  uid?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** Removes pods on nodes that nobody removed: their run, or this agent, was killed. Gives how many. Throws what the server says. */
export async function removeLeftPods(
  { client, namespace }: { client: KubeClient; namespace: string },
  isLeft: Sweep['isLeft'],
  signal?: AbortSignal,
): Promise<number> {
  const path = resourcePath({ version: 'v1', namespace, plural: 'pods' })
  const query = { labelSelector: LABEL_RUN_UID }
  let removed = 0
  for await (const { items } of listPages(client, { path, query, ...(signal ? { signal } : {}) }))
    for (const { json } of items) {
      const { name = '', uid, labels, annotations } = json['metadata'] as Metadata
      const expiresAt = Date.parse(annotations?.[ANNOTATION_EXPIRES] ?? '')
      if (!isLeft({ runUid: labels?.[LABEL_RUN_UID] ?? '', expiresAt })) continue
      if (await removeIfSame(client, `${path}/${name}`, uid)) removed++
    }
  return removed
}

async function removeIfSame(client: KubeClient, path: string, uid: string | undefined): Promise<boolean> {
  try {
    return await deleteObject(client, path, { preconditions: { uid }, gracePeriodSeconds: 0 })
  } catch (error) {
    // another's by now
    if (isStatus(error, 409)) return false
    throw error
  }
}
