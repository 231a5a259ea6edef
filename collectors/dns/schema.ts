import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'
import { COMMON } from '../../core/contract/pods/pod-schema.ts'

export const DnsConfig = z.strictObject({
  ...COMMON,
  /** of the pod that asks; none, or 0 = 60 s, which is all that the peer has */
  timeout: Duration.default(0),
  /** with a shell and dig */
  image: z
    .string()
    .default('')
    .transform((image) => image || 'registry.k8s.io/e2e-test-images/agnhost:2.39'),
  /** a name that nobody should know */
  nonResolvable: z
    .string()
    .default('')
    .transform((name) => name || '*'),
})
export type DnsConfig = z.infer<typeof DnsConfig>
