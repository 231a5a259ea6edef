import * as z from 'zod'

export const CopyConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** a file, a folder, or a glob pattern for them */
  path: z.string().regex(/^\/+[^/]/, 'must be an absolute path or pattern, like /var/log/*.log'),
})
export type CopyConfig = z.infer<typeof CopyConfig>
