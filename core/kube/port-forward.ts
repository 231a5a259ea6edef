import { randomBytes } from 'node:crypto'
import { Duplex } from 'node:stream'
import { fail } from '../errors.ts'
import type { KubeClient } from './client.ts'
import { resourcePath } from './path.ts'
import { openWebSocket } from './websocket.ts'
import { encodeFrame, FrameReader, OPCODE } from './websocket-frames.ts'

/** One port of one pod. */
export interface PodPort {
  namespace: string
  pod: string
  port: number
}

/**
 * The kubelet's own WebSocket protocol: each message begins with the number of its channel. The API server hands it through as it
 * is; what kubectl speaks by default is SPDY inside of a WebSocket.
 */
const PROTOCOL = 'v4.channel.k8s.io'
const CHANNEL = { data: 0, error: 1 } as const
/** Before anything else, each channel says its port. */
const GREETING_BYTES = 2
const MAX_WRITE_BYTES = 64 * 1024

/**
 * A connection to a port of a pod, through the API server: a stream to use as a socket, as `createConnection` of node:http.
 * It takes `get` and, from Kubernetes 1.35 on, `create` on `pods/portforward`. What the kubelet says of a port that refuses, and a
 * connection that is cut, come as the stream's error: POD_PORT_UNREACHABLE. There is no half-closing: to end it ends both ways.
 *
 * @throws KubeStatusError, CLUSTER_UNREACHABLE, or the signal's reason
 */
export async function forwardPort(client: KubeClient, to: PodPort, signal?: AbortSignal): Promise<Duplex> {
  const path = resourcePath({ version: 'v1', namespace: to.namespace, plural: 'pods', name: to.pod, subresource: 'portforward' })
  const { socket } = await openWebSocket(client, {
    path,
    query: { ports: to.port },
    protocols: [PROTOCOL],
    purpose: 'forward ports',
    signal,
  })
  // Whoever uses it hears of its errors; unheard, after its use, they must not end the process.
  return new PortStream(socket, to).on('error', () => undefined)
}

class PortStream extends Duplex {
  readonly #socket: Duplex
  readonly #to: PodPort
  readonly #frames = new FrameReader()
  readonly #unread = { [CHANNEL.data]: GREETING_BYTES, [CHANNEL.error]: GREETING_BYTES }
  #said = ''
  /** how the channel of the message under way is known to its later pieces */
  #channel: number | undefined
  #isOver = false

  constructor(socket: Duplex, to: PodPort) {
    super({ allowHalfOpen: false })
    this.#socket = socket
    this.#to = to
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', (error) => this.#fail(error.message))
    socket.on('close', () => (this.#isOver ? undefined : this.#fail('the connection was cut')))
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _: string, done: (error?: Error | null) => void): void {
    let isFull = false
    for (let at = 0; at < chunk.length; at += MAX_WRITE_BYTES) {
      const message = Buffer.concat([Buffer.of(CHANNEL.data), chunk.subarray(at, at + MAX_WRITE_BYTES)])
      isFull = !this.#send(OPCODE.binary, message)
    }
    if (isFull && !this.#socket.destroyed) this.#socket.once('drain', () => done())
    else done()
  }

  override _final(done: () => void): void {
    this.#close()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#close()
    this.#socket.destroy()
    done(error)
  }

  #send(opcode: number, payload: Uint8Array): boolean {
    return this.#socket.writable ? this.#socket.write(encodeFrame(opcode, payload, randomBytes(4))) : true
  }

  #close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#send(OPCODE.close, Buffer.of(0x03, 0xe8))
    this.#socket.end()
  }

  #take(bytes: Buffer): void {
    try {
      for (const { opcode, payload } of this.#frames.push(bytes)) {
        if (opcode === OPCODE.ping) this.#send(OPCODE.pong, payload)
        else if (opcode === OPCODE.close) this.#end()
        else if (opcode !== OPCODE.pong) this.#message(opcode, payload)
      }
    } catch (error) {
      this.#fail(`it sent ${(error as Error).message}`)
    }
  }

  #message(opcode: number, payload: Buffer): void {
    const isFirst = opcode !== OPCODE.continuation
    if (isFirst) this.#channel = payload[0]
    const channel = this.#channel
    if (channel !== CHANNEL.data && channel !== CHANNEL.error) return
    const body = isFirst ? payload.subarray(1) : payload
    const greeting = Math.min(this.#unread[channel], body.length)
    this.#unread[channel] -= greeting
    const bytes = body.subarray(greeting)
    if (bytes.length === 0) return
    if (channel === CHANNEL.error) this.#said += bytes.toString('utf8')
    else if (!this.push(bytes)) this.#socket.pause()
  }

  /** The far side is done: with what it had to complain about, if anything. */
  #end(): void {
    if (this.#said !== '') return this.#fail(this.#said)
    this.#close()
    this.push(null)
  }

  #fail(reason: string): void {
    if (this.#isOver && this.destroyed) return
    const { pod, namespace, port } = this.#to
    const said = this.#said === '' ? reason : this.#said
    this.destroy(fail('POD_PORT_UNREACHABLE', { pod, namespace, port: String(port), reason: said.trim() }))
  }
}
