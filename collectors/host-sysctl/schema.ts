import * as z from 'zod'

export const SysctlConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
})
export type SysctlConfig = z.infer<typeof SysctlConfig>
