import * as z from 'zod'
import { hasWebCall, WEB_CALLS } from '../../core/contract/web/web-schema.ts'

export const HttpConfig = z
  .strictObject({
    collectorName: z.string().optional(),
    exclude: z.union([z.boolean(), z.string()]).optional(),
    /** folder of the file; none = the root of the bundle */
    name: z.string().default(''),
    ...WEB_CALLS,
  })
  .refine(hasWebCall, { path: ['get'], message: 'is needed (or "post", or "put")' })
export type HttpConfig = z.infer<typeof HttpConfig>
