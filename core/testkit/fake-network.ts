import type { Endpoint, Network, NetworkAddress } from '../contract/index.ts'

/** A network that is made up. What is not there is refused. */
export interface FakeSurroundings {
  addresses?: NetworkAddress[]
  /** by `host:port`: whether a TCP connection can be opened, or the error that trying gives */
  tcp?: Record<string, true | Error>
  /** by `host:port`: whether a UDP port can be bound */
  udp?: Record<string, true | Error>
  /** by `host:port` or URL of what is connected to, for servers at any endpoint */
  arrivals?: Record<string, true | Error>
  /** by `host:port`: what answers a datagram */
  datagrams?: Record<string, (message: Uint8Array) => Uint8Array | Error>
}

/** A failure of the network, with Node's code. */
export function networkError(code: string, message = code): Error {
  return Object.assign(new Error(message), { code })
}

/** A Network of made-up surroundings: no socket of the real machine is opened. */
export function fakeNetwork(surroundings: FakeSurroundings = {}): Network {
  const { addresses = [], tcp = {}, udp = {}, arrivals = {}, datagrams = {} } = surroundings
  return {
    addresses: async () => addresses,
    connect: async (to) => succeed(tcp[textOf(to)]),
    bindUdp: async (at) => succeed(udp[textOf(at)]),
    arrive: async (_, via) => succeed(arrivals[typeof via === 'string' ? via : textOf(via)]),
    async ask(to, message) {
      const answer = datagrams[textOf(to)]?.(message) ?? networkError('ECONNREFUSED', 'connection refused')
      if (answer instanceof Error) throw answer
      return answer
    },
  }
}

/** The same network, in which the run is aborted during the `at`-th call (from 1). `count` tells how many there were. */
export function abortingNetwork(
  network: Network,
  controller: AbortController,
  at: number,
): { network: Network; count: () => number } {
  let count = 0
  const step = () => {
    count += 1
    if (count >= at) controller.abort(new Error('aborted by the check'))
    controller.signal.throwIfAborted()
  }
  const wrapped: Network = {
    async addresses() {
      step()
      return network.addresses()
    },
    async connect(to, timeoutMs) {
      step()
      return network.connect(to, timeoutMs)
    },
    async bindUdp(at) {
      step()
      return network.bindUdp(at)
    },
    async arrive(at, via, timeoutMs) {
      step()
      return network.arrive(at, via, timeoutMs)
    },
    async ask(to, message, timeoutMs) {
      step()
      return network.ask(to, message, timeoutMs)
    },
  }
  return { network: wrapped, count: () => count }
}

const textOf = ({ host, port }: Endpoint) => `${host.includes(':') ? `[${host}]` : host}:${port}`

function succeed(outcome: true | Error | undefined): void {
  if (outcome !== true) throw outcome ?? networkError('ECONNREFUSED', 'connection refused')
}
