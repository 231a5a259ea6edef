import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { reasonOf } from '../../core/errors.ts'

const NEWLINE = 0x0a
const BLOCK = 64 * 1024

/** Gzips lines of text as they are made: besides the result, no more than a block of them is held. */
export async function gzipLines(lines: Iterable<string>, level: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  await pipeline(Readable.from(blocksOf(lines)), createGzip({ level }), async (zipped: AsyncIterable<Buffer>) => {
    for await (const chunk of zipped) chunks.push(chunk)
  })
  return Buffer.concat(chunks)
}

/** Lines are short, and each write to a gzip is a way to another thread. */
function* blocksOf(lines: Iterable<string>): Generator<Buffer> {
  let held: string[] = []
  let length = 0
  for (const line of lines) {
    held.push(line, '\n')
    length += line.length
    if (length < BLOCK) continue
    yield Buffer.from(held.join(''))
    held = []
    length = 0
  }
  yield Buffer.from(held.join(''))
}

/** Hands out the lines again, in UTF-8 and without their ends. Throws an Error when the bytes are damaged, or more than `most` when unzipped. */
export async function gunzipLines(bytes: Uint8Array, most: number, take: (line: Buffer) => void): Promise<void> {
  let parts: Buffer[] = []
  for await (const chunk of unzipped(bytes, most)) {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      const last = chunk.subarray(from, end)
      take(parts.length === 0 ? last : Buffer.concat([...parts, last]))
      parts = []
      from = end + 1
    }
    parts.push(chunk.subarray(from))
  }
  const rest = Buffer.concat(parts)
  if (rest.length > 0) take(rest)
}

async function* unzipped(bytes: Uint8Array, most: number): AsyncGenerator<Buffer> {
  let size = 0
  const gunzip = createGunzip({ chunkSize: BLOCK })
  try {
    gunzip.end(bytes)
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > most) throw new Error(`it has more than ${most} bytes`)
      yield chunk
    }
  } catch (error) {
    throw new Error(`it is damaged: ${reasonOf(error)}`, { cause: error })
  }
}
