import { posix } from 'node:path'
import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'
import { COMMON, POD } from '../../core/contract/pods/pod-schema.ts'

export const CopyFromHostConfig = z.strictObject({
  ...COMMON,
  ...POD,
  /** folder in the bundle; none = the path on the host */
  name: z.string().default(''),
  /** with sleep and tar */
  image: z.string().min(1).default('busybox:1'),
  /** of copying from each node; a pod has as long to begin, but at least 30 s */
  timeout: Duration.default(0),
  /** a file or a folder of each node */
  hostPath: z
    .string()
    .transform((path) => posix.normalize(path).replace(/(.)\/+$/, '$1'))
    .refine((path) => path.startsWith('/'), 'must be absolute')
    .refine((path) => path !== '/', 'must name a file or a folder, not all that there is'),
  /** true: files by themselves, else one archive.tar a node */
  extractArchive: z.boolean().default(false),
})
export type CopyFromHostConfig = z.infer<typeof CopyFromHostConfig>
