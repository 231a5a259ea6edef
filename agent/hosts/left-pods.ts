import type { KubeClient } from '../../core/kube/client.ts'
import { listPages } from '../../core/kube/list.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { LABEL_RUN_UID } from '../../core/names.ts'
import { removeLeft, type Sweep } from '../task/kube/sweep.ts'

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
    for (const { json } of items) if (await removeLeft(client, 'pods', json, isLeft)) removed++
  return removed
}
