import {
  CONTRACT,
  defineCollector,
  indentedJson,
  keyedObjects,
  keyedPath,
  missing,
  reasonLine,
} from '../../core/contract/index.ts'
import { ConfigMapConfig } from './schema.ts'

export default defineCollector<ConfigMapConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'config-map',
    version: '1.0.0',
    summary: 'whether a ConfigMap and a key of it exist; values only when asked for',
    specKey: 'configMap',
    permissions: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
    outputs: ['configmaps', 'configmaps-errors'],
  },
  configSchema: ConfigMapConfig,
  async *collect(context) {
    const { config, signal } = context
    signal.throwIfAborted()
    try {
      for await (const { namespace, name, folder, json } of keyedObjects(context, 'configmaps'))
        yield indentedJson(keyedPath('configmaps', folder, name, config.key), describe(config, namespace, name, json))
    } catch (error) {
      signal.throwIfAborted()
      yield indentedJson(keyedPath('configmaps-errors', config.namespace, config, config.key), [reasonLine(error)])
      yield missing('CONFIG_MAP_MISSING', `configMap ${config.name || config.selector.join(',')}: ${reasonLine(error)}`, [error])
    }
  },
})

/** What is known of a ConfigMap; without `json` there is none. */
function describe(config: ConfigMapConfig, namespace: string, name: string, json: Record<string, unknown> | undefined): object {
  const { key, includeValue, includeAllData } = config
  const data = (json?.['data'] ?? {}) as Record<string, string>
  const value = key !== '' && Object.hasOwn(data, key) ? data[key] : undefined
  return {
    namespace,
    name,
    key,
    configMapExists: json !== undefined,
    keyExists: value !== undefined,
    ...(value && includeValue ? { value } : {}),
    data: includeAllData ? (json?.['data'] ?? null) : null,
  }
}
