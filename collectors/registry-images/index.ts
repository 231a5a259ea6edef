import { type CollectorContext, CONTRACT, defineCollector, readValue } from '../../core/contract/index.ts'
import { loginIn } from '../../core/contract/web/image-reference.ts'
import { registryFile } from '../../core/contract/web/registry.ts'
import { RegistryImagesConfig } from './schema.ts'

export default defineCollector<RegistryImagesConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'registry-images',
    version: '1.0.0',
    summary: 'whether images are in their registries',
    specKey: 'registryImages',
    permissions: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'], why: 'the pull secret that an entry names' }],
    outputs: ['registry'],
  },
  configSchema: RegistryImagesConfig,
  async *collect(context) {
    const { images, collectorName } = context.config
    const login = async (registry: string) => {
      const config = await pullSecret(context)
      return config === undefined ? undefined : loginIn(config, registry)
    }
    yield* registryFile(context, images, `registry/${collectorName || 'images'}.json`, login)
  },
})

const KEY = '.dockerconfigjson'

/** The Docker config that an entry names, as JSON. */
async function pullSecret(context: CollectorContext<RegistryImagesConfig>): Promise<string | undefined> {
  const { imagePullSecret: secret, namespace } = context.config
  if (!secret) return undefined
  if (secret.data) return Buffer.from(secret.data[KEY] ?? '', 'base64').toString()
  return readValue({ valueFrom: { secretKeyRef: { name: secret.name, key: KEY, namespace } } }, context)
}
