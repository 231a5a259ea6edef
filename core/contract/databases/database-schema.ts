import * as z from 'zod'

const KeyRef = z.strictObject({
  name: z.string().min(1),
  key: z.string().min(1),
  /** none = that of the run */
  namespace: z.string().optional(),
  /** true: without such an object or key the value is empty */
  optional: z.boolean().optional(),
})

/** A text, or an object that says where it is. */
const Value = z.union([
  z.string(),
  z.strictObject({
    value: z.string().optional(),
    valueFrom: z.strictObject({ secretKeyRef: KeyRef.optional(), configMapKeyRef: KeyRef.optional() }).optional(),
  }),
])

/** Not part of `index.ts`: the contract itself knows no zod. */
export const DatabaseConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  uri: Value.default(''),
  /** names of server variables, for those collectors that tell them */
  parameters: z
    .array(z.string())
    .nullish()
    .transform((names) => names ?? []),
  tls: z
    .strictObject({
      skipVerify: z.boolean().default(false),
      /** with keys cacert, clientCert, clientKey; counts alone */
      secret: z.strictObject({ name: z.string().min(1), namespace: z.string().default('') }).optional(),
      cacert: Value.optional(),
      clientCert: Value.optional(),
      clientKey: Value.optional(),
    })
    .optional(),
})
export type DatabaseConfig = z.infer<typeof DatabaseConfig>
