import * as z from 'zod'

export const CertificatesCollectionConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** PEM files */
  paths: z.array(z.string().startsWith('/', 'must be an absolute path, like /etc/ssl/app.crt')).min(1),
})
export type CertificatesCollectionConfig = z.infer<typeof CertificatesCollectionConfig>
