import type { RawObject } from '../../../core/contract/index.ts'
import type { KubeClient } from '../../../core/kube/client.ts'
import { isStatus } from '../../../core/kube/status-error.ts'
import { ANNOTATION_EXPIRES, LABEL_RUN_UID } from '../../../core/names.ts'
import { deleteObject } from '../../../core/kube/objects.ts'
import { resourcePath } from '../../../core/kube/path.ts'
import { listTarget, type ListWorld } from './lists.ts'
import { OWNABLE } from './owned.ts'

export interface Sweep extends ListWorld {
  isLeft(of: { runUid: string; expiresAt: number }): boolean
}

interface Metadata {
  name?: string
  namespace?: string
  uid?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** What may go whoever made it. */
export const expired =
  (now: Date): Sweep['isLeft'] =>
  ({ expiresAt }) =>
    expiresAt < now.getTime()

/** For a run that ended without clearing up. */
export const leftBy =
  (runUid: string): Sweep['isLeft'] =>
  (of) =>
    of.runUid === runUid

/** Removes what runs that were killed left behind. What may not be listed is not ours to remove. Gives how many it removed. */
export async function sweepLeft(sweep: Sweep, kinds: Iterable<string> = Object.values(OWNABLE)): Promise<number> {
  let removed = 0
  for (const plural of kinds) {
    try {
      for await (const { items } of listTarget(sweep, { version: 'v1', plural }, { labelSelector: LABEL_RUN_UID }))
        for (const { json } of items) if (await removeOrPass(sweep, plural, json)) removed++
    } catch (error) {
      sweep.signal.throwIfAborted()
      if (!isStatus(error, 403)) throw error
    }
  }
  return removed
}

/** It may be of a namespace in which this user only reads. */
async function removeOrPass(sweep: Sweep, plural: string, json: RawObject['json']): Promise<boolean> {
  try {
    return await removeLeft(sweep.client(), plural, json, sweep.isLeft)
  } catch (error) {
    if (isStatus(error, 403)) return false
    throw error
  }
}

/** Removes an object if a run made it, and left it. True if it did. Throws what the server says. */
export async function removeLeft(
  client: KubeClient,
  plural: string,
  json: RawObject['json'],
  isLeft: Sweep['isLeft'],
): Promise<boolean> {
  const { name, namespace, uid, labels, annotations } = (json['metadata'] ?? {}) as Metadata
  const expiresAt = Date.parse(annotations?.[ANNOTATION_EXPIRES] ?? '')
  const runUid = labels?.[LABEL_RUN_UID] ?? ''
  // Only what has all of our marks is ours.
  if (name === undefined || uid === undefined || runUid === '' || Number.isNaN(expiresAt)) return false
  if (!isLeft({ runUid, expiresAt })) return false
  const path = resourcePath({ version: 'v1', namespace, plural, name })
  try {
    return await deleteObject(client, path, { preconditions: { uid }, gracePeriodSeconds: 0 })
  } catch (error) {
    // another's by now
    if (isStatus(error, 409)) return false
    throw error
  }
}
