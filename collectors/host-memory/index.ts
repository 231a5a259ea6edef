import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  hostFailure,
  jsonFile,
  readText,
  warning,
} from '../../core/contract/index.ts'
import { MemoryConfig } from './schema.ts'

/** Of files that say why it failed. */
const TITLE = 'Amount of Memory'

export default defineHostCollector<MemoryConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-memory',
    version: '1.0.0',
    summary: 'amount of memory',
    specKey: 'memory',
    permissions: [],
    outputs: ['host-collectors/system', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: MemoryConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const meminfo = await readText(context, '/proc/meminfo')
    if (typeof meminfo !== 'string') {
      yield* hostFailure(context, TITLE, meminfo)
      return
    }
    const total = /^MemTotal:\s*(\d+) kB/m.exec(meminfo)?.[1]
    if (total === undefined) {
      yield* hostFailure(context, TITLE, warning('MEMORY_UNKNOWN', '/proc/meminfo has no line MemTotal'))
      return
    }
    yield jsonFile('host-collectors/system/memory.json', { total: Number(total) * 1024 })
  },
})
