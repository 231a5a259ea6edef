import type { Body } from '../../core/contract/index.ts'

/** Longest piece, in bytes: each is copied and redacted at once, while nothing else runs. */
const PIECE_BYTES = 1024 * 1024

/** A body's bytes, piece by piece. Throws what the body throws, and a TypeError when it gives something else than bytes. */
export async function* bodyChunks(body: Body): AsyncGenerator<Uint8Array> {
  if (typeof body === 'function') for await (const chunk of body()) yield* pieces(chunk)
  else yield* pieces(typeof body === 'string' ? Buffer.from(body) : body)
}

/** Plug-ins need no types of ours, so what they give is looked at. */
function* pieces(chunk: unknown): Generator<Uint8Array> {
  if (!(chunk instanceof Uint8Array)) {
    const found = chunk === null ? 'null' : typeof chunk
    throw new TypeError(`a body is text, bytes, or a function that gives pieces of bytes, not ${found}`)
  }
  for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES)
}
