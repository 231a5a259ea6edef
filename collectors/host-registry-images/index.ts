import { CONTRACT, defineHostCollector } from '../../core/contract/index.ts'
import { registryFile } from '../../core/contract/web/registry.ts'
import { RegistryImagesConfig } from './schema.ts'

export default defineHostCollector<RegistryImagesConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-registry-images',
    version: '1.0.0',
    summary: 'whether images are in their registries, asked from this machine',
    specKey: 'registryImages',
    permissions: [],
    outputs: ['host-collectors/registry-images'],
    platforms: ['linux', 'darwin', 'win32'],
  },
  configSchema: RegistryImagesConfig,
  collect(context) {
    const { images, collectorName, username, password } = context.config
    const path = `host-collectors/registry-images/${collectorName || 'images'}.json`
    return registryFile(context, images, path, async () => (username ? { username, password } : undefined))
  },
})
