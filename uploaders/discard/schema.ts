import * as z from 'zod'

export const DiscardConfig = z.strictObject({})
export type DiscardConfig = z.infer<typeof DiscardConfig>
