import { CONTRACT, defineCollector, keyedFiles } from '../../core/contract/index.ts'
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
  collect: (context) =>
    keyedFiles(context, {
      plural: 'secrets',
      specKey: 'secret',
      code: 'SECRET_MISSING',
      // A file that holds all keys is not named after one.
      key: context.config.includeAllData ? '' : context.config.key,
      describe: (...of) => describe(context.config, ...of),
    }),
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
