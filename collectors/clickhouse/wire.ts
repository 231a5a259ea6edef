/** A whole answer is never longer than this: it has one row. */
const MAX_BYTES = 1_000_000

/** A number as ClickHouse writes it: seven bits a byte, the lowest first. */
export function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

/** Bytes of UTF-8 behind their number. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([varint(bytes.length), bytes])
}

/** Reads numbers and texts off a stream, waiting for what is not there yet. Throws when it ends too soon. */
export class WireReader {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)
  #total = 0

  constructor(bytes: AsyncIterable<Buffer>) {
    this.#chunks = bytes[Symbol.asyncIterator]()
  }

  async bytes(count: number): Promise<Buffer> {
    if (count > MAX_BYTES) throw new Error('the answer is too long')
    while (this.#rest.length < count) {
      const { value, done } = await this.#chunks.next()
      if (done) throw new Error('the server closed the connection')
      this.#total += value.length
      if (this.#total > MAX_BYTES) throw new Error('the answer is too long')
      this.#rest = Buffer.concat([this.#rest, value])
    }
    const [taken, rest] = [this.#rest.subarray(0, count), this.#rest.subarray(count)]
    this.#rest = rest
    return taken
  }

  async byte(): Promise<number> {
    return (await this.bytes(1)).readUInt8()
  }

  async int32(): Promise<number> {
    return (await this.bytes(4)).readInt32LE()
  }

  async varint(): Promise<number> {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = await this.byte()
      value += (byte & 127) * factor
      if (byte < 128) return value
      if (value > Number.MAX_SAFE_INTEGER) throw new Error('the server does not speak the protocol of ClickHouse')
    }
  }

  async text(): Promise<string> {
    return (await this.bytes(await this.varint())).toString('utf8')
  }

  /** Reads past some values. */
  async skip(...values: readonly ('byte' | 'varint' | 'text')[]): Promise<void> {
    for (const value of values) await this[value]()
  }
}
