import { createHash, randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { fail } from '../errors.ts'
import type { KubeClient } from './client.ts'

/** RFC 6455 */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export interface WebSocketRequest {
  path: string
  query?: Record<string, string | number | boolean | undefined>
  /** in the order of preference */
  protocols: readonly string[]
  /** what it is for, as `forward ports`: for the error of a server that speaks none of the protocols */
  purpose: string
  signal?: AbortSignal | undefined
}

/**
 * A WebSocket to the API server: the connection, on which the caller speaks frames, and the protocol that the server chose.
 *
 * @throws KubeStatusError, CLUSTER_UNREACHABLE, or the signal's reason
 */
export async function openWebSocket(
  client: KubeClient,
  { path, query, protocols, purpose, signal }: WebSocketRequest,
): Promise<{ socket: Duplex; protocol: string }> {
  const key = randomBytes(16).toString('base64')
  const { headers, socket } = await client.upgrade({
    path,
    query,
    headers: {
      // a kubelet answers 406 to who wants JSON
      accept: '*/*',
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': key,
      'sec-websocket-version': '13',
      'sec-websocket-protocol': protocols.join(', '),
    },
    signal,
  })
  const protocol = headers['sec-websocket-protocol'] ?? ''
  if (headers['sec-websocket-accept'] === acceptOf(key) && protocols.includes(protocol)) return { socket, protocol }
  socket.on('error', () => undefined).destroy()
  const reason = `it does not ${purpose} by ${protocols.join(' or ')}`
  throw fail('CLUSTER_UNREACHABLE', { server: client.connection.server, reason })
}

/** What a server has to answer to a key, so that no cache or proxy can answer for it. */
export const acceptOf = (key: string): string =>
  createHash('sha1')
    .update(key + ACCEPT_GUID)
    .digest('base64')
