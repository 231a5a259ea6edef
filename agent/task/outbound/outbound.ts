import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../core/clock.ts'
import type { Http, Network } from '../../../core/contract/index.ts'
import type { HttpEdge } from './http.ts'

export interface OutboundEdge extends Pick<HttpEdge, 'proxyFor' | 'server'> {
  clock: Clock
  signal: AbortSignal
}

/** The outside world of one collector. Few ask for it: what makes the connections is loaded then. */
export function openOutbound({ clock, signal, proxyFor, server }: OutboundEdge): { http: Http; network: Network } {
  const http: Http = {
    send: async (request) => (await import('./http.ts')).createHttp({ clock, signal, proxyFor, server }).send(request),
  }
  const open = async () => (await import('./network.ts')).createNetwork({ clock, signal, http, token: () => randomBytes(20) })
  return {
    http,
    network: {
      addresses: async () => (await open()).addresses(),
      connect: async (...asked) => (await open()).connect(...asked),
      bindUdp: async (...asked) => (await open()).bindUdp(...asked),
      arrive: async (...asked) => (await open()).arrive(...asked),
      ask: async (...asked) => (await open()).ask(...asked),
    },
  }
}
