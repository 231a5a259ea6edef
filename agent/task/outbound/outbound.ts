import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../core/clock.ts'
import type { Http, Network } from '../../../core/contract/index.ts'
import { createHttp, type HttpEdge } from './http.ts'
import { createNetwork } from './network.ts'

export interface OutboundEdge extends Pick<HttpEdge, 'proxyFor' | 'server'> {
  clock: Clock
  signal: AbortSignal
}

/** The outside world of one collector. */
export function openOutbound({ clock, signal, proxyFor, server }: OutboundEdge): { http: Http; network: Network } {
  const http = createHttp({ clock, signal, proxyFor, server })
  return { http, network: createNetwork({ clock, signal, http, token: () => randomBytes(20) }) }
}
