import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import { encodeFrame, FrameReader, OPCODE } from './websocket-frames.ts'

/** Who hears what comes over a connection. */
export interface ChannelListener {
  /** a message of this channel, or a piece of one; never empty */
  onBytes(channel: number, bytes: Buffer): void
  /** Told once: no more comes. `reason`: why, unless the far side just said that it is done. */
  onEnd(reason?: string): void
}

const MAX_WRITE_BYTES = 64 * 1024
/** For a goodbye to go out; who does not take it is left without. */
const LEAVE_MS = 1_000
/** RFC 6455: all is done, as it should be. */
const NORMAL = 1000

/** The channel protocols of the kubelet over a WebSocket: the first byte of each message is the number of its channel. */
export class ChannelSocket {
  readonly #socket: Duplex
  readonly #clock: Clock
  readonly #listener: ChannelListener
  readonly #frames = new FrameReader()
  /** that of the message under way, for its later pieces */
  #channel: number | undefined
  #isOver = false
  #hasSaidGoodbye = false

  constructor(socket: Duplex, clock: Clock, listener: ChannelListener) {
    this.#socket = socket
    this.#clock = clock
    this.#listener = listener
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', (error) => this.#end(error.message))
    socket.on('close', () => this.#end('the connection was cut'))
  }

  /** Resolves once there is room for more, or nobody is there any more. Never rejects. */
  async send(channel: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += MAX_WRITE_BYTES) {
      const message = Buffer.concat([Buffer.of(channel), bytes.subarray(at, at + MAX_WRITE_BYTES)])
      if (!this.#write(OPCODE.binary, message)) await this.#room()
    }
  }

  pause(): void {
    if (!this.#isOver) this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Says that nothing more is sent; what the far side still says is heard. */
  close(): void {
    if (this.#hasSaidGoodbye) return
    this.#hasSaidGoodbye = true
    this.#write(OPCODE.close, Buffer.of(NORMAL >> 8, NORMAL & 0xff))
    this.#socket.end()
  }

  /** Ends the connection, and hears nothing more. */
  leave(): void {
    this.#isOver = true
    this.close()
    if (this.#socket.destroyed) return
    this.#socket.resume()
    const closed = new AbortController()
    this.#socket.once('close', () => closed.abort())
    const destroy = () => void this.#socket.destroy()
    // What waits to be sent goes first, the goodbye at its end.
    if (this.#socket.writableFinished) destroy()
    else this.#socket.once('finish', destroy)
    this.#clock.sleep(LEAVE_MS, closed.signal).then(destroy, destroy)
  }

  #write(opcode: number, payload: Uint8Array): boolean {
    return this.#socket.writable ? this.#socket.write(encodeFrame(opcode, payload, randomBytes(4))) : true
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      const goOn = () => {
        for (const event of ['drain', 'close']) this.#socket.off(event, goOn)
        resolve()
      }
      for (const event of ['drain', 'close']) this.#socket.once(event, goOn)
    })
  }

  #take(bytes: Buffer): void {
    try {
      for (const { opcode, payload } of this.#frames.push(bytes)) {
        if (opcode === OPCODE.ping) this.#write(OPCODE.pong, payload)
        else if (opcode === OPCODE.close) this.#end(closeReason(payload))
        else if (opcode !== OPCODE.pong) this.#message(opcode, payload)
      }
    } catch (error) {
      this.#end(`it sent ${(error as Error).message}`)
    }
  }

  #message(opcode: number, payload: Buffer): void {
    const isFirst = opcode !== OPCODE.continuation
    if (isFirst) this.#channel = payload[0]
    const bytes = isFirst ? payload.subarray(1) : payload
    if (this.#isOver || this.#channel === undefined || bytes.length === 0) return
    this.#listener.onBytes(this.#channel, bytes)
  }

  #end(reason?: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#listener.onEnd(reason)
  }
}

/** Who ends it without a code, or with the usual one, is done. */
function closeReason(payload: Buffer): string | undefined {
  const code = payload.length < 2 ? NORMAL : payload.readUInt16BE(0)
  if (code === NORMAL) return undefined
  return `the far side ended the connection with code ${code}: ${payload.subarray(2).toString('utf8')}`.replace(/: $/, '')
}
