import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { systemClock } from '../../core/clock.ts'

/** A way to a server that takes its time: everything arrives `delayMs` later, in both directions, whole and in order. */
export async function startFarWay(target: string, delayMs: number): Promise<{ port: number; close(): void }> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const carry = (from: Socket, to: Socket) => {
    let last: Promise<unknown> = Promise.resolve()
    const later = (work: () => void) => {
      const due = systemClock.sleep(delayMs)
      last = last.then(() => due).then(work)
    }
    from.on('data', (bytes) => later(() => void (to.writable && to.write(bytes))))
    from.on('end', () => later(() => to.end()))
    from.on('error', () => to.destroy())
    from.on('close', () => later(() => to.destroy()))
  }
  const server = createServer((near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true })
    near.setNoDelay(true)
    for (const socket of [near, far]) sockets.add(socket)
    carry(near, far)
    carry(far, near)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
