import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'

export const TcpLoadBalancerConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** host:port of the load balancer */
  address: z.string().min(1),
  /** of this machine, where the load balancer sends connections */
  port: z.int().min(1).max(65_535),
  /** none, or 0 = 60 s */
  timeout: Duration.default(0),
})
export type TcpLoadBalancerConfig = z.infer<typeof TcpLoadBalancerConfig>
