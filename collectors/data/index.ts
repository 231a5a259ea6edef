import { posix } from 'node:path'
import { CONTRACT, defineCollector } from '../../core/contract/index.ts'
import { DataConfig } from './schema.ts'

export default defineCollector<DataConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'data',
    version: '1.0.0',
    summary: 'text that stands in the spec',
    specKey: 'data',
    permissions: [],
    outputs: ['$name'],
  },
  configSchema: DataConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { name = '', collectorName = '', data } = context.config
    // Specs in use begin the name with a slash.
    const path = posix.join(name, collectorName).replace(/^\/+/, '')
    yield { type: 'file', path, format: isJson(path, data) ? 'json' : 'text', body: data }
  },
})

function isJson(path: string, data: string): boolean {
  if (!path.endsWith('.json')) return false
  try {
    JSON.parse(data)
    return true
  } catch {
    return false
  }
}
