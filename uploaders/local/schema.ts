import { isAbsolute } from 'node:path'
import * as z from 'zod'

export const LocalConfig = z.strictObject({
  /** the folder that gets one folder a job; it must be there already */
  path: z.string().refine(isAbsolute, 'must be an absolute path, like /var/backups/bundles'),
})
export type LocalConfig = z.infer<typeof LocalConfig>
