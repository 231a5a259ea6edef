import { type HostContext, readText, type WarningOutput } from '../../core/contract/index.ts'
import { FLAGS, hardwareAddress, type Interface, listed } from './interface.ts'

/** Bits of /sys/class/net/<name>/flags and what they are here. The kernel keeps RUNNING apart, in operstate. */
const KERNEL_FLAGS: [bit: number, flag: number][] = [
  [0x1, FLAGS.up],
  [0x2, FLAGS.broadcast],
  [0x8, FLAGS.loopback],
  [0x10, FLAGS.pointToPoint],
  [0x1000, FLAGS.multicast],
]

interface Route {
  name: string
  network: number
  mask: number
}

/**
 * The interfaces with an IPv4 address by /proc and /sys, for machines without `ip`. No file says which interface has an
 * address: it is the one of the narrowest local route to it. `untied` are the addresses for which there is none.
 */
export async function interfacesFromFiles(
  context: HostContext<unknown>,
): Promise<{ interfaces: Interface[]; untied: string[] } | WarningOutput> {
  const trie = await readText(context, '/proc/net/fib_trie')
  if (typeof trie !== 'string') return trie
  const table = await readText(context, '/proc/net/route')
  if (typeof table !== 'string') return table
  const routes = routesIn(table)
  const names = new Set<string>()
  const untied: string[] = []
  for (const address of localAddresses(trie)) {
    const name = routes.find((route) => (numberOf(address) & route.mask) >>> 0 === route.network)?.name
    if (name === undefined) untied.push(address)
    else names.add(name)
  }
  const interfaces = []
  for (const name of names) interfaces.push(await lookAt(context, name))
  return { interfaces: listed(interfaces), untied }
}

async function lookAt(context: HostContext<unknown>, name: string): Promise<Interface> {
  const fact = async (file: string) => {
    const text = await readText(context, `/sys/class/net/${name}/${file}`)
    return typeof text === 'string' ? text.trim() : ''
  }
  const bits = Number(await fact('flags'))
  const isRunning = (bits & 0x1) !== 0 && ['up', 'unknown'].includes(await fact('operstate'))
  return {
    Index: Number(await fact('ifindex')),
    MTU: Number(await fact('mtu')),
    Name: name,
    HardwareAddr: hardwareAddress(await fact('address')),
    Flags: KERNEL_FLAGS.reduce((sum, [bit, flag]) => (bits & bit ? sum | flag : sum), isRunning ? FLAGS.running : 0),
  }
}

/** Addresses of this machine: `|-- 192.0.2.2` followed by `/32 host LOCAL`; each stands in several tables. */
function localAddresses(trie: string): string[] {
  const found = [...trie.matchAll(/\|-- (\d+\.\d+\.\d+\.\d+)\n\s*\/32 host LOCAL/g)].map((match) => match[1] ?? '')
  return [...new Set(found)].filter((address) => !address.startsWith('127.'))
}

/** Routes without a gateway, the narrowest first. Numbers stand in the byte order of the machine, which is little-endian. */
function routesIn(table: string): Route[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter((fields) => fields[2] === '00000000' && fields[7] !== undefined && fields[7] !== '00000000')
    .map(([name = '', network = '', , , , , , mask = '']) => ({ name, network: swapped(network), mask: swapped(mask) }))
    .toSorted((a, b) => b.mask - a.mask)
}

function swapped(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE()
}

function numberOf(address: string): number {
  return Buffer.from(address.split('.').map(Number)).readUInt32BE()
}
