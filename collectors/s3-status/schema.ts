import * as z from 'zod'

export const S3StatusConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  bucketName: z.string().min(1),
  region: z
    .string()
    .regex(/^[a-z0-9-]*$/, 'must be a region, like eu-central-1')
    .default(''),
  /** a service that speaks S3; none = that of AWS in the region */
  endpoint: z
    .string()
    .regex(/^(https?:\/\/[^\s/]+.*)?$/, 'must begin with http:// or https://')
    .refine((url) => url === '' || !/^https?:/.test(url) || URL.canParse(url), 'must be a URL, like https://minio.example:9000')
    .default(''),
  accessKeyID: z.string().default(''),
  secretAccessKey: z.string().default(''),
  /** the bucket stands in the path, not in the host's name */
  usePathStyle: z.boolean().default(false),
  /** any certificate will do */
  insecure: z.boolean().default(false),
})
export type S3StatusConfig = z.infer<typeof S3StatusConfig>
