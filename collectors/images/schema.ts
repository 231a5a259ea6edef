import * as z from 'zod'

export const ImagesConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** none = those of the run */
  namespace: z.string().default(''),
})
export type ImagesConfig = z.infer<typeof ImagesConfig>
