import { posix } from 'node:path'
import * as z from 'zod'
import { COMMON, Texts } from '../../core/contract/pods/pod-schema.ts'

const ContainerPath = z
  .string()
  .transform((path) => posix.normalize(path).replace(/(.)\/+$/, '$1'))
  .refine((path) => !['', '.', '/'].includes(path), 'must name a file or a folder, not all that there is')
  .refine((path) => !path.split('/').includes('..'), 'must not lead out of the working directory')

export const CopyConfig = z.strictObject({
  ...COMMON,
  /** folder in the bundle */
  name: z.string().default(''),
  /** labels of pods; all of them are copied from. None = all pods */
  selector: Texts,
  /** none = those of the run */
  namespace: z.string().default(''),
  /** a file or a folder; a relative one begins where the container works */
  containerPath: ContainerPath,
  /** none = the first of the pod */
  containerName: z.string().default(''),
  /** without effect: it is always unpacked, as the peer does it */
  extractArchive: z.boolean().optional(),
})
export type CopyConfig = z.infer<typeof CopyConfig>
