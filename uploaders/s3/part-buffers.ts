/**
 * Memory for the parts that are being read or sent: a few buffers, used again and again, so that an upload of any size needs the
 * same memory. Who needs one waits until one is free.
 */
export class PartBuffers {
  readonly #bytes: number
  readonly #free: Buffer[] = []
  readonly #waiting: ((buffer: Buffer) => void)[] = []
  #unmade: number

  constructor(count: number, bytes: number) {
    this.#unmade = count
    this.#bytes = bytes
  }

  take(): Promise<Buffer> {
    const free = this.#free.pop()
    if (free !== undefined) return Promise.resolve(free)
    if (this.#unmade > 0) {
      this.#unmade -= 1
      return Promise.resolve(Buffer.allocUnsafeSlow(this.#bytes))
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Only once nobody reads it any more. */
  give(buffer: Buffer): void {
    const next = this.#waiting.shift()
    if (next) next(buffer)
    else this.#free.push(buffer)
  }
}
