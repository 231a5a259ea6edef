import { applyManifest } from '../../core/kube/apply.ts'
import { inApplyOrder, type KubeObject, objectName, objectPath } from '../../core/kube/apply-kinds.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { deleteObject } from '../../core/kube/objects.ts'
import { safe } from '../output/text.ts'

/** By this name the server keeps which fields this CLI set. */
export const FIELD_MANAGER = 'kubectl-support-bundle-schedule'

export interface Told {
  client: KubeClient
  /** a line for stdout */
  out(text: string): void
}

/** Applies objects one after the other, each told as kubectl does. What was done before a failure stays: repeat the command. */
export async function applyAll({ client, out }: Told, objects: readonly KubeObject[], isForced: boolean): Promise<void> {
  for (const object of inApplyOrder(objects)) {
    const applied = await applyManifest(client, object, { fieldManager: FIELD_MANAGER, isForced })
    out(`${told(object)} ${applied}\n`)
  }
}

/** Deletes objects, the last applied first; each that was there is told. */
export async function deleteAll({ client, out }: Told, objects: readonly KubeObject[], word = 'deleted'): Promise<void> {
  for (const object of inApplyOrder(objects).toReversed()) {
    const wasThere = await deleteObject(client, objectPath(object), { propagation: 'Background' })
    if (wasThere) out(`${told(object)} ${word}\n`)
  }
}

const told = (object: KubeObject) => safe(objectName(object))

/** Two objects that are in the same place. */
export const isSame = (a: KubeObject, b: KubeObject): boolean => objectPath(a) === objectPath(b)
