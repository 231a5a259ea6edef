import type { AnswerHead } from './answer-parser.ts'

/** Read ahead of whoever reads; more makes the server wait. */
const MAX_AHEAD_BYTES = 64 * 1024

/** What an answer comes over. */
interface Source {
  pause(): void
  resume(): void
  destroy(error?: Error): void
}

/** One answer of a server: its head, and the body as it comes. */
export class Answer {
  readonly status: number
  readonly headers: AnswerHead['headers']
  readonly #pieces: Buffer[] = []
  readonly #connection: Source
  #ahead = 0
  #isWhole = false
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(head: AnswerHead, connection: Source) {
    this.status = head.status
    this.headers = head.headers
    this.#connection = connection
  }

  /** The next piece, if one is there. */
  take(): Buffer | undefined {
    const piece = this.#pieces.shift()
    if (piece === undefined) return undefined
    const wasFull = this.#ahead > MAX_AHEAD_BYTES
    this.#ahead -= piece.length
    if (wasFull && this.#ahead <= MAX_AHEAD_BYTES && !this.isOver) this.#connection.resume()
    return piece
  }

  /** No more pieces will come. */
  get isOver(): boolean {
    return this.#isWhole || this.#failure !== undefined
  }

  /** Why the body is not whole; what came of it is not lost. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Resolves when `take` or `isOver` has something new to say. For one reader. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Gives up the rest, and with it the connection. */
  destroy(error?: Error): void {
    if (!this.isOver) this.#connection.destroy(error)
  }

  /** For the connection. */
  add(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#ahead += piece.length
    if (this.#ahead > MAX_AHEAD_BYTES) this.#connection.pause()
    this.#wake?.()
  }

  /** For the connection. */
  end(failure?: Error): void {
    if (this.isOver) return
    if (failure) this.#failure = failure
    else this.#isWhole = true
    this.#wake?.()
  }
}
