/** IPv4 addresses as numbers, from the first to the last. */
export interface Range {
  first: number
  last: number
}

const range = (address: number, prefix: number): Range => {
  const size = 2 ** (32 - prefix)
  const first = Math.floor(address / size) * size
  return { first, last: first + size - 1 }
}

/** 10.0.0.0/8 */
export function parseRange(text: string): Range {
  const [address = '', prefix = ''] = text.split('/')
  return range(
    address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0),
    Number(prefix),
  )
}

/** What /proc/net/route lists, without the default route. Throws for a line that is none. */
export function parseRoutes(text: string): Range[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Iface'))
  return lines.flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [destination, mask] = [fields[1], fields[7]].map(parseHex)
    if (destination === undefined || mask === undefined) throw new Error(`"${line.trim()}" is not a route`)
    if (destination === 0 && mask === 0) return []
    return [range(destination, Math.clz32(~mask))]
  })
}

/** Bytes come in the order of the machine, the last one first. */
function parseHex(text = ''): number | undefined {
  const bytes = /^([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})$/.exec(text)?.slice(1).toReversed()
  return bytes && Number.parseInt(bytes.join(''), 16)
}

/** Whether a subnet of that size fits into a range without touching a route. Goes from route to route, not from subnet to subnet. */
export function hasFreeSubnet(within: Range, prefix: number, routes: readonly Range[]): boolean {
  const size = 2 ** (32 - prefix)
  let first = within.first
  while (first + size - 1 <= within.last) {
    const last = first + size - 1
    const taken = routes.filter((route) => route.first <= last && route.last >= first)
    if (taken.length === 0) return true
    first = Math.floor(Math.max(...taken.map((route) => route.last)) / size) * size + size
  }
  return false
}
