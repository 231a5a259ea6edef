import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'

export const HttpLoadBalancerConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** URL of the load balancer */
  address: z.string().min(1),
  /** of this machine, where the load balancer sends requests */
  port: z.int().min(1).max(65_535),
  /** has no effect, as for the peer: what is asked for stands in `address` */
  path: z.string().default(''),
  /** none, or 0 = 60 s */
  timeout: Duration.default(0),
})
export type HttpLoadBalancerConfig = z.infer<typeof HttpLoadBalancerConfig>
