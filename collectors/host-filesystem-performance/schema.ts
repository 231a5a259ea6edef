import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'
import { durationMs } from '../../core/contract/index.ts'

const DEFAULT_OPERATION_BYTES = 1024
const DEFAULT_FILE_BYTES = 10 * 2 ** 20
const MAX_OPERATION_BYTES = 64 * 2 ** 20
const DEFAULT_TIMEOUT_MS = 60_000

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** "22Mi" as bytes; an empty text is the default. */
const FileSize = z
  .union([z.int().positive().transform(String), z.string()])
  .refine((text) => text === '' || bytesOf(text) > 0, 'must be a size, like "22Mi"')
  .transform((text) => bytesOf(text) || DEFAULT_FILE_BYTES)

function bytesOf(text: string): number {
  const [, count, unit = ''] = /^(\d{1,15}(?:\.\d{1,9})?)(k|K|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text) ?? []
  return count === undefined ? 0 : Math.floor(Number(count) * (UNIT_BYTES[unit] ?? 0))
}

/** Seconds, or a duration; an empty text and 0 are no limit. */
const RunTime = z
  .union([z.int().transform(String), z.string()])
  .refine((text) => runTimeMs(text) !== undefined, 'must be seconds, like "120", or a duration, like "2m"')
  .transform((text) => runTimeMs(text) || Infinity)

function runTimeMs(text: string): number | undefined {
  if (/^-\d+$/.test(text)) return 0
  return durationMs(/^\d+$/.test(text) ? `${text}s` : text)
}

const OperationSize = z.int().min(0).max(MAX_OPERATION_BYTES, 'must not be more than 64 MiB').default(0)
const count = z.int().optional()

export const FilesystemPerformanceConfig = z
  .strictObject({
    collectorName: z.string().optional(),
    exclude: z.union([z.boolean(), z.string()]).optional(),
    /** where the file is made; it must be there */
    directory: z.string().startsWith('/', 'must be an absolute path, like /var/lib/etcd'),
    /** bytes of each write; 0 = 1024 */
    operationSize: OperationSize,
    /** the same by the name that the peer's examples have, and the peer does not know */
    operationSizeBytes: OperationSize,
    fileSize: FileSize.default(DEFAULT_FILE_BYTES),
    /** fsync after each write, instead of fdatasync */
    sync: z.boolean().default(false),
    /** no effect: it is so unless `sync` is true */
    datasync: z.boolean().optional(),
    runTime: RunTime.default(120_000),
    timeout: Duration.transform((ms) => ms || DEFAULT_TIMEOUT_MS).default(DEFAULT_TIMEOUT_MS),
    /** no effect but a warning: no load is made beside the writes */
    enableBackgroundIOPS: z.boolean().default(false),
    /** no effect, as all that follow */
    backgroundIOPSWarmupSeconds: count,
    backgroundWriteIOPS: count,
    backgroundReadIOPS: count,
    backgroundWriteIOPSJobs: count,
    backgroundReadIOPSJobs: count,
  })
  .transform(({ operationSize, operationSizeBytes, ...config }) => ({
    ...config,
    operationSize: operationSize || operationSizeBytes || DEFAULT_OPERATION_BYTES,
  }))
export type FilesystemPerformanceConfig = z.infer<typeof FilesystemPerformanceConfig>
