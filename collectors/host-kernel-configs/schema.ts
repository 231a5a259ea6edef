import * as z from 'zod'

export const KernelConfigsConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
})
export type KernelConfigsConfig = z.infer<typeof KernelConfigsConfig>
