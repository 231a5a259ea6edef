import { isIPv4 } from 'node:net'
import * as z from 'zod'

export const SubnetAvailableConfig = z
  .strictObject({
    collectorName: z.string().optional(),
    exclude: z.union([z.boolean(), z.string()]).optional(),
    /** where a subnet is looked for, like 10.0.0.0/8 */
    CIDRRangeAlloc: z.string().refine(isRange, 'must be a range of IPv4 addresses, like 10.0.0.0/8'),
    /** size of the subnet, as the length of its prefix */
    desiredCIDR: z.int().min(1).max(32),
  })
  .refine(({ CIDRRangeAlloc, desiredCIDR }) => Number(CIDRRangeAlloc.split('/')[1]) <= desiredCIDR, {
    path: ['desiredCIDR'],
    message: 'must not be larger than the range itself',
  })
export type SubnetAvailableConfig = z.infer<typeof SubnetAvailableConfig>

function isRange(text: string): boolean {
  const [address = '', prefix = '', ...more] = text.split('/')
  return isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32 && more.length === 0
}
