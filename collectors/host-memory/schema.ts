import * as z from 'zod'

export const MemoryConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
})
export type MemoryConfig = z.infer<typeof MemoryConfig>
