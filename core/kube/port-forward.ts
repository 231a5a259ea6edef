import { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import { ChannelSocket } from './channel-socket.ts'
import type { KubeClient } from './client.ts'
import { FirstBytes } from './first-bytes.ts'
import { resourcePath } from './path.ts'
import { openWebSocket } from './websocket.ts'

/** One port of one pod. */
export interface PodPort {
  namespace: string
  pod: string
  port: number
}

/** The kubelet's own protocol. The API server hands it through as it is; what kubectl speaks by default is SPDY inside of a WebSocket. */
const PROTOCOL = 'v4.channel.k8s.io'
const CHANNEL = { data: 0, error: 1 } as const
/** Before anything else, each channel says its port. */
const GREETING_BYTES = 2
/** Of what the kubelet has to complain about. */
const MAX_SAID_BYTES = 64 * 1024

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
  return new PortStream(socket, client.clock, to).on('error', () => undefined)
}

class PortStream extends Duplex {
  readonly #channels: ChannelSocket
  readonly #to: PodPort
  readonly #unread = { [CHANNEL.data]: GREETING_BYTES, [CHANNEL.error]: GREETING_BYTES }
  readonly #said = new FirstBytes(MAX_SAID_BYTES)
  /** ended by who uses it */
  #isClosed = false

  constructor(socket: Duplex, clock: Clock, to: PodPort) {
    super({ allowHalfOpen: false })
    this.#to = to
    this.#channels = new ChannelSocket(socket, clock, {
      onBytes: (channel, bytes) => this.#take(channel, bytes),
      onEnd: (reason) => this.#end(reason),
    })
  }

  override _read(): void {
    this.#channels.resume()
  }

  override _write(chunk: Buffer, _: string, done: (error?: Error | null) => void): void {
    const send = async () => {
      await this.#channels.send(CHANNEL.data, chunk)
      done()
    }
    void send()
  }

  override _final(done: () => void): void {
    this.#isClosed = true
    this.#channels.close()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#channels.leave()
    done(error)
  }

  #take(channel: number, body: Buffer): void {
    if (channel !== CHANNEL.data && channel !== CHANNEL.error) return
    const greeting = Math.min(this.#unread[channel], body.length)
    this.#unread[channel] -= greeting
    const bytes = body.subarray(greeting)
    if (bytes.length === 0) return
    if (channel === CHANNEL.error) this.#said.add(bytes)
    else if (!this.push(bytes)) this.#channels.pause()
  }

  /** Who has ended it needs no goodbye of the far side. A complaint is one whoever ended it. */
  #end(reason?: string): void {
    const said = this.#said.text.trim()
    if (said === '' && (reason === undefined || this.#isClosed)) {
      this.push(null)
      return this.#channels.leave()
    }
    const { pod, namespace, port } = this.#to
    this.destroy(fail('POD_PORT_UNREACHABLE', { pod, namespace, port: String(port), reason: said || (reason ?? '') }))
  }
}
