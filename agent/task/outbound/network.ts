import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Endpoint, Network } from '../../../core/contract/index.ts'
import { type ArrivalEdge, arrive } from './arrival.ts'
import { dial, told, within } from './sockets.ts'

/** The machine's network as host collectors may try it. */
export function createNetwork(edge: ArrivalEdge): Network {
  return {
    async addresses() {
      return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
        addresses.map(({ address, family, internal }) => ({ name, address, family, isLoopback: internal })),
      )
    },
    async connect(to, timeoutMs) {
      const socket = await dial(to, timeoutMs, edge)
      socket.destroy()
    },
    async bindUdp({ host, port }) {
      const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4')
      try {
        socket.bind({ port, address: host, exclusive: true })
        await once(socket, 'listening', { signal: edge.signal })
      } catch (error) {
        throw told(error)
      } finally {
        socket.close()
      }
    },
    arrive: (at, via, timeoutMs) => arrive(at, via, timeoutMs, edge),
    ask: (to, message, timeoutMs) => ask(to, message, timeoutMs, edge),
  }
}

async function ask({ host, port }: Endpoint, message: Uint8Array, timeoutMs: number, edge: ArrivalEdge): Promise<Uint8Array> {
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4')
  try {
    return await within(timeoutMs, edge, async (signal) => {
      // connected, so that datagrams of others are not taken for the answer, and a closed port is heard of
      socket.connect(port, host)
      await once(socket, 'connect', { signal })
      socket.send(message)
      const [answer] = (await once(socket, 'message', { signal })) as [Uint8Array]
      return answer
    })
  } finally {
    socket.close()
  }
}
