import * as z from 'zod'

export const HostServicesConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
})
export type HostServicesConfig = z.infer<typeof HostServicesConfig>
