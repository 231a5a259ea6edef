/** An interface as Go's net.Interface is written in JSON, which is what host analyzers read. */
export interface Interface {
  Index: number
  MTU: number
  Name: string
  /** base64 of the address, null when it has none */
  HardwareAddr: string | null
  /** sum of FLAGS */
  Flags: number
}

/** Go's net.Flags: other numbers than the kernel's. */
export const FLAGS = { up: 1, broadcast: 2, loopback: 4, pointToPoint: 8, multicast: 16, running: 32 } as const

/** `02:fc:00:00:00:01` as base64; null for all zeros and for the addresses of tunnels, which are IP addresses. */
export function hardwareAddress(text: string): string | null {
  const isAddress = /^[0-9a-f]{2}(:[0-9a-f]{2}){5,}$/i.test(text) && /[1-9a-f]/i.test(text)
  return isAddress ? Buffer.from(text.replaceAll(':', ''), 'hex').toString('base64') : null
}

/** Which of all interfaces are listed: up, and no loopback. Sorted by index, as the kernel lists them. */
export function listed(interfaces: Interface[]): Interface[] {
  return interfaces
    .filter(({ Flags }) => (Flags & FLAGS.up) !== 0 && (Flags & FLAGS.loopback) === 0)
    .toSorted((a, b) => a.Index - b.Index)
}
