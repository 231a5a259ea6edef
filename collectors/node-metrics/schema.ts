import * as z from 'zod'

export const NodeMetricsConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** with no selector either: all nodes */
  nodeNames: z
    .array(z.string().min(1))
    .nullable()
    .default([])
    .transform((names) => names ?? []),
  /** labels of nodes, besides those that are named */
  selector: z
    .array(z.string())
    .nullable()
    .default([])
    .transform((selector) => selector ?? []),
})
export type NodeMetricsConfig = z.infer<typeof NodeMetricsConfig>
