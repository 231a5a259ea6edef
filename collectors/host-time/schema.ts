import * as z from 'zod'

export const TimeConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
})
export type TimeConfig = z.infer<typeof TimeConfig>
