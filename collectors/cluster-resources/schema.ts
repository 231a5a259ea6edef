import * as z from 'zod'

export const ClusterResourcesConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** none = those of the run */
  namespaces: z
    .array(z.string())
    .nullable()
    .default([])
    .transform((names) => (names?.includes('') ? [] : (names ?? []))),
  /** true: also namespaces in which pods may not be read */
  ignoreRBAC: z.boolean().default(false),
})
export type ClusterResourcesConfig = z.infer<typeof ClusterResourcesConfig>
