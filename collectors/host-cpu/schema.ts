import * as z from 'zod'

export const CpuConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
})
export type CpuConfig = z.infer<typeof CpuConfig>
