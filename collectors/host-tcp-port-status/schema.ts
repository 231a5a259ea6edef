import * as z from 'zod'

export const TcpPortStatusConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** whose IPv4 address is listened at; none = all */
  interface: z.string().default(''),
  port: z.int().min(1).max(65_535),
})
export type TcpPortStatusConfig = z.infer<typeof TcpPortStatusConfig>
