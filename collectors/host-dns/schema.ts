import * as z from 'zod'

export const DnsConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** asked for with each search domain of the machine; a dot at the end asks for that name alone */
  hostnames: z.array(z.string().min(1).max(253)).min(1),
})
export type DnsConfig = z.infer<typeof DnsConfig>
