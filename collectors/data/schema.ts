import * as z from 'zod'

export const DataConfig = z
  .strictObject({
    collectorName: z.string().optional(),
    exclude: z.union([z.boolean(), z.string()]).optional(),
    /** folder in the bundle */
    name: z.string().optional(),
    data: z.string(),
  })
  .refine(({ name, collectorName }) => Boolean(name || collectorName), {
    path: ['collectorName'],
    message: 'is needed to name the file (or "name")',
  })
export type DataConfig = z.infer<typeof DataConfig>
