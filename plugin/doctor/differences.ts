import { place } from '../../core/kube/apply.ts'
import type { KubeObject } from '../../core/kube/apply-kinds.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { find } from '../install/installed.ts'
import { grants, rightsOf, showRight } from '../install/rules.ts'
import { rulesIn } from '../install/tenant.ts'
import { ifAllowed } from './finding.ts'

/** An object that is not what its manifest says, as far as rights depend on it. */
export interface Difference {
  object: KubeObject
  kind: 'missing' | 'rules' | 'binding'
  what: string
}

interface Binding {
  roleRef?: { kind: string; name: string }
  subjects?: { kind: string; name: string; namespace?: string }[]
}

const OF_RIGHTS = ['ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']

/**
 * What is missing of the identities and rights among these objects: more than they say is no difference. Objects that this
 * user may not see are passed over.
 */
export async function differences(client: KubeClient, wanted: readonly KubeObject[], hidden: Set<string>): Promise<Difference[]> {
  const compared = wanted.filter(({ kind }) => OF_RIGHTS.includes(kind))
  const found = await Promise.all(
    compared.map(async (object) => {
      const { name, namespace } = object.metadata
      const seen = await ifAllowed(() => find(client, object.kind, name, namespace, object.apiVersion), hidden)
      return seen ? compare(object, seen.value) : []
    }),
  )
  return found.flat()
}

function compare(object: KubeObject, found: KubeObject | undefined): Difference[] {
  if (!found) return [{ object, kind: 'missing', what: `${place(object)} is missing` }]
  const lacking = rulesIn(object)
    .flatMap(rightsOf)
    .filter((right) => !grants(rulesIn(found), right))
  if (lacking.length > 0)
    return [{ object, kind: 'rules', what: `${place(object)} does not grant: ${lacking.map(showRight).join(', ')}` }]
  if (!object.kind.endsWith('Binding') || isBound(object as Binding, found as Binding)) return []
  const { roleRef } = object as Binding
  return [{ object, kind: 'binding', what: `${place(object)} does not bind ${roleRef?.kind.toLowerCase()} ${roleRef?.name}` }]
}

function isBound(wanted: Binding, found: Binding): boolean {
  const isRole = wanted.roleRef?.kind === found.roleRef?.kind && wanted.roleRef?.name === found.roleRef?.name
  const has = (one: NonNullable<Binding['subjects']>[number]) =>
    (found.subjects ?? []).some(
      ({ kind, name, namespace }) => kind === one.kind && name === one.name && namespace === one.namespace,
    )
  return isRole && (wanted.subjects ?? []).every(has)
}

export const isOf = (object: KubeObject, component: string): boolean =>
  object.metadata.labels?.['app.kubernetes.io/component'] === component
