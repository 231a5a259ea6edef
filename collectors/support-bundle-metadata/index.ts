import {
  CONTRACT,
  defineCollector,
  indentedJson,
  missing,
  ownNamespace,
  pluginError,
  type RawObject,
  reasonLine,
} from '../../core/contract/index.ts'
import { SupportBundleMetadataConfig } from './schema.ts'

/** The name that software of the peer's vendor gives it. */
const SECRET = 'replicated-support-metadata'

export default defineCollector<SupportBundleMetadataConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'support-bundle-metadata',
    version: '1.0.0',
    summary: 'what an application wrote down about itself for bundles',
    specKey: 'supportBundleMetadata',
    permissions: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
    outputs: ['metadata'],
  },
  configSchema: SupportBundleMetadataConfig,
  async *collect({ config, kube, signal, ...where }) {
    signal.throwIfAborted()
    const namespace = ownNamespace(where, config.namespace)
    try {
      const found = await kube.get(`/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${SECRET}`)
      if (!found) throw pluginError('API_NOT_FOUND', `secrets "${SECRET}" not found`, { class: 'config' })
      yield indentedJson('metadata/cluster.json', valuesOf(found))
    } catch (error) {
      signal.throwIfAborted()
      yield missing('SUPPORT_METADATA_MISSING', `no metadata in the namespace "${namespace}": ${reasonLine(error)}`, [error])
    }
  },
})

/** Text by key, in the order of the keys. */
function valuesOf({ json }: RawObject): Record<string, string> {
  const data = Object.entries((json['data'] ?? {}) as Record<string, string>).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(data.map(([key, encoded]) => [key, Buffer.from(encoded, 'base64').toString('utf8')]))
}
