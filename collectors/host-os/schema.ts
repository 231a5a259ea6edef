import * as z from 'zod'

export const HostOsConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
})
export type HostOsConfig = z.infer<typeof HostOsConfig>
