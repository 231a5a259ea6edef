import * as z from 'zod'

export const UdpPortStatusConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** whose IPv4 address is listened at; none = all */
  interface: z.string().default(''),
  port: z.int().min(1).max(65_535),
})
export type UdpPortStatusConfig = z.infer<typeof UdpPortStatusConfig>
