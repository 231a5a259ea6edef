import { CONTRACT, defineHostCollector, type HostContext, warning } from '../../core/contract/index.ts'
import { destinations } from './destinations.ts'
import { CopyConfig } from './schema.ts'

/** How much of a file is looked at to tell text from binary data, in bytes. */
const SAMPLE_BYTES = 8192

export default defineHostCollector<CopyConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-copy',
    version: '1.0.0',
    summary: 'files and folders that match a path',
    specKey: 'copy',
    permissions: [],
    outputs: ['host-collectors/$name'],
    platforms: ['linux', 'darwin'],
  },
  configSchema: CopyConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const folder = `host-collectors/${context.config.collectorName || 'copy'}`
    const pattern = context.config.path.replace(/\/+$/, '')
    // A path that names a folder matches no file by itself: what lies below is asked for as well.
    const found = [...(await context.host.glob(pattern)), ...(await context.host.glob(`${pattern}/**`))]
    if (found.length === 0) yield warning('COPY_NOTHING_FOUND', `no file matches ${context.config.path}`)
    for (const [source, target] of destinations(pattern, found)) {
      context.signal.throwIfAborted()
      try {
        const format = (await isBinary(context, source)) ? 'binary' : 'text'
        yield { type: 'file', path: `${folder}/${target}`, format, body: context.host.read(source) }
      } catch (error) {
        context.signal.throwIfAborted()
        yield warning('COPY_UNREADABLE', `${source}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  },
})

/** Text has no NUL byte. Names tell too little: rotated logs end in .1, and .dat may be anything. */
async function isBinary(context: HostContext<unknown>, path: string): Promise<boolean> {
  let seen = 0
  for await (const chunk of context.host.read(path)()) {
    if (chunk.subarray(0, SAMPLE_BYTES - seen).includes(0)) return true
    seen += chunk.length
    if (seen >= SAMPLE_BYTES) return false
  }
  return false
}
