import { createHash } from 'node:crypto'
import { type Bundle, pluginError } from '../../core/contract/index.ts'
import type { PartBuffers } from './part-buffers.ts'

const MIB = 2 ** 20
/** Parts grow with the bundle rather than become more than this: their digests are kept in the state. */
const MANY = 1_000
const LARGEST = 64 * MIB
/** More would not fit into the state, which holds 256 KiB. S3 itself takes 10,000. */
const MOST = 4_000
/** All buffers together, in bytes, and their number. */
const MEMORY = 128 * MIB
const MOST_BUFFERS = 4

export interface PartPlan {
  /** of each part but the last; of the only one */
  partBytes: number
  count: number
  /** how many parts may be in memory */
  buffers: number
}

/** How a bundle is cut. `count` is 1 when it fits into one part, even an empty one. */
export function planParts(size: number, partSizeMiB: number): PartPlan {
  const wanted = Math.ceil(size / MANY / MIB) * MIB
  const partBytes = Math.max(partSizeMiB * MIB, Math.min(wanted, LARGEST))
  const count = Math.ceil(size / partBytes)
  if (count <= 1) return { partBytes: size, count: 1, buffers: 1 }
  if (count > MOST) {
    throw pluginError('UPLOAD_TOO_LARGE', `the bundle has ${size} bytes; at most ${MOST * LARGEST} can be sent`, {
      class: 'resource',
      remedy: 'collect less, or lower "limits.bundle"',
    })
  }
  return { partBytes, count, buffers: Math.max(2, Math.min(MOST_BUFFERS, Math.floor(MEMORY / partBytes))) }
}

export interface Part {
  /** from 1 */
  number: number
  /** a piece of `buffer`, which goes back to where it came from */
  bytes: Buffer
  buffer: Buffer
  /** base64 */
  sha256: string
}

/**
 * Reads the bundle once and cuts it. The last part comes only after the whole was found to be what was announced: without it
 * nothing becomes visible.
 *
 * @throws UPLOAD_DAMAGED, UPLOAD_SOURCE_FAILED; the signal's reason
 */
export async function* cutParts(
  bundle: Bundle,
  { partBytes, count }: PartPlan,
  buffers: PartBuffers,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  const whole = createHash('sha256')
  let read = 0
  let number = 1
  let buffer = await buffers.take()
  let filled = 0
  const part = (): Part => {
    const bytes = buffer.subarray(0, filled)
    return { number, bytes, buffer, sha256: createHash('sha256').update(bytes).digest('base64') }
  }
  for await (const chunk of source(bundle)) {
    signal.throwIfAborted()
    whole.update(chunk)
    read += chunk.length
    if (read > bundle.size) throw damaged(bundle, `more than ${bundle.size} bytes came`)
    for (let at = 0; at < chunk.length;) {
      if (filled === partBytes && number < count) {
        yield part()
        number += 1
        buffer = await buffers.take()
        filled = 0
      }
      const piece = chunk.subarray(at, at + partBytes - filled)
      buffer.set(piece, filled)
      filled += piece.length
      at += piece.length
    }
  }
  signal.throwIfAborted()
  if (read < bundle.size) throw damaged(bundle, `${read} of ${bundle.size} bytes came`)
  if (whole.digest('hex') !== bundle.sha256) throw damaged(bundle, 'other bytes came than were announced')
  yield part()
}

/** An error in reading them says nothing about the far side, and must not look so. */
async function* source(bundle: Bundle): AsyncIterable<Uint8Array> {
  try {
    yield* bundle.open()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw pluginError('UPLOAD_SOURCE_FAILED', `${bundle.fileName} cannot be read: ${reason}`, {
      class: 'retryable',
      cause: error,
    })
  }
}

function damaged(bundle: Bundle, what: string): Error {
  return pluginError('UPLOAD_DAMAGED', `${bundle.fileName}: ${what}`, {
    class: 'retryable',
    remedy: 'see whether the disk with the work folder is healthy',
  })
}
