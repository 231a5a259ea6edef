import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { BlockList, isIP, type Socket } from 'node:net'
import { fail, reasonOf } from '../../core/errors.ts'
import type { NetworkPolicy } from '../../core/task.ts'

/**
 * What lies behind these is this machine, this link, or what clouds tell their machines: credentials, among others.
 * Sources: RFC 6890; the documentation of the clouds for their metadata addresses.
 */
const NEVER = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::',
  '::1',
  'fe80::/10',
  'fd00:ec2::/32',
  'ff00::/8',
]
/** Of IPv6 addresses that stand for an IPv4 one: `64:ff9b::7f00:1` is 127.0.0.1 (RFC 6052), `2002:7f00:1::` too (RFC 3056). */
const TRANSLATED = ['64:ff9b::/96', '2002::/16', '::/96']

export type Judge = (address: string) => boolean

/** Whether a task may connect to an address. Only a single allowed address opens what nobody may reach. Throws CONFIG_INVALID for what is no range. */
export function judgeOf({ refused, allowed }: Pick<NetworkPolicy, 'refused' | 'allowed'>): Judge {
  const [never, closed, open] = [inRanges([...NEVER, ...TRANSLATED]), inRanges(refused), inRanges(allowed)]
  const single = inRanges(allowed.filter((range) => !range.includes('/')))
  return (address) => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(address) === 0) return false
    if (never(address, family)) return single(address, family)
    return open(address, family) || !closed(address, family)
  }
}

/** Whether an address is in one of the ranges. Bound now: what is loaded later cannot change what it does. */
function inRanges(ranges: readonly string[]): BlockList['check'] {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    try {
      if (prefix === undefined) list.addAddress(address, family)
      else list.addSubnet(address, Number(prefix), family)
    } catch (error) {
      throw fail('CONFIG_INVALID', {
        file: 'the network policy',
        issues: `"${range}" is no range of addresses: ${reasonOf(error)}`,
      })
    }
  }
  return list.check.bind(list)
}

interface ConnectOptions {
  host?: string
  port?: number | string
  path?: string
  lookup?: Lookup
}
type Lookup = (
  host: string,
  options: LookupOptions,
  done: (error: Error | null, address?: string | LookupAddress[], family?: number) => void,
) => void

/**
 * Makes every connection of this process pass the policy, whoever opens it: after a name was resolved, so that what is judged
 * is what is connected to. Sockets of the file system are refused. A wall for what jobs name, such as an endpoint; who writes
 * plug-ins is trusted by whoever mounts them, and meets the NetworkPolicy behind it.
 */
export function guardConnections(sockets: { prototype: Socket }, policy: NetworkPolicy, resolve: Lookup = systemLookup): void {
  const mayReach = judgeOf(policy)
  const original = sockets.prototype.connect
  const refuse = (socket: Socket, address: string) => {
    queueMicrotask(() => socket.destroy(fail('ADDRESS_REFUSED', { address })))
    return socket
  }
  const guarded: Lookup = (host, options, done) =>
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error || !Array.isArray(found)) return done(error ?? new Error(`no address for ${host}`))
      const reachable = found.filter(({ address }) => mayReach(address))
      const first = reachable[0]
      if (!first) return done(fail('ADDRESS_REFUSED', { address: `${host} (${found.map(({ address }) => address).join(', ')})` }))
      if (options.all) done(null, reachable)
      else done(null, first.address, first.family)
    })

  sockets.prototype.connect = function connect(this: Socket, ...given: unknown[]) {
    // What net.connect() has put in order comes as one list, marked by a symbol of its own.
    const args = Array.isArray(given[0]) ? (given[0] as unknown[]) : given
    const options = optionsOf(args)
    if (options.path) return refuse(this, options.path)
    const host = options.host ?? 'localhost'
    const isServer = policy.server !== undefined && policy.server === `${host}:${options.port}`
    if (!isServer && isIP(host) !== 0 && !mayReach(host)) return refuse(this, host)
    if (!isServer) Object.assign(options, { host, lookup: guarded })
    if (args === given[0]) args[0] = options
    else given = [options, given.find((one) => typeof one === 'function')]
    return Reflect.apply(original, this, given) as Socket
  }
}

/** `connect(options)`, `connect(port, host)`, `connect(path)`, each with a callback or not. A copy. */
function optionsOf([first, second]: unknown[]): ConnectOptions {
  if (typeof first === 'object' && first !== null) return { ...first }
  const isPort = typeof first === 'number' || /^\d+$/.test(String(first))
  if (!isPort) return { path: String(first) }
  return { port: Number(first), ...(typeof second === 'string' ? { host: second } : {}) }
}
