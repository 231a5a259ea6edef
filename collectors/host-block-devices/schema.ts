import * as z from 'zod'

export const BlockDevicesConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
})
export type BlockDevicesConfig = z.infer<typeof BlockDevicesConfig>
