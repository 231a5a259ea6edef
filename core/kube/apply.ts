import { fail } from '../errors.ts'
import { type KubeObject, objectName, objectPath } from './apply-kinds.ts'
import type { KubeClient } from './client.ts'
import { applyObject, getObject } from './objects.ts'
import { isStatus, type KubeStatusError } from './status-error.ts'

export type Applied = 'created' | 'configured' | 'unchanged'

export interface ApplyOptions {
  fieldManager: string
  /** takes fields over that another manager set */
  isForced?: boolean
  signal?: AbortSignal
}

/**
 * Makes one object what its manifest says, by server-side apply, and tells what that changed. Twice is once.
 *
 * @throws APPLY_CONFLICT with each field and who owns it; APPLY_FORBIDDEN with the right that is missing; else what
 *   KubeClient.request throws
 */
export async function applyManifest(client: KubeClient, object: KubeObject, options: ApplyOptions): Promise<Applied> {
  const { fieldManager, isForced, signal } = options
  const path = objectPath(object)
  const call = signal ? { signal } : {}
  try {
    const before = await getObject(client, path, call)
    const after = await applyObject(client, path, object, { ...call, fieldManager, force: isForced === true })
    if (!before || before.metadata.uid !== after.metadata.uid) return 'created'
    return contentOf(before.json) === contentOf(after.json) ? 'unchanged' : 'configured'
  } catch (error) {
    if (isStatus(error, 409) && error.reason === 'Conflict') throw conflict(object, error)
    if (isStatus(error, 403)) throw fail('APPLY_FORBIDDEN', { what: place(object), reason: error.said }, error)
    throw error
  }
}

/** Without what others write meanwhile, such as a status. */
function contentOf({ metadata, status: _, ...rest }: Record<string, unknown>): string {
  const { resourceVersion: __, managedFields: ___, ...kept } = metadata as Record<string, unknown>
  return JSON.stringify([kept, rest])
}

/** `role.rbac.authorization.k8s.io/name in namespace a`. */
export function place(object: KubeObject): string {
  const { namespace } = object.metadata
  return `${objectName(object)}${namespace === undefined ? '' : ` in namespace ${namespace}`}`
}

function conflict(object: KubeObject, error: KubeStatusError): Error {
  const fields = (error.details.causes ?? []).map(({ field, message }) => `${field ?? 'a field'}: ${message ?? 'conflict'}`)
  return fail('APPLY_CONFLICT', { what: place(object), fields: fields.join('; ') || error.said }, error)
}
