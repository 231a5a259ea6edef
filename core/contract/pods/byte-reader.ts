/** Takes a stream apart into blocks and pieces of a known length, holding no more than one of its chunks besides. */
export class ByteReader {
  readonly #iterator: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array()
  #isOver = false
  /** of the piece that was begun last */
  #left = 0

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]()
  }

  /** So many bytes; undefined when the stream has ended before. @throws when it ends in the middle */
  async block(length: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = []
    for (let missing = length; missing > 0;) {
      const part = await this.#some(missing)
      if (!part && parts.length === 0) return undefined
      if (!part) throw brokenOff()
      parts.push(part)
      missing -= part.length
    }
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
  }

  /** The next bytes of this length, as they come. Can be read once. */
  pieces(length: number): AsyncIterable<Uint8Array> {
    this.#left = length
    const next = async () => {
      if (this.#left === 0) return undefined
      const part = await this.#some(this.#left)
      if (!part) throw brokenOff()
      this.#left -= part.length
      return part
    }
    async function* all() {
      for (let part = await next(); part; part = await next()) yield part
    }
    return all()
  }

  /** Passes over what is left of the pieces that were begun last. */
  async pass(): Promise<void> {
    const left = this.#left
    this.#left = 0
    await this.skip(left)
  }

  async skip(length: number): Promise<void> {
    for (let missing = length; missing > 0;) {
      const part = await this.#some(missing)
      if (!part) throw brokenOff()
      missing -= part.length
    }
  }

  /** Reads to the end. */
  async drain(): Promise<void> {
    this.#held = new Uint8Array()
    while (await this.#some(Infinity));
  }

  async close(): Promise<void> {
    if (!this.#isOver) await this.#iterator.return?.()
    this.#isOver = true
  }

  async #some(most: number): Promise<Uint8Array | undefined> {
    while (this.#held.length === 0) {
      if (this.#isOver) return undefined
      const step = await this.#next()
      if (step.done) return undefined
      this.#held = step.value
    }
    const part = this.#held.subarray(0, most)
    this.#held = this.#held.subarray(part.length)
    return part
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    try {
      const step = await this.#iterator.next()
      if (step.done) this.#isOver = true
      return step
    } catch (error) {
      this.#isOver = true
      throw error
    }
  }
}

const brokenOff = () => new Error('the archive breaks off')
