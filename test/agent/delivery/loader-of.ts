import type { Found, Loader } from '../../../agent/loader/loader.ts'
import type { UploaderPlugin } from '../../../core/contract/index.ts'

/** A loader that knows one uploader. */
export function loaderOf(plugin: UploaderPlugin): Loader {
  const { manifest } = plugin
  const found: Found = {
    kind: 'Uploader',
    name: manifest.name,
    folder: '/x',
    key: manifest.name,
    manifest,
    isBuiltIn: true,
    load: async () => plugin,
  }
  return {
    find: async (_, key) => (key === found.key ? found : undefined),
    findScheme: async (scheme) => (manifest.schemes.includes(scheme) ? found : undefined),
    keys: async () => [found.key],
    all: async () => ({ found: [found], problems: [] }),
  }
}
