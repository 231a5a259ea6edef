import { isIPv4 } from 'node:net'
import * as z from 'zod'
import { Duration } from '../../core/contract/duration-schema.ts'

const Cidr = z.string().refine(hasTwoHosts, 'must be a range of at least four IPv4 addresses, like 10.0.0.0/24')

export const NetworkNamespaceConnectivityConfig = z
  .strictObject({
    collectorName: z.string().optional(),
    exclude: z.union([z.boolean(), z.string()]).optional(),
    /** of the namespace that connects */
    fromCIDR: Cidr,
    /** of the namespace that is connected to */
    toCIDR: Cidr,
    /** of each connection; none, or 0 = 5 s */
    timeout: Duration.default(0),
    port: z.int().min(0).max(65_535).default(0),
  })
  .refine(({ fromCIDR, toCIDR }) => fromCIDR !== toCIDR, { path: ['toCIDR'], message: 'must not be that of fromCIDR' })
export type NetworkNamespaceConnectivityConfig = z.infer<typeof NetworkNamespaceConnectivityConfig>

function hasTwoHosts(text: string): boolean {
  const [address = '', prefix = '', ...more] = text.split('/')
  return isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 30 && more.length === 0
}
