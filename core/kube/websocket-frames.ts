/** One message, or a piece of one, of the WebSocket protocol (RFC 6455), as far as this client speaks it. */
export interface Frame {
  opcode: number
  payload: Buffer
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** No server that forwards a port sends more at once. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024
/** RFC 6455 */
const MAX_CONTROL_BYTES = 125

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
  /** of a frame that is not whole yet, or of its head: as long as that is */
  #held: Buffer = Buffer.alloc(0)
  #size = 0

  push(bytes: Buffer): Frame[] {
    const frames: Frame[] = []
    for (let at = 0; at < bytes.length;) {
      const isHeld = this.#size > 0
      if (isHeld) {
        const taken = bytes.copy(this.#held, this.#size, at)
        this.#size += taken
        at += taken
        if (this.#size < this.#held.length) break
      }
      const source = isHeld ? this.#held : bytes.subarray(at)
      const found = readFrame(source)
      if (typeof found === 'number') {
        this.#hold(source, found)
        if (!isHeld) break
      } else {
        frames.push(found)
        this.#size = 0
        if (!isHeld) at += found.length
      }
    }
    return frames
  }

  /** With room for as much as is needed: what comes byte by byte is not copied again for each of them. */
  #hold(begin: Buffer, wanted: number): void {
    this.#held = Buffer.allocUnsafe(wanted)
    this.#size = begin.copy(this.#held)
  }
}

const OPCODES: ReadonlySet<number> = new Set(Object.values(OPCODE))

/** The frame at the begin of these bytes, or how many bytes it takes to say more. */
function readFrame(bytes: Buffer): (Frame & { length: number }) | number {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return 2
  const opcode = first & 0x0f
  if ((first & 0x70) !== 0) throw new Error('a frame with an extension that nobody asked for')
  if (!OPCODES.has(opcode)) throw new Error(`a frame of kind ${opcode}, which there is not`)
  if ((second & 0x80) !== 0) throw new Error('a masked frame from a server')
  const short = second & 0x7f
  const isControl = opcode >= OPCODE.close
  if (isControl && (short > MAX_CONTROL_BYTES || (first & 0x80) === 0)) throw new Error('a control frame in pieces, or too long')
  const start = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < start) return start
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (size > MAX_FRAME_BYTES) throw new Error(`a frame of ${size} bytes`)
  const length = start + size
  return bytes.length < length ? length : { opcode, payload: bytes.subarray(start, length), length }
}
