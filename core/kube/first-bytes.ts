const FIRST_ROOM = 1024

/**
 * The first bytes of what comes in pieces. They are copied: a piece may be a small part of a large buffer, which would stay in memory
 * with it.
 */
export class FirstBytes {
  readonly #limit: number
  #held: Buffer = Buffer.alloc(0)
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(piece: Uint8Array): void {
    const kept = piece.subarray(0, this.#limit - this.#size)
    const size = this.#size + kept.length
    if (size > this.#held.length) {
      const held = Buffer.allocUnsafeSlow(Math.min(this.#limit, Math.max(FIRST_ROOM, 2 * this.#held.length, size)))
      this.#held.copy(held, 0, 0, this.#size)
      this.#held = held
    }
    this.#held.set(kept, this.#size)
    this.#size = size
  }

  get bytes(): Buffer {
    return this.#held.subarray(0, this.#size)
  }

  get text(): string {
    return this.bytes.toString('utf8')
  }
}
