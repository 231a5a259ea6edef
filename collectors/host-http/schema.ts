import * as z from 'zod'
import { hasWebCall, WEB_CALLS } from '../../core/contract/web/web-schema.ts'

/** `tls.secret` has no effect: there is no cluster to read it from. */
export const HttpConfig = z
  .strictObject({
    collectorName: z.string().optional(),
    exclude: z.union([z.boolean(), z.string()]).optional(),
    ...WEB_CALLS,
  })
  .refine(hasWebCall, { path: ['get'], message: 'is needed (or "post", or "put")' })
export type HttpConfig = z.infer<typeof HttpConfig>
