import * as z from 'zod'

const Source = z.strictObject({
  name: z.string().min(1),
  /** none: that of the kubeconfig or of the job */
  namespaces: z
    .array(z.string().min(1))
    .nullable()
    .default([])
    .transform((namespaces) => namespaces ?? []),
})

const Sources = z
  .array(Source)
  .nullable()
  .default([])
  .transform((sources) => sources ?? [])

export const CertificatesConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  secrets: Sources,
  configMaps: Sources,
})
export type CertificatesConfig = z.infer<typeof CertificatesConfig>
