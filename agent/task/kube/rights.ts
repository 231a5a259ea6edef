import type { Permission } from '../../../core/contract/index.ts'
import { fail } from '../../../core/errors.ts'

/** One thing to do with a kind, as RBAC names it. `resource` may be `pods/log`. */
export interface Access {
  group: string
  resource: string
  verb: string
}

/** What every user of a cluster may read: the version, and what kinds there are. */
const OPEN = /^\/(version|api|api\/[^/]+|apis|apis\/[^/]+|apis\/[^/]+\/[^/]+)\/?$/

/** Throws COLLECTOR_PERMISSION unless the collector's manifest declares it. */
export function checkAccess(permissions: readonly Permission[], key: string, access: Access): void {
  const has = (list: readonly string[], one: string) => list.includes('*') || list.includes(one)
  const isDeclared = permissions.some(
    ({ apiGroups, resources, verbs }) =>
      has(apiGroups, access.group) && has(resources, access.resource) && has(verbs, access.verb),
  )
  if (isDeclared) return
  const resource = access.group ? `${access.resource}.${access.group}` : access.resource
  throw fail('COLLECTOR_PERMISSION', { key, verb: access.verb, resource })
}

/** Throws COLLECTOR_PERMISSION unless the collector may read this path of the API. */
export function checkPath(permissions: readonly Permission[], key: string, path: string): void {
  if (OPEN.test(path) || permissions.some(({ nonResourceURLs = [] }) => nonResourceURLs.includes(path))) return
  const access = readPath(path)
  if (!access) throw fail('COLLECTOR_PERMISSION', { key, verb: 'get', resource: path })
  checkAccess(permissions, key, access)
}

/**
 * What reading a path of the API means: `/api/v1/namespaces/a/pods/b/log` is get of pods/log. Undefined for a path that is
 * not one of a kind. Parts are decoded as the server does it, and nothing may hide a step up or a query.
 */
export function readPath(path: string): Access | undefined {
  const [root, ...parts] = path.split('/').slice(1)
  if (/[?#%\\]/.test(path) || parts.some((part) => part === '' || part === '.' || part === '..')) return undefined
  const core = root === 'api'
  if (!core && root !== 'apis') return undefined
  const group = core ? '' : (parts[0] ?? '')
  let rest = parts.slice(core ? 1 : 2)
  // `namespaces/a` is the namespace itself, `namespaces/a/status` a part of it, all else lies inside of it
  const isInside = rest[0] === 'namespaces' && rest.length > 2 && !(core && ['status', 'finalize'].includes(rest[2] ?? ''))
  if (isInside) rest = rest.slice(2)
  const [resource, name, ...sub] = rest
  if (resource === undefined) return undefined
  if (name === undefined) return { group, resource, verb: 'list' }
  return { group, resource: sub[0] === undefined ? resource : `${resource}/${sub[0]}`, verb: 'get' }
}
