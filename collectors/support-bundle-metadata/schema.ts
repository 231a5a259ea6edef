import * as z from 'zod'

export const SupportBundleMetadataConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** none: that of the kubeconfig or of the job */
  namespace: z.string().default(''),
})
export type SupportBundleMetadataConfig = z.infer<typeof SupportBundleMetadataConfig>
