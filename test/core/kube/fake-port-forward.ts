import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { acceptOf } from '../../../core/kube/websocket.ts'

/** Opcode and payload of whole client frames; the tests' own reading, which shares nothing with what it checks. */
function* unmask(state: { rest: Buffer }, bytes: Buffer): Generator<{ opcode: number; payload: Buffer; isMasked: boolean }> {
  state.rest = Buffer.concat([state.rest, bytes])
  for (;;) {
    const { rest } = state
    if (rest.length < 2) return
    const short = (rest[1] ?? 0) & 127
    const head = short === 126 ? 4 : short === 127 ? 10 : 2
    if (rest.length < head + 4) return
    const size = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short
    if (rest.length < head + 4 + size) return
    const mask = rest.subarray(head, head + 4)
    const payload = Buffer.from(rest.subarray(head + 4, head + 4 + size)).map((byte, at) => byte ^ (mask[at & 3] ?? 0))
    state.rest = rest.subarray(head + 4 + size)
    yield { opcode: (rest[0] ?? 0) & 15, payload: Buffer.from(payload), isMasked: ((rest[1] ?? 0) & 128) !== 0 }
  }
}

/** A server's frame: final, not masked. */
export function serverFrame(opcode: number, payload: Buffer, isFinal = true): Buffer {
  const size = payload.length
  const head = size < 126 ? Buffer.of(0, size) : size < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10)
  if (size >= 65_536) {
    head[1] = 127
    head.writeBigUInt64BE(BigInt(size), 2)
  } else if (size >= 126) {
    head[1] = 126
    head.writeUInt16BE(size, 2)
  }
  head[0] = (isFinal ? 0x80 : 0) | opcode
  return Buffer.concat([head, payload])
}

/** What a test does with one forwarded connection, instead of joining it to `target`. */
export interface Peer {
  /** raw bytes to the client */
  raw(bytes: Buffer): void
  data(bytes: Buffer | string): void
  error(text: string): void
  close(): void
  socket: Duplex
  /** payloads of the data channel, without its number */
  got: Buffer[]
  frames: { opcode: number; isMasked: boolean }[]
  /** payloads of all channels, whole */
  messages: Buffer[]
}

/**
 * The kubelet's side of port-forward, as far as it matters: channels for data and errors, each begun with the port in two bytes,
 * little end first. It answers 406 to who accepts only JSON, as a real one does. `target(port)` is the TCP port that stands for the pod's.
 */
export function answerPortForward(
  request: IncomingMessage,
  socket: Duplex,
  how: { target?: (port: number) => number | undefined; onPeer?: (peer: Peer) => void; isSilent?: boolean; protocol?: string },
): void {
  if (request.headers.accept !== '*/*') return void socket.end('HTTP/1.1 406 Not Acceptable\r\nContent-Length: 0\r\n\r\n')
  const query = new URL(request.url ?? '', 'http://x').searchParams
  const port = Number(query.get('ports') ?? query.get('port'))
  const accept = acceptOf(String(request.headers['sec-websocket-key']))
  const [first = ''] = String(request.headers['sec-websocket-protocol']).split(', ')
  const protocol = how.protocol ?? first
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  )
  const raw = (bytes: Buffer) => void (socket.writable && socket.write(bytes))
  const message = (channel: number, bytes: Buffer) => raw(serverFrame(2, Buffer.concat([Buffer.of(channel), bytes])))
  const greeting = Buffer.of(port & 255, port >> 8)
  // A silent one leaves the greeting to its test.
  if (!how.isSilent) for (const channel of [0, 1]) message(channel, greeting)
  const peer: Peer = {
    raw,
    data: (bytes) => message(0, Buffer.from(bytes)),
    error: (text) => message(1, Buffer.from(text)),
    close() {
      raw(serverFrame(8, Buffer.of(3, 232)))
      socket.end()
    },
    socket,
    got: [],
    frames: [],
    messages: [],
  }
  const inner = how.target?.(port)
  const pod = inner === undefined ? undefined : connect(inner, '127.0.0.1')
  pod?.on('data', (bytes: Buffer) => peer.data(bytes))
  pod?.on('error', (error) => peer.error(`error forwarding port ${port} to pod x: ${error.message}`))
  pod?.on('close', () => peer.close())
  const state = { rest: Buffer.alloc(0) as Buffer }
  socket.on('error', () => pod?.destroy())
  socket.on('close', () => pod?.destroy())
  socket.on('data', (bytes: Buffer) => {
    for (const { opcode, payload, isMasked } of unmask(state, bytes)) {
      peer.frames.push({ opcode, isMasked })
      if (opcode === 8) pod?.end()
      if (opcode !== 2) continue
      peer.messages.push(payload)
      peer.got.push(payload.subarray(1))
      pod?.write(payload.subarray(1))
    }
  })
  how.onPeer?.(peer)
}

/** An API server and kubelet in one, which forwards ports and answers everything else with `refuse`. */
export async function startPortForwarder(how: {
  target?: (port: number, pod: string) => number | undefined
  onPeer?: (peer: Peer) => void
  isSilent?: boolean
  /** what the server chooses; default: the first that is offered */
  protocol?: string
  /** a whole answer, instead of switching protocols */
  refuse?: string
}): Promise<{ url: string; requests: IncomingMessage[]; server: Server; close(): Promise<void> }> {
  const requests: IncomingMessage[] = []
  const sockets = new Set<Duplex>()
  const server = createServer((_, response) => response.writeHead(404).end())
  server.on('connection', (socket) => sockets.add(socket))
  server.on('upgrade', (request, socket) => {
    requests.push(request)
    if (how.refuse !== undefined) return void socket.end(how.refuse)
    const pod = /\/pods\/([^/]+)\//.exec(request.url ?? '')?.[1] ?? ''
    answerPortForward(request, socket, { ...how, target: (port) => how.target?.(port, pod) })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    server,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
