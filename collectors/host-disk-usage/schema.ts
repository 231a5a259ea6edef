import * as z from 'zod'

export const DiskUsageConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** any path on the file system looked at; it need not exist yet */
  path: z.string().startsWith('/', 'must be an absolute path, like /var/lib'),
})
export type DiskUsageConfig = z.infer<typeof DiskUsageConfig>
