import * as z from 'zod'
import { FLAGS, hardwareAddress, type Interface, listed } from './interface.ts'

/** What is used of the output of `ip -json addr show`. Some versions print empty objects between the interfaces. */
const Printed = z.array(
  z.object({
    ifindex: z.number().optional(),
    ifname: z.string().default(''),
    mtu: z.number().default(0),
    address: z.string().default(''),
    flags: z.array(z.string()).default([]),
    addr_info: z.array(z.object({ family: z.string().optional() })).default([]),
  }),
)

const FLAG_NAMES: Record<string, number> = {
  UP: FLAGS.up,
  BROADCAST: FLAGS.broadcast,
  LOOPBACK: FLAGS.loopback,
  POINTOPOINT: FLAGS.pointToPoint,
  MULTICAST: FLAGS.multicast,
}

/** The interfaces with an IPv4 address in the output of `ip -json addr show`; undefined when it is no such output. */
export function interfacesFromIp(printed: string): Interface[] | undefined {
  const parsed = Printed.safeParse(jsonOf(printed))
  if (!parsed.success) return undefined
  const all = parsed.data.filter((entry) => entry.addr_info.some(({ family }) => family === 'inet'))
  return listed(
    all.map((entry) => ({
      Index: entry.ifindex ?? 0,
      MTU: entry.mtu,
      Name: entry.ifname,
      HardwareAddr: hardwareAddress(entry.address),
      Flags: flagsOf(entry.flags),
    })),
  )
}

/** `ip` does not print RUNNING; it prints NO-CARRIER for an interface that is up without it. */
function flagsOf(names: string[]): number {
  const running = names.includes('UP') && !names.includes('NO-CARRIER') ? FLAGS.running : 0
  return names.reduce((sum, name) => sum | (FLAG_NAMES[name] ?? 0), running)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
