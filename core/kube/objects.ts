import type { Query } from '../contract/collector.ts'
import { fail } from '../errors.ts'
import type { KubeClient, KubeRequest } from './client.ts'
import { RawItem } from './raw-item.ts'
import { isStatus } from './status-error.ts'

/** Of every call below. Errors are those of KubeClient.request: KubeStatusError, CLUSTER_UNREACHABLE, the signal's reason. */
export type CallOptions = Pick<KubeRequest, 'signal' | 'timeoutMs'> & { query?: Query }

/** An object, as the server has it; undefined on 404. */
export async function getObject(client: KubeClient, path: string, options: CallOptions = {}): Promise<RawItem | undefined> {
  try {
    return whole(client, new RawItem(await client.bytes({ ...options, path })))
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    throw error
  }
}

/** What is no JSON comes from something else, or was shortened on its way. */
function whole(client: KubeClient, item: RawItem): RawItem {
  try {
    void item.json
    return item
  } catch (error) {
    throw fail('CLUSTER_UNREACHABLE', { server: client.connection.server, reason: 'its answer is not JSON' }, error)
  }
}

/**
 * Creates an object in a collection. Never sent twice: after an error without an answer, or a 5xx, nobody knows whether it
 * exists, and the caller has to look.
 *
 * @param path of the collection
 * @throws KubeStatusError 409 AlreadyExists
 */
export async function createObject(
  client: KubeClient,
  path: string,
  object: object,
  options: CallOptions = {},
): Promise<RawItem> {
  return new RawItem(await client.bytes({ ...options, method: 'POST', path, body: object }))
}

/**
 * Replaces an object. Give it the `metadata.resourceVersion` that was read, and it is only replaced if nobody changed it.
 *
 * @throws KubeStatusError 409 Conflict, 404
 */
export async function replaceObject(
  client: KubeClient,
  path: string,
  object: object,
  options: CallOptions = {},
): Promise<RawItem> {
  return new RawItem(await client.bytes({ ...options, method: 'PUT', path, body: object }))
}

/**
 * Changes the fields that `patch` names (RFC 7386); null removes one. A `metadata.resourceVersion` in it guards it.
 *
 * @throws KubeStatusError 409 Conflict, 404
 */
export async function mergePatch(client: KubeClient, path: string, patch: object, options: CallOptions = {}): Promise<RawItem> {
  return new RawItem(
    await client.bytes({ ...options, method: 'PATCH', path, body: patch, contentType: 'application/merge-patch+json' }),
  )
}

/**
 * Server-side apply: creates the object, or makes the fields in it what it says, and takes away those that this owner set
 * before and leaves out now.
 *
 * @throws KubeStatusError 409 where another owner set a field, unless `force`
 */
export async function applyObject(
  client: KubeClient,
  path: string,
  object: object,
  options: CallOptions & { fieldManager: string; force?: boolean },
): Promise<RawItem> {
  const { fieldManager, force, ...rest } = options
  const query = { ...rest.query, fieldManager, force }
  return new RawItem(
    await client.bytes({ ...rest, query, method: 'PATCH', path, body: object, contentType: 'application/apply-patch+yaml' }),
  )
}

/** What must still be so for an object to be deleted. */
export interface Preconditions {
  uid?: string | undefined
  resourceVersion?: string | undefined
}

/**
 * Deletes an object, if it is still the one that was meant. False if there is none of that name.
 *
 * @throws KubeStatusError 409 when it is another one, or was changed
 */
export async function deleteObject(
  client: KubeClient,
  path: string,
  options: CallOptions & {
    preconditions?: Preconditions
    propagation?: 'Background' | 'Foreground' | 'Orphan'
    gracePeriodSeconds?: number
  } = {},
): Promise<boolean> {
  const { preconditions, propagation, gracePeriodSeconds, ...rest } = options
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions, propagationPolicy: propagation, gracePeriodSeconds }
  try {
    await client.bytes({ ...rest, method: 'DELETE', path, body })
    return true
  } catch (error) {
    if (isStatus(error, 404)) return false
    throw error
  }
}
