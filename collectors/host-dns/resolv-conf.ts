/** What /etc/resolv.conf says of it. */
export interface Resolver {
  /** `address:port` */
  servers: { host: string; port: number }[]
  search: string[]
  ndots: number
}

const MAX_NDOTS = 15

/** Reads the file as the C library does: the last `search` or `domain` counts. */
export function parseResolvConf(text: string): Resolver {
  const resolver: Resolver = { servers: [], search: [], ndots: 1 }
  for (const line of text.split('\n')) {
    const [key, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (key === 'nameserver' && values[0]) resolver.servers.push({ host: values[0], port: 53 })
    if (key === 'search') resolver.search = values
    if (key === 'domain') resolver.search = values.slice(0, 1)
    const ndots = key === 'options' ? values.findLast((one) => /^ndots:\d+$/.test(one)) : undefined
    if (ndots) resolver.ndots = Math.min(MAX_NDOTS, Number(ndots.slice('ndots:'.length)))
  }
  return resolver
}

/** The full names that are asked for, in order: with enough dots the name itself first, else last. */
export function namesOf(name: string, { search, ndots }: Resolver): string[] {
  if (name.endsWith('.')) return [name]
  const itself = `${name}.`
  const others = search.map((domain) => `${name}.${domain}`.replace(/\.*$/, '.'))
  return name.split('.').length > ndots ? [itself, ...others] : [...others, itself]
}
