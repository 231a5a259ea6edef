import * as z from 'zod'

export const RegistryImagesConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  images: z.array(z.string().min(1)).min(1),
  /** for all registries; none = without a login */
  username: z.string().default(''),
  password: z.string().default(''),
})
export type RegistryImagesConfig = z.infer<typeof RegistryImagesConfig>
