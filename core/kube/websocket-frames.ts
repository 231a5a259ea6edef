/** One message, or a piece of one, of the WebSocket protocol (RFC 6455), as far as this client speaks it. */
export interface Frame {
  opcode: number
  payload: Buffer
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** No server that forwards a port sends more at once. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024

/** A whole message as a client has to send it: masked. `mask`: four bytes that nobody can guess. */
export function encodeFrame(opcode: number, payload: Uint8Array, mask: Uint8Array): Buffer {
  const size = payload.length
  const extra = size < 126 ? 0 : size < 65_536 ? 2 : 8
  const frame = Buffer.alloc(2 + extra + 4 + size)
  frame[0] = 0x80 | opcode
  frame[1] = 0x80 | (extra === 0 ? size : extra === 2 ? 126 : 127)
  if (extra === 2) frame.writeUInt16BE(size, 2)
  if (extra === 8) frame.writeBigUInt64BE(BigInt(size), 2)
  frame.set(mask, 2 + extra)
  const start = 6 + extra
  for (let at = 0; at < size; at++) frame[start + at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0)
  return frame
}

/** Cuts a stream of bytes into frames. `push` throws an Error for what no server may send. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  push(bytes: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const frames: Frame[] = []
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next(): Frame | undefined {
    const bytes = this.#rest
    const [first, second] = bytes
    if (first === undefined || second === undefined) return undefined
    if ((first & 0x70) !== 0) throw new Error('a frame with an extension that nobody asked for')
    if ((second & 0x80) !== 0) throw new Error('a masked frame from a server')
    const short = second & 0x7f
    const start = short === 126 ? 4 : short === 127 ? 10 : 2
    if (bytes.length < start) return undefined
    const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
    if (size > MAX_FRAME_BYTES) throw new Error(`a frame of ${size} bytes`)
    if (bytes.length < start + size) return undefined
    this.#rest = bytes.subarray(start + size)
    return { opcode: first & 0x0f, payload: bytes.subarray(start, start + size) }
  }
}
