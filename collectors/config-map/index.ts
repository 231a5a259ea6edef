import { CONTRACT, defineCollector, keyedFiles } from '../../core/contract/index.ts'
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
  collect: (context) =>
    keyedFiles(context, {
      plural: 'configmaps',
      specKey: 'configMap',
      code: 'CONFIG_MAP_MISSING',
      key: context.config.key,
      describe: (...of) => describe(context.config, ...of),
    }),
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
