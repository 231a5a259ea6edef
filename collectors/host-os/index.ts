import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  type HostContext,
  hostFailure,
  jsonFile,
  readText,
  runTool,
  warning,
  type WarningOutput,
} from '../../core/contract/index.ts'
import { identifyPlatform } from './platform.ts'
import { HostOsConfig } from './schema.ts'

export default defineHostCollector<HostOsConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-os',
    version: '1.0.0',
    summary: 'distribution, its version, kernel release and host name',
    specKey: 'hostOS',
    permissions: [],
    outputs: ['host-collectors/system', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: HostOsConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const kernel = await kernelRelease(context)
    if (typeof kernel !== 'string') yield* hostFailure(context, 'Host OS Info', kernel)
    const name = await hostName(context)
    if (typeof name !== 'string') yield name
    const found = await identifyPlatform(async (path) => {
      const text = await readText(context, path)
      return typeof text === 'string' ? text : undefined
    })
    if (found === undefined) yield warning('PLATFORM_UNKNOWN', 'no release file under /etc names a distribution')
    yield jsonFile('host-collectors/system/hostos_info.json', {
      name: typeof name === 'string' ? name.trim() : '',
      kernelVersion: typeof kernel === 'string' ? kernel.trim() : '',
      platformVersion: found?.version ?? '',
      platform: found?.platform ?? '',
      platformFamily: found?.family ?? '',
    })
  },
})

async function kernelRelease(context: HostContext<unknown>): Promise<string | WarningOutput> {
  const told = await readText(context, '/proc/sys/kernel/osrelease')
  return typeof told === 'string' ? told : runTool(context, 'uname', ['-r'])
}

/** The kernel names the host of the process that asks, so for a mounted root, seen from a pod, /etc/hostname goes first. */
async function hostName(context: HostContext<unknown>): Promise<string | WarningOutput> {
  const sources = ['/proc/sys/kernel/hostname', '/etc/hostname'] as const
  const [first, second] = context.host.root === '/' ? sources : sources.toReversed()
  const told = await readText(context, first ?? sources[0])
  return typeof told === 'string' ? told : readText(context, second ?? sources[1])
}
