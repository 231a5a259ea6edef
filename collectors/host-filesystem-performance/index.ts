import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  type HostContext,
  hostFailure,
  jsonFile,
  warning,
} from '../../core/contract/index.ts'
import { latenciesOf } from './latencies.ts'
import { FilesystemPerformanceConfig } from './schema.ts'

/** Most that is written, in bytes and in pieces, whatever an entry asks for. */
const MAX_FILE_BYTES = 2 ** 30
const MAX_WRITES = 1_000_000

export default defineHostCollector<FilesystemPerformanceConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-filesystem-performance',
    version: '1.0.0',
    summary: 'how long a disk takes to make writes durable',
    specKey: 'filesystemPerformance',
    permissions: [],
    outputs: ['host-collectors/filesystemPerformance', HOST_ERRORS],
    platforms: ['linux', 'darwin'],
  },
  configSchema: FilesystemPerformanceConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { config } = context
    const name = config.collectorName || 'filesystemPerformance'
    const fileBytes = Math.min(config.fileSize, MAX_FILE_BYTES, MAX_WRITES * config.operationSize)
    const times = await measured(context, fileBytes)
    if (typeof times === 'string') {
      yield* hostFailure(context, 'Filesystem Performance', warning('WRITE_TEST_FAILED', `${config.directory}: ${times}`))
      return
    }
    if (config.fileSize > fileBytes)
      yield warning('WRITE_TEST_CUT', `${name}: measured with ${fileBytes} bytes, the most that is written`)
    const writes = Math.ceil(fileBytes / config.operationSize)
    if (times.length < writes && config.timeout < config.runTime)
      yield warning('WRITE_TEST_CUT', `${name}: the timeout was over after ${times.length} of ${writes} writes`)
    if (config.enableBackgroundIOPS) yield warning('WRITE_TEST_QUIET', `${name}: measured without a load in the background`)
    const job = {
      jobname: 'fsperf',
      error: 0,
      'job options': optionsOf(config, fileBytes),
      sync: { total_ios: times.length, lat_ns: latenciesOf(times) },
    }
    yield jsonFile(`host-collectors/filesystemPerformance/${name}.json`, { jobs: [job] })
  },
})

/** How long each write took to be durable, in ns; or why that is not known. */
async function measured(
  { host, config, signal }: HostContext<FilesystemPerformanceConfig>,
  fileBytes: number,
): Promise<number[] | string> {
  const { directory, operationSize, sync, runTime, timeout } = config
  try {
    const { totalBytes, usedBytes } = await host.usage(directory)
    signal.throwIfAborted()
    // Filling a disk to look at it would be worse than not to know.
    if (totalBytes - usedBytes < 2 * fileBytes)
      return `the file would take ${fileBytes} bytes, and there must be twice that free; name a smaller fileSize`
    const limitMs = Math.min(runTime, timeout)
    const times = await host.syncTimes(directory, { writeBytes: operationSize, fileBytes, isFullSync: sync, limitMs })
    signal.throwIfAborted()
    return times.length > 0 ? times : 'the time was over before the first write'
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return 'there is no such folder, and none is made: create it, or name one on the same disk'
    return error instanceof Error ? error.message : String(error)
  }
}

/** What fio would have been asked for. */
function optionsOf({ directory, operationSize, sync, runTime }: FilesystemPerformanceConfig, fileBytes: number) {
  return {
    name: 'fsperf',
    bs: String(operationSize),
    directory,
    rw: 'write',
    ioengine: 'sync',
    [sync ? 'fsync' : 'fdatasync']: '1',
    size: String(fileBytes),
    ...(runTime === Infinity ? {} : { runtime: String(Math.round(runTime / 1000)) }),
  }
}
