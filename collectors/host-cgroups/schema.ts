import * as z from 'zod'

export const CgroupsConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** where the file system of control groups is mounted; an empty text is the default */
  mountPoint: z
    .string()
    .regex(/^(\/.*)?$/, 'must be an absolute path, like /sys/fs/cgroup')
    .transform((path) => path.replace(/\/+$/, '') || '/sys/fs/cgroup')
    .default('/sys/fs/cgroup'),
})
export type CgroupsConfig = z.infer<typeof CgroupsConfig>
