import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Header, type Pack, pack } from 'tar-stream'
import { linkTarget } from './output-path.ts'

export interface ArchiveFacts {
  path: string
  bytes: number
  sha256: string
  files: number
}

/** A tar.gz under construction: one stream to one file, entries in the order in which they are added. */
export interface Archive {
  /** bytes written to the file so far */
  readonly bytes: number
  add(path: string, content: Uint8Array): Promise<void>
  /** a file of known size, from disk */
  addFile(path: string, file: string, size: number): Promise<void>
  link(path: string, target: string): Promise<void>
  /** closes and fsyncs; the archive is complete only after this */
  finish(): Promise<ArchiveFacts>
  /** removes what was written */
  abort(): Promise<void>
}

/** Level 1 gives 3.7 times on logs and 9 times on JSON; level 4 gains a tenth and costs half the speed. */
const GZIP_LEVEL = 1

/**
 * Starts an archive at `path`, everything below the folder `top`. Headers carry no user, no group and one time for all, so
 * that the host's names do not leave it. A write error (a full disk) rejects the next call and `finish`.
 */
export function createArchive(path: string, top: string, mtime: Date): Archive {
  const tar = pack()
  const hash = createHash('sha256')
  let bytes = 0
  let files = 0
  const meter = new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      hash.update(chunk)
      done(undefined, chunk)
    },
  })
  const stopped = new AbortController()
  let failure: Error | undefined
  const written = pipeline(tar, createGzip({ level: GZIP_LEVEL }), meter, createWriteStream(path, { flags: 'wx', mode: 0o600 }), {
    signal: stopped.signal,
  })
  written.catch((error: Error) => {
    failure = error
  })

  let queue: Promise<unknown> = Promise.resolve()
  const broken = written.then(() => Promise.reject(new Error('the archive is closed')))
  broken.catch(() => undefined)
  /** Entries are written one after the other, and each waits until the stream takes more. A failed entry ends the archive. */
  const entry = (header: Entry, chunks?: Chunks): Promise<void> => {
    const write = async () => {
      if (failure) throw failure
      const common = { mode: 0o644, mtime, uid: 0, gid: 0, uname: '', gname: '' }
      await Promise.race([writeEntry(tar, { ...common, ...header, name: `${top}/${header.name}` }, chunks), broken])
      files++
    }
    const result = queue.then(write)
    queue = result.catch((error: Error) => {
      failure ??= error
    })
    return result
  }

  return {
    get bytes() {
      return bytes
    },
    add: (name, content) => entry({ name, size: content.byteLength }, [content]),
    addFile: (name, file, size) =>
      entry({ name, size }, createReadStream(file, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>),
    link: (name, target) => entry({ name, type: 'symlink', linkname: linkTarget(name, target), mode: 0o777, size: 0 }),
    async finish() {
      await queue
      if (failure) throw failure
      tar.finalize()
      await written
      const handle = await open(path, 'r')
      await handle.sync().finally(() => handle.close())
      return { path, bytes, sha256: hash.digest('hex'), files }
    },
    async abort() {
      stopped.abort()
      await written.catch(() => undefined)
      await rm(path, { force: true })
    },
  }
}

type Entry = Partial<Header> & Pick<Header, 'name'>
type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

async function writeEntry(tar: Pack, header: Entry, chunks: Chunks | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const sink = tar.entry(header, (error) => (error ? reject(error) : resolve()))
  // A link has no body: its sink is closed from the start.
  if (chunks) {
    for await (const chunk of chunks)
      if (!sink.write(chunk)) await new Promise<void>((drained) => sink.once('drain', () => drained()))
    sink.end(undefined)
  }
  await promise
}
