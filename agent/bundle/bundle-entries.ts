import { createReadStream } from 'node:fs'
import { lstat, open, readdir, readlink, realpath } from 'node:fs/promises'
import { join, posix, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Header } from 'tar-stream'
import { fail, reasonOf } from '../../core/errors.ts'
import { topFolder } from './top-folder.ts'

/** What lies in a bundle, by its path below the top folder. Paths are as they were found: check them. */
export type BundleEntry =
  | { type: 'file'; path: string; body: AsyncIterable<Uint8Array> }
  /** `target` is the path of another entry, undefined when the link leads out of the bundle */
  | { type: 'link'; path: string; target: string | undefined }
  /** of a kind that no bundle has */
  | { type: 'other'; path: string }

/**
 * Shows each entry of a bundle once, as a stream and in its order: of a tar or tar.gz, or of the folder that one was unpacked to
 * (or any other folder). What is not read of a body is passed over. Throws BUNDLE_NOT_READ, or what `visit` throws.
 */
export async function eachBundleEntry(
  path: string,
  signal: AbortSignal,
  visit: (entry: BundleEntry) => Promise<void>,
): Promise<void> {
  let failure: { error: unknown } | undefined
  const watched = async (entry: BundleEntry) => {
    try {
      await visit(entry)
    } catch (error) {
      failure ??= { error }
      throw error
    }
  }
  try {
    const isFolder = (await lstat(await realpath(path))).isDirectory()
    await (isFolder ? readFolder(path, signal, watched) : readArchive(path, signal, watched))
  } catch (error) {
    signal.throwIfAborted()
    if (failure) throw failure.error
    throw fail('BUNDLE_NOT_READ', { path, reason: reasonOf(error) }, error)
  }
}

async function readArchive(path: string, signal: AbortSignal, visit: (entry: BundleEntry) => Promise<void>): Promise<void> {
  // Loaded here: the one task that makes bundles reads none.
  const { extract } = await import('./tar-reader.ts')
  const tar = extract()
  const file: Readable = createReadStream(path)
  const piped = (await isGzip(path)) ? pipeline(file, createGunzip(), tar, { signal }) : pipeline(file, tar, { signal })
  const below = topFolder()
  let count = 0
  const walk = async () => {
    for await (const entry of tar) {
      const pieces = (entry as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
      // Without `return`: a reader that breaks off would end the whole archive.
      const body = { [Symbol.asyncIterator]: () => ({ next: () => pieces.next() }) }
      const found = entryOf(entry.header, body, below)
      if (found) {
        count++
        await visit(found)
      }
      while (!(await pieces.next()).done) signal.throwIfAborted()
    }
  }
  await Promise.all([piped, walk()])
  if (count === 0) throw new Error('there is nothing in it')
}

function entryOf(
  { type, name, linkname }: Header,
  body: AsyncIterable<Uint8Array>,
  below: (name: string) => string,
): BundleEntry | undefined {
  if (type === 'directory') return undefined
  const path = below(name)
  if (type === 'file') return { type, path, body }
  return type === 'symlink' ? { type: 'link', path, target: inside(path, linkname ?? '') } : { type: 'other', path }
}

/** Where a link leads; undefined when that is outside. */
function inside(path: string, link: string): string | undefined {
  const target = posix.join(posix.dirname(path), link)
  return link === '' || link.startsWith('/') || target === '..' || target.startsWith('../') ? undefined : target
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await file.close()
  }
}

async function readFolder(root: string, signal: AbortSignal, visit: (entry: BundleEntry) => Promise<void>): Promise<void> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true })
  const named = entries
    .map((entry) => ({ entry, file: join(entry.parentPath, entry.name) }))
    .map(({ entry, file }) => ({ entry, file, path: file.slice(join(root, sep).length).replaceAll(sep, '/') }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
  for (const { entry, file, path } of named) {
    signal.throwIfAborted()
    if (entry.isDirectory()) continue
    if (entry.isFile()) await visit({ type: 'file', path, body: createReadStream(file) as AsyncIterable<Uint8Array> })
    else if (entry.isSymbolicLink()) await visit({ type: 'link', path, target: inside(path, await readlink(file)) })
    else await visit({ type: 'other', path })
  }
}
