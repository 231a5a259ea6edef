import type { Body } from '../plugin.ts'

/** The bytes of a body, or the first of them. */
export async function bytesOfBody(body: Body, maxBytes = Infinity): Promise<Uint8Array> {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return body
  const pieces: Uint8Array[] = []
  let size = 0
  // Read to its end: to leave off would end what writes it.
  for await (const piece of body()) {
    if (size < maxBytes) pieces.push(piece)
    size += piece.length
  }
  return Buffer.concat(pieces).subarray(0, maxBytes)
}
