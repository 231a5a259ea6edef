import * as z from 'zod'

export const RegistryImagesConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  images: z.array(z.string().min(1)).min(1),
  /** of the pull secret; none = that of the run */
  namespace: z.string().default(''),
  /** `data` counts before `name` */
  imagePullSecret: z
    .strictObject({
      name: z.string().default(''),
      /** `.dockerconfigjson` in base64 */
      data: z.record(z.string(), z.string()).optional(),
      /** of `data`: `kubernetes.io/dockerconfigjson`, the only one that there is */
      type: z.string().default(''),
    })
    .refine(({ name, data }) => name !== '' || data !== undefined, { path: ['name'], message: 'is needed (or "data")' })
    .refine(({ data, type }) => data === undefined || type === 'kubernetes.io/dockerconfigjson', {
      path: ['type'],
      message: 'must be kubernetes.io/dockerconfigjson',
    })
    .optional(),
})
export type RegistryImagesConfig = z.infer<typeof RegistryImagesConfig>
