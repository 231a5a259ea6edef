import type { Socket } from 'node:net'
import { Answer } from './answer.ts'
import { type AnswerHead, AnswerParser } from './answer-parser.ts'

/** What happens to a connection between its answers. */
export interface ConnectionEvents {
  /** its answer is whole, and the next request may be sent */
  onFree(): void
  /** of no use any more: it has ended, broke, or speaks another protocol now */
  onGone(): void
}

/** An answer that switched the protocol: the connection is the caller's, and nobody else hears its errors. */
export interface Switched {
  answer: Answer
  socket: Socket
}

interface Waiting {
  resolve(answer: Answer | Switched): void
  reject(error: Error): void
}

/** A connection to a server of HTTP/1.1: one request at a time, and the next when its answer is whole. */
export class HttpConnection {
  readonly #socket: Socket
  readonly #events: ConnectionEvents
  readonly #parser: AnswerParser
  #waiting: Waiting | undefined
  #answer: Answer | undefined
  #isGone = false
  /** it has carried a request before */
  wasUsed = false

  /** @param socket connected; all of it belongs to this */
  constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket
    this.#events = events
    this.#parser = new AnswerParser({
      onHead: (head) => this.#onHead(head),
      onPiece: (piece) => this.#answer?.add(piece),
      onEnd: (mayFollow) => this.#onEnd(mayFollow),
      onSwitch: (rest) => this.#onSwitch(rest),
    })
    socket.on('data', this.#onData)
    socket.on('end', this.#onSocketEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  /** False once it is of no use any more. */
  get isOpen(): boolean {
    return !this.#isGone
  }

  /**
   * Sends a request, as bytes, and gives its answer's head.
   *
   * @throws what broke the connection, with the `code` of Node's errors
   */
  send(request: Buffer | string): Promise<Answer | Switched> {
    return new Promise((resolve, reject) => {
      if (this.#isGone) return reject(cut())
      this.#waiting = { resolve, reject }
      this.#socket.write(request, 'latin1')
    })
  }

  /** Whether it keeps the process alive. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#socket.ref()
    else this.#socket.unref()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Ends it; a request or an answer under way fails with the error. */
  destroy(error: Error = cut()): void {
    this.#fail(error)
  }

  readonly #onData = (bytes: Buffer): void => {
    try {
      this.#parser.feed(bytes)
      if (!this.#waiting && !this.#answer && !this.#parser.isIdle) throw unasked()
    } catch (error) {
      this.#fail(Object.assign(error as Error, { code: NOT_HTTP }))
    }
  }

  readonly #onSocketEnd = (): void => {
    try {
      this.#parser.end()
    } catch {
      // in the middle of an answer, which fails with the connection
    }
    this.#fail(cut())
  }

  readonly #onError = (error: Error): void => this.#fail(error)
  readonly #onClose = (): void => this.#fail(cut())

  #onHead(head: AnswerHead): void {
    if (!this.#waiting) throw unasked()
    const answer = new Answer(head, this)
    this.#answer = answer
    // What switches the protocol is given with the connection.
    if (head.status === 101) return
    this.#waiting.resolve(answer)
    this.#waiting = undefined
  }

  #onEnd(mayFollow: boolean): void {
    const answer = this.#answer
    this.#answer = undefined
    this.wasUsed = true
    answer?.end()
    if (!mayFollow) return this.#fail(cut())
    if (this.#socket.isPaused()) this.#socket.resume()
    this.#events.onFree()
  }

  #onSwitch(rest: Buffer): void {
    const [waiting, answer, socket] = [this.#waiting, this.#answer, this.#socket]
    this.#isGone = true
    this.#waiting = this.#answer = undefined
    socket.off('data', this.#onData).off('end', this.#onSocketEnd).off('error', this.#onError).off('close', this.#onClose)
    // As if nobody had read from it: the new reader decides how, and none of its bytes are lost until then.
    ;(socket as { readableFlowing: boolean | null }).readableFlowing = null
    if (rest.length > 0) socket.unshift(rest)
    this.#events.onGone()
    if (answer) waiting?.resolve({ answer, socket })
  }

  #fail(error: Error): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#socket.on('error', () => undefined).destroy()
    this.#waiting?.reject(error)
    this.#answer?.end(error)
    this.#waiting = this.#answer = undefined
    this.#events.onGone()
  }
}

/** The `code` of what is wrong with an answer itself. */
export const NOT_HTTP = 'NOT_HTTP'
const unasked = () => new Error('it sends what nobody asked for')
const cut = () => Object.assign(new Error('the connection was cut'), { code: 'ECONNRESET' })
