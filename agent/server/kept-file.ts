import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { basename, sep } from 'node:path'
import { Readable } from 'node:stream'

/** A file that was opened, and proved to lie where it may. */
export interface KeptFile {
  handle: FileHandle
  bytes: number
}

/**
 * Opens the first of the paths that is a plain file inside one of the folders. A record's path is only a claim: tasks write into
 * those folders too, so that no link counts, and what counts is where the opened file really lies. Undefined when there is none.
 */
export async function openInside(paths: readonly string[], folders: readonly string[]): Promise<KeptFile | undefined> {
  const rooms = (await Promise.all(folders.map((folder) => realpath(folder).catch(() => undefined)))).filter(
    (room) => room !== undefined,
  )
  for (const path of paths) {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => undefined)
    if (!handle) continue
    const [stats, real] = await Promise.all([handle.stat(), realPathOf(handle, path)])
    const isInside = rooms.some((room) => real?.startsWith(room + sep))
    if (isInside && stats.isFile() && stats.nlink === 1) return { handle, bytes: stats.size }
    await handle.close()
  }
  return undefined
}

/** By the kernel's own word where there is one: a folder on the way may be exchanged between two looks. */
const realPathOf = (handle: FileHandle, path: string): Promise<string | undefined> =>
  realpath(`/proc/self/fd/${handle.fd}`).catch(() => realpath(path).catch(() => undefined))

/** `bytes=a-b`, `bytes=a-` or `bytes=-n` of a file; undefined for all of it, also when several pieces are asked for. */
export function readRange(
  header: string | undefined,
  bytes: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined
  const start = from === '' ? Math.max(0, bytes - Number(to)) : Number(from)
  const end = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined
  return start >= bytes || (from === '' && Number(to) === 0) ? 'unsatisfiable' : { start, end }
}

export interface SendOptions {
  contentType: string
  fileName: string
  /** hexadecimal; undefined where it is not known */
  sha256: string | undefined
  range: string | undefined
  ifRange: string | undefined
  isHead: boolean
}

const PIECE_BYTES = 256 * 1024

/** The file as an answer. It is closed when all was sent, or whoever asked has gone. */
export async function sendFile({ handle, bytes }: KeptFile, options: SendOptions): Promise<Response> {
  const { sha256, fileName } = options
  const etag = sha256 === undefined ? undefined : `"${sha256}"`
  const isSame = options.ifRange === undefined || options.ifRange === etag
  const range = isSame ? readRange(options.range, bytes) : undefined
  const headers: Record<string, string> = {
    'accept-ranges': 'bytes',
    'content-type': options.contentType,
    'content-disposition': `attachment; filename="${basename(fileName).replaceAll(/[^\w.-]/g, '_')}"`,
    ...(etag === undefined ? {} : { etag }),
  }
  if (range === 'unsatisfiable') {
    await handle.close()
    return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${bytes}` } })
  }
  const { start, end } = range ?? { start: 0, end: bytes - 1 }
  headers['content-length'] = String(end - start + 1)
  if (range) headers['content-range'] = `bytes ${start}-${end}/${bytes}`
  if (sha256 !== undefined && !range) headers['repr-digest'] = `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`
  const status = range ? 206 : 200
  if (options.isHead || bytes === 0) {
    await handle.close()
    return new Response(null, { status, headers })
  }
  const stream = handle.createReadStream({ start, end, highWaterMark: PIECE_BYTES })
  // Whoever reads it hears of its errors; unheard, they must not end the process.
  stream.on('error', () => undefined)
  return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, { status, headers })
}
