import * as z from 'zod'

export const KernelModulesConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
})
export type KernelModulesConfig = z.infer<typeof KernelModulesConfig>
