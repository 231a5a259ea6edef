import type { Query } from '../contract/collector.ts'

/** What a path of the API is made of. */
export interface Resource {
  /** none for the core group */
  group?: string | undefined
  version: string
  plural: string
  /** none for cluster-wide ones, and for lists over all namespaces */
  namespace?: string | undefined
  name?: string | undefined
  subresource?: string | undefined
}

/** `/api/v1/namespaces/a/configmaps/b`: each part is escaped, so that no name reaches another path. */
export function resourcePath(resource: Resource): string {
  const root = resource.group ? ['apis', resource.group] : ['api']
  const namespace = resource.namespace === undefined ? [] : ['namespaces', resource.namespace]
  const parts = [...root, resource.version, ...namespace, resource.plural, resource.name, resource.subresource]
  return parts
    .filter((part) => part !== undefined)
    .map((part) => {
      if (part === '' || part === '.' || part === '..') throw new TypeError(`"${part}" cannot be part of a path of the API`)
      return `/${encodeURIComponent(part)}`
    })
    .join('')
}

/** The path with its query; undefined ones are left out, 0 and false are not. */
export function withQuery(path: string, query: Query | undefined): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined)
  if (pairs.length === 0) return path
  const text = pairs.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`).join('&')
  return `${path}${path.includes('?') ? '&' : '?'}${text}`
}
