import { posix } from 'node:path'
import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  type HostContext,
  hostFailure,
  jsonFile,
  reasonLine,
  warning,
} from '../../core/contract/index.ts'
import { DiskUsageConfig } from './schema.ts'

export default defineHostCollector<DiskUsageConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-disk-usage',
    version: '1.0.0',
    summary: 'size and use of the file system that holds a path',
    specKey: 'diskUsage',
    permissions: [],
    outputs: ['host-collectors/diskUsage', HOST_ERRORS],
    platforms: ['linux', 'darwin'],
  },
  configSchema: DiskUsageConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { collectorName, path } = context.config
    try {
      const { totalBytes, usedBytes } = await usageOfNearest(context, posix.normalize(path))
      const file = `host-collectors/diskUsage/${collectorName || 'diskUsage'}.json`
      yield jsonFile(file, { total_bytes: totalBytes, used_bytes: usedBytes })
    } catch (error) {
      context.signal.throwIfAborted()
      yield* hostFailure(context, 'Disk Usage ', warning('DISK_USAGE_UNKNOWN', `${path}: ${reasonLine(error)}`))
    }
  },
})

/** A folder that a program would make later lies on the file system of its nearest parent that is there. */
async function usageOfNearest(context: HostContext<unknown>, path: string): Promise<{ totalBytes: number; usedBytes: number }> {
  try {
    return await context.host.usage(path)
  } catch (error) {
    if (path === '/' || !isMissing(error)) throw error
    return usageOfNearest(context, posix.dirname(path))
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
