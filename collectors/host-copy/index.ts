import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  type HostContext,
  hostErrorFile,
  indentedJson,
  reasonLine,
  warning,
} from '../../core/contract/index.ts'
import { isBinary, SAMPLE_BYTES } from '../../core/contract/pods/binary-sample.ts'
import { destinations } from './destinations.ts'
import { CopyConfig } from './schema.ts'

export default defineHostCollector<CopyConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-copy',
    version: '1.0.0',
    summary: 'files and folders that match a path',
    specKey: 'copy',
    permissions: [],
    outputs: ['host-collectors/$name', HOST_ERRORS],
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
    const failures: string[] = []
    for (const [source, target] of destinations(pattern, found)) {
      context.signal.throwIfAborted()
      try {
        const format = isBinary(await startOf(context, source)) ? 'binary' : 'text'
        yield { type: 'file', path: `${folder}/${target}`, format, body: context.host.read(source) }
      } catch (error) {
        context.signal.throwIfAborted()
        failures.push(`${source}: ${reasonLine(error)}`)
        yield warning('COPY_UNREADABLE', `${source}: ${reasonLine(error)}`)
      }
    }
    const [first] = failures
    if (first === undefined) return
    yield indentedJson(`${folder}/errors.json`, failures)
    yield hostErrorFile(context, 'copy', first)
  },
})

/** Names tell too little: rotated logs end in .1, and .dat may be anything. */
async function startOf(context: HostContext<unknown>, path: string): Promise<Uint8Array> {
  const start: Uint8Array[] = []
  let seen = 0
  for await (const chunk of context.host.read(path)()) {
    start.push(chunk)
    seen += chunk.length
    if (seen >= SAMPLE_BYTES) break
  }
  return Buffer.concat(start)
}
