import * as z from 'zod'

const AbsolutePath = z.string().startsWith('/', 'must be an absolute path, like /etc/ssl/app.crt')

export const CertificateConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** a PEM file whose first certificate is looked at */
  certificatePath: AbsolutePath,
  /** a PEM file with its private key; the key itself never gets into the bundle */
  keyPath: AbsolutePath,
})
export type CertificateConfig = z.infer<typeof CertificateConfig>
