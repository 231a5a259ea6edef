import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { extract, type Header, pack, type Pack } from 'tar-stream'
import { fail, reasonOf } from '../../core/errors.ts'
import { checkEntryPath } from './output-path.ts'
import type { FileRedaction } from './redacted-body.ts'

export interface InnerArchiveEdge {
  /** begins the redaction of one file */
  begin(path: string): FileRedaction
  /** most that all files may have together, unpacked */
  bytes: number
}

type Bytes = AsyncIterable<Uint8Array>
interface Opened extends InnerArchiveEdge {
  /** of the archive that lies in the bundle */
  outer: string
  left: number
}

/** An archive in an archive, and no further. */
const MAX_DEPTH = 2
/** A file of a tar is held as a whole, since its size comes before its content. */
const FILE_BYTES = 64 * 1024 * 1024

/**
 * An archive as it is with all of its files redacted: tar, tar.gz and gz, told by their bytes. Folders, links and devices in it are
 * left out. Iterating throws OUTPUT_REFUSED when it cannot be opened, is too deep or too large, or holds something that is
 * packed in another way; REDACTION_FAILED when a file of it cannot be redacted. Either costs the archive as a whole.
 */
export async function* redactedArchive(path: string, body: Bytes, edge: InnerArchiveEdge): AsyncGenerator<Uint8Array> {
  const opened: Opened = { ...edge, outer: path, left: edge.bytes }
  try {
    yield* redacted(path, body, 0, opened)
  } catch (error) {
    // What streams of this module throw has a code of its own kind.
    if (isOfStreams(error)) throw refusal(opened, `it cannot be opened: ${reasonOf(error)}`)
    throw error
  }
}

const isOfStreams = (error: unknown) =>
  error instanceof Error && (/^(?:Z_|ERR_STREAM)/.test(String((error as { code?: unknown }).code)) || isTarError(error))
const isTarError = ({ message }: Error) => /^(?:Unexpected end of data|Invalid tar header)/.test(message)

const refusal = ({ outer }: Opened, reason: string) =>
  fail('OUTPUT_REFUSED', { path: outer, reason, remedy: 'collect its files by themselves, or leave it out' })

async function* redacted(path: string, body: Bytes, depth: number, edge: Opened): AsyncGenerator<Uint8Array> {
  const { start, all, leave } = await peeked(body)
  const refused = async (reason: string) => {
    await leave()
    return refusal(edge, reason)
  }
  const kind = kindOf(start)
  if (kind === 'other') throw await refused(`${path} is packed in a way that is not known`)
  if (kind === 'plain') {
    if (depth === 0 && start.length > 0) throw await refused('it is no archive that can be opened')
    return yield* redactedFile(path, all, edge)
  }
  // A tar.gz is one archive.
  const isTarball = kind === 'tar' && /\.t?gz$/i.test(path)
  if (depth >= MAX_DEPTH && !isTarball) throw await refused(`${path} is an archive too deep in others`)
  if (kind === 'gzip') yield* regzipped(path, all, depth, edge)
  else yield* repacked(path, all, isTarball ? depth : depth + 1, edge)
}

/** Told by its first bytes: names lie. */
function kindOf(start: Buffer): 'gzip' | 'tar' | 'other' | 'plain' {
  const hex = start.subarray(0, 6).toString('hex')
  if (hex.startsWith('1f8b')) return 'gzip'
  if (start.length >= 512 && start.subarray(257, 262).toString('latin1') === 'ustar') return 'tar'
  return OTHER.some((magic) => hex.startsWith(magic)) ? 'other' : 'plain'
}
/** zip, bzip2, xz, zstd, 7z, lz4, compress */
const OTHER = ['504b0304', '425a68', 'fd377a585a00', '28b52ffd', '377abcaf271c', '04224d18', '1f9d']

async function* regzipped(path: string, body: Bytes, depth: number, edge: Opened): AsyncGenerator<Uint8Array> {
  const plain = through(counted(body, edge, false), createGunzip())
  // The name keeps its end, by which a tar in it is known as part of the same archive.
  const inner = redacted(path, counted(plain, edge, true), depth + 1, edge)
  yield* through(inner, createGzip({ level: 1 }))
}

async function* repacked(path: string, body: Bytes, depth: number, edge: Opened): AsyncGenerator<Uint8Array> {
  const tar = extract()
  const out = pack()
  const packing = (async () => {
    const piped = pipeline(Readable.from(body), tar)
    piped.catch(() => undefined)
    for await (const entry of tar) {
      const { type, name, size, mtime, mode } = entry.header
      if (type === 'file') {
        checkEntryPath(name)
        if (size > FILE_BYTES) throw refusal(edge, `${name} in it is longer than ${FILE_BYTES} bytes`)
        const bytes: Uint8Array[] = []
        for await (const piece of redacted(`${path}/${name}`, counted(entry as Bytes, edge, true), depth, edge)) bytes.push(piece)
        await addTo(out, { name, mtime, mode: mode & 0o777 }, Buffer.concat(bytes))
      }
      entry.resume()
    }
    await piped
    out.finalize()
  })()
  packing.catch((error: unknown) => out.destroy(error instanceof Error ? error : new Error(reasonOf(error))))
  yield* out as Bytes
  await packing
}

function addTo(out: Pack, header: Partial<Header> & Pick<Header, 'name'>, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    out.entry(header, bytes, (error) => (error ? reject(error) : resolve()))
  })
}

async function* redactedFile(path: string, body: Bytes, edge: Opened): AsyncGenerator<Uint8Array> {
  const redaction = edge.begin(path)
  for await (const piece of body) yield* redaction.push(piece)
  yield* redaction.end()
}

/** Counts what was unpacked, if it was. */
async function* counted(body: Bytes, edge: Opened, isUnpacked: boolean): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    if (isUnpacked) edge.left -= piece.length
    if (edge.left < 0) throw refusal(edge, `its files are longer than ${edge.bytes} bytes`)
    yield piece
  }
}

function through(body: Bytes, transform: ReturnType<typeof createGunzip> | ReturnType<typeof createGzip>): Bytes {
  pipeline(Readable.from(body), transform).catch(() => undefined)
  return transform as Bytes
}

/** The first bytes, as far as they are needed, and the whole; `leave` for who does not want that. */
async function peeked(body: Bytes): Promise<{ start: Buffer; all: Bytes; leave(): Promise<unknown> }> {
  const iterator = body[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  let size = 0
  while (size < 512) {
    const next = await iterator.next()
    if (next.done) break
    held.push(Buffer.from(next.value))
    size += next.value.length
  }
  const start = Buffer.concat(held)
  async function* all() {
    try {
      if (start.length > 0) yield start
      for (;;) {
        const next = await iterator.next()
        if (next.done) return
        yield next.value
      }
    } finally {
      await iterator.return?.()
    }
  }
  return { start, all: all(), leave: async () => iterator.return?.() }
}
