import { gunzipSync } from 'node:zlib'
import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  type HostContext,
  hostFailure,
  jsonFile,
  readBytes,
  readText,
  runTool,
  warning,
} from '../../core/contract/index.ts'
import { KernelConfigsConfig } from './schema.ts'

/** Far more than any kernel's configuration has, in bytes. */
const MAX_BYTES = 16 * 1024 * 1024

export default defineHostCollector<KernelConfigsConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-kernel-configs',
    version: '1.0.0',
    summary: 'what the kernel was built with',
    specKey: 'kernelConfigs',
    permissions: [],
    outputs: ['host-collectors/system', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: KernelConfigsConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const told = await readText(context, '/proc/sys/kernel/osrelease')
    const release = typeof told === 'string' ? told : await runTool(context, 'uname', ['-r'])
    if (typeof release !== 'string') yield release
    for (const path of placesOf(typeof release === 'string' ? release.trim() : '')) {
      const text = await textOf(context, path)
      if (text === undefined) continue
      yield jsonFile('host-collectors/system/kernel-configs.json', configsIn(text))
      return
    }
    const reason = 'no configuration of the running kernel was found: it is in none of the usual files'
    yield* hostFailure(context, 'kernel-configs', warning('KERNEL_CONFIGS_NOT_FOUND', reason))
  },
})

/** Where distributions put it. The first is the running kernel's own word. */
function placesOf(release: string): string[] {
  const named = [
    `/boot/config-${release}`,
    `/usr/src/linux-${release}/.config`,
    '/usr/src/linux/.config',
    `/usr/lib/modules/${release}/config`,
    `/usr/lib/ostree-boot/config-${release}`,
    `/usr/lib/kernel/config-${release}`,
    `/usr/src/linux-headers-${release}/.config`,
    `/lib/modules/${release}/build/.config`,
  ]
  return ['/proc/config.gz', ...(release === '' ? [] : named)]
}

/** A file's text, unpacked; undefined when it cannot be had. */
async function textOf(context: HostContext<unknown>, path: string): Promise<string | undefined> {
  try {
    const bytes = await readBytes(context, path, MAX_BYTES)
    return Buffer.from(path.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes).toString()
  } catch {
    context.signal.throwIfAborted()
    return undefined
  }
}

/** Lines like `CONFIG_NF_NAT=m`. Numbers and texts are left out, as is `# CONFIG_X is not set`. */
function configsIn(text: string): Record<string, string> {
  const lines = text.matchAll(/^(CONFIG_[A-Z0-9_]+)=([ymn])$/gm)
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]))
}
