import * as z from 'zod'

export const ClusterInfoConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
})
export type ClusterInfoConfig = z.infer<typeof ClusterInfoConfig>
