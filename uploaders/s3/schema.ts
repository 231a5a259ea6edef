import * as z from 'zod'

const BUCKET = /^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const BUCKET_RULE = 'must be 3 to 63 lower-case letters, digits, "-" and ".", and no IP address'
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** `--upload-options` gives text only. */
const Flag = z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })], 'must be true or false')
const Count = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)], 'must be a number')

const Endpoint = z
  .string()
  .refine(isEndpoint, 'must be a URL with its scheme and without user or query, like https://minio.example.com:9000')
  .transform((text) => text.replace(/\/+$/, ''))

const Fields = z.strictObject({
  bucket: z.string().regex(BUCKET, BUCKET_RULE),
  prefix: z
    .string()
    .max(512)
    .refine(isPrefix, 'must be names joined by "/", like "prod/eu", without one at the front')
    .default(''),
  region: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the name of a region, like eu-central-1')
    .default('us-east-1'),
  endpoint: Endpoint.optional(),
  forcePathStyle: Flag.optional(),
  /** bundles may go over http:// to another machine, readable for all in between */
  allowInsecure: Flag.default(false),
  sse: z.enum(['AES256', 'aws:kms']).optional(),
  kmsKeyId: z.string().min(1).max(2048).optional(),
  storageClass: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of a storage class, like STANDARD_IA')
    .optional(),
  partSizeMiB: Count.pipe(z.int().min(5).max(64)).default(16),
})

export const S3Config = Fields.superRefine(({ endpoint, allowInsecure, sse, kmsKeyId }, refine) => {
  if (endpoint !== undefined && isInClear(endpoint) && !allowInsecure) {
    const message = 'would send the bundles unencrypted: use https://, or set "allowInsecure: true" if the network is safe'
    refine.addIssue({ code: 'custom', path: ['endpoint'], message })
  }
  if (kmsKeyId !== undefined && sse !== 'aws:kms')
    refine.addIssue({ code: 'custom', path: ['kmsKeyId'], message: 'needs "sse: aws:kms"' })
}).transform((config) => ({ ...config, forcePathStyle: config.forcePathStyle ?? config.endpoint !== undefined }))
export type S3Config = z.infer<typeof S3Config>

function isEndpoint(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false
  const { username, password, search, hash } = new URL(text)
  return username + password + search + hash === '' && !text.includes('?') && !text.includes('#')
}

function isInClear(endpoint: string): boolean {
  const url = URL.parse(endpoint)
  return url?.protocol === 'http:' && !LOOPBACK.test(url.hostname)
}

/** Empty, `.` and `..` in a path are taken out by some servers and clients on the way, and then name another object. */
function isPrefix(text: string): boolean {
  const parts = text.replace(/\/$/, '').split('/')
  return text === '' || parts.every((part) => !['', '.', '..'].includes(part) && !/[\p{Cc}\\]/u.test(part))
}
