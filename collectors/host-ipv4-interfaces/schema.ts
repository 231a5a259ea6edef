import * as z from 'zod'

export const Ipv4InterfacesConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
})
export type Ipv4InterfacesConfig = z.infer<typeof Ipv4InterfacesConfig>
