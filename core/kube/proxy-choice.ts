import { BlockList, isIP } from 'node:net'

type Env = Readonly<Record<string, string | undefined>>

/**
 * The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY (also in lower case) ask for, by the rules of Go's programs: never for
 * localhost and loopback addresses; NO_PROXY lists hosts, domains with all below them, addresses and CIDR ranges, each with
 * or without a port, or `*`.
 */
export function environmentProxy(server: string, env: Env): string | undefined {
  const { protocol, hostname, port } = new URL(server)
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const proxy = read(env, protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY')
  if (!proxy || host === 'localhost' || isLoopback(host)) return undefined
  const realPort = port || (protocol === 'https:' ? '443' : '80')
  const excluded = read(env, 'NO_PROXY')
    .split(/[,\s]+/)
    .filter(Boolean)
  if (excluded.some((entry) => entry === '*' || matches(entry.toLowerCase(), host, realPort))) return undefined
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

const read = (env: Env, name: string) => env[name] || env[name.toLowerCase()] || ''

function matches(entry: string, host: string, port: string): boolean {
  if (entry.includes('/')) return isInRange(entry, host)
  const [, name = entry, onlyPort] = /^(.*?):(\d+)$/.exec(isIP(entry) === 6 ? '' : entry) ?? []
  if (onlyPort !== undefined && onlyPort !== port) return false
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '')
  if (isIP(bare)) return bare === host
  return host.endsWith(`.${bare}`) || (host === bare && !/^\*?\./.test(name))
}

function isInRange(entry: string, host: string): boolean {
  const family = isIP(host)
  const [net = '', bits = ''] = entry.split('/')
  if (family === 0 || isIP(net) !== family || !/^\d+$/.test(bits)) return false
  const list = new BlockList()
  try {
    list.addSubnet(net, Number(bits), family === 6 ? 'ipv6' : 'ipv4')
  } catch {
    return false
  }
  return list.check(host, family === 6 ? 'ipv6' : 'ipv4')
}

const isLoopback = (host: string) => host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
