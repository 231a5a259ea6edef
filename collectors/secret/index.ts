import {
  CONTRACT,
  defineCollector,
  indentedJson,
  keyedObjects,
  keyedPath,
  missing,
  reasonLine,
} from '../../core/contract/index.ts'
import { SecretConfig } from './schema.ts'

export default defineCollector<SecretConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'secret',
    version: '1.0.0',
    summary: 'whether a Secret and a key of it exist; values only when asked for',
    specKey: 'secret',
    permissions: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }],
    outputs: ['secrets', 'secrets-errors'],
  },
  configSchema: SecretConfig,
  async *collect(context) {
    const { config, signal } = context
    signal.throwIfAborted()
    // A file that holds all keys is not named after one.
    const named = { ...config, key: config.includeAllData ? '' : config.key }
    try {
      for await (const { namespace, name, folder, json } of keyedObjects(context, 'secrets'))
        yield indentedJson(keyedPath('secrets', folder, name, named.key), describe(config, namespace, name, json))
    } catch (error) {
      signal.throwIfAborted()
      yield indentedJson(keyedPath('secrets-errors', config.namespace, named, named.key), [reasonLine(error)])
      yield missing('SECRET_MISSING', `secret ${config.name || config.selector.join(',')}: ${reasonLine(error)}`, [error])
    }
  },
})

/** What is known of a Secret; without `json` there is none. */
function describe(config: SecretConfig, namespace: string, name: string, json: Record<string, unknown> | undefined): object {
  const { key, includeValue, includeAllData } = config
  const data = (json?.['data'] ?? {}) as Record<string, string>
  const value = !includeAllData && key !== '' && Object.hasOwn(data, key) ? decode(data[key]) : undefined
  const all = Object.entries(data).map(([one, encoded]) => [one, decode(encoded)] as const)
  return {
    namespace,
    name,
    key,
    secretExists: json !== undefined,
    keyExists: value !== undefined,
    ...(value && includeValue ? { value } : {}),
    ...(includeAllData && all.length > 0 ? { data: Object.fromEntries(all) } : {}),
  }
}

const decode = (encoded: string | undefined) => Buffer.from(encoded ?? '', 'base64').toString('utf8')
