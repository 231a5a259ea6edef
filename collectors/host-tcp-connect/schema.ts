import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'

export const TcpConnectConfig = z.strictObject({
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
  /** host:port */
  address: z.string().min(1),
  /** none, or 0 = 10 s */
  timeout: Duration.default(0),
})
export type TcpConnectConfig = z.infer<typeof TcpConnectConfig>
