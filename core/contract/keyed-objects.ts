import { indentedJson, missing, ownNamespace, reasonLine } from './cluster-source.ts'
import type { CollectorContext } from './collector.ts'
import { type Output, pluginError } from './plugin.ts'

/** An entry that looks for Secrets or ConfigMaps: by name, or by labels. */
export interface KeyedConfig {
  name: string
  selector: string[]
  namespace: string
}

interface KeyedObject {
  namespace: string
  name: string
  /** in the bundle: the entry's namespace, for objects found by labels their own */
  folder: string
  /** none: it does not exist */
  json?: Record<string, unknown>
}

/** What is kept of a kind whose objects hold values by keys. */
export interface Keyed {
  plural: 'secrets' | 'configmaps'
  /** in messages: `secret` */
  specKey: string
  /** of the warning that not all could be had */
  code: string
  /** a file that holds one key is named after it; empty = all */
  key: string
  /** what is known of an object; without `json` there is none */
  describe(namespace: string, name: string, json: Record<string, unknown> | undefined): object
}

/** A file for each object that an entry names or finds, and one with what went wrong. */
export async function* keyedFiles(context: CollectorContext<KeyedConfig>, keyed: Keyed): AsyncGenerator<Output> {
  const { config, signal } = context
  const { plural, specKey, code, key, describe } = keyed
  signal.throwIfAborted()
  try {
    for await (const { namespace, name, folder, json } of keyedObjects(context, plural))
      yield indentedJson(keyedPath(plural, folder, name, key), describe(namespace, name, json))
  } catch (error) {
    signal.throwIfAborted()
    yield indentedJson(keyedPath(`${plural}-errors`, config.namespace, config, key), [reasonLine(error)])
    yield missing(code, `${specKey} ${config.name || config.selector.join(',')}: ${reasonLine(error)}`, [error])
  }
}

/**
 * The objects that an entry names. One that is named and does not exist comes without `json`, and then a throw says so.
 *
 * @throws what the API server says, once all that could be had was given
 */
async function* keyedObjects(
  { config, kube, ...where }: CollectorContext<KeyedConfig>,
  plural: 'secrets' | 'configmaps',
): AsyncGenerator<KeyedObject> {
  const { name, selector } = config
  if (name !== '') {
    const namespace = ownNamespace(where, config.namespace)
    const path = ['', 'api', 'v1', 'namespaces', namespace, plural, name].map(encodeURIComponent).join('/')
    const found = await kube.get(path)
    yield { namespace, name, folder: config.namespace, ...(found ? { json: found.json } : {}) }
    if (!found)
      throw pluginError('API_NOT_FOUND', `${plural} "${name}" not found in namespace "${namespace}"`, { class: 'config' })
    return
  }
  const target = { version: 'v1', plural }
  const { namespaces } = where
  const isEverywhere = namespaces.includes('*')
  const within = config.namespace ? { namespace: config.namespace } : isEverywhere ? {} : { namespaces }
  const failures: Error[] = []
  for await (const { items, failure } of kube.list({ ...target, ...within }, { labelSelector: selector.join(',') })) {
    if (failure) failures.push(failure)
    for (const { json } of items) {
      const { name = '', namespace = '' } = (json['metadata'] ?? {}) as { name?: string; namespace?: string }
      yield { namespace, name, folder: namespace, json }
    }
  }
  if (failures[0]) throw failures[0]
}

/** `<root>/<namespace>/<name, or selector as a name>[/<key>].json` */
function keyedPath(root: string, namespace: string, of: string | KeyedConfig, key: string): string {
  const name = typeof of === 'string' ? of : of.name || selectorName(of.selector)
  return `${[root, namespace, name, key].filter((part) => part !== '').join('/')}.json`
}

/** Labels as a file name, as the peer makes one of them. */
function selectorName(selector: string[]): string {
  return selector
    .join('-')
    .replaceAll('=', '-')
    .replaceAll('*', 'all')
    .replaceAll(/[?:<>|"/\\]/g, '_')
}
