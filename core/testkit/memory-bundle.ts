import { createHash } from 'node:crypto'
import type { Bundle } from '../contract/index.ts'

export interface MemoryBundle extends Bundle {
  bytes: Uint8Array
  /** how many bytes were handed out so far, over all streams */
  handedOut(): number
}

/** How a stream goes wrong: it ends early, it fails, or something happens in the middle of it. */
type Fault = 'short' | 'error' | (() => void)

const CHUNK_BYTES = 16 * 1024

/** A bundle of made-up bytes in memory, four chunks long. */
export function memoryBundle({ fileName = 'nightly-20260101T020000Z.tar.gz', seed = 1, fault }: Options = {}): MemoryBundle {
  const bytes = Uint8Array.from({ length: 4 * CHUNK_BYTES }, (_, at) => (at * 31 + seed * 17 + (at >> 8)) & 0xff)
  let handedOut = 0
  return {
    fileName,
    bytes,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    handedOut: () => handedOut,
    async *open({ start, end = bytes.length } = { start: 0 }) {
      const half = bytes.length / 2
      for (let at = start; at < end; at += CHUNK_BYTES) {
        if (at >= half && fault === 'short') return
        if (at >= half && fault === 'error') throw new Error('the stream broke')
        if (at >= half && typeof fault === 'function') fault()
        const chunk = bytes.slice(at, Math.min(at + CHUNK_BYTES, end))
        handedOut += chunk.length
        yield chunk
      }
    },
  }
}

interface Options {
  fileName?: string
  /** another seed gives other bytes */
  seed?: number
  fault?: Fault
}
