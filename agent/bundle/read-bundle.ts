import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fail, reasonOf } from '../../core/errors.ts'
import { type BundleEntry, eachBundleEntry } from './bundle-entries.ts'

/** Sees the files of a bundle, by their paths below its top folder. A file with several names is shown under each. */
export interface BundleVisitor {
  wants(path: string): boolean
  file(path: string, bytes: Uint8Array): void
}
export interface ReadFacts {
  /** files in the bundle, wanted or not */
  files: number
  /** wanted files that were too large to be shown */
  tooLarge: string[]
}

const VERSION = 'version.yaml'

/**
 * Reads a bundle, a tar.gz or the folder that it was unpacked to, once; nothing is written. A wanted file is held as a whole
 * while it is shown, one at a time, up to `maxBytes`. It is read a second time when wanted names are links, whose files may
 * have passed by then. Throws BUNDLE_NOT_READ.
 */
export async function readBundle(
  path: string,
  visitor: BundleVisitor,
  maxBytes: number,
  signal: AbortSignal,
): Promise<ReadFacts> {
  const facts: ReadFacts = { files: 0, tooLarge: [] }
  const links = new Map<string, string[]>()
  let hasVersion = false
  const root = await rootOf(path)
  const show = async (entry: BundleEntry & { type: 'file' }, names: readonly string[]) => {
    const bytes = await wholeOf(entry.body, maxBytes).catch((error: unknown) => {
      signal.throwIfAborted()
      throw fail('BUNDLE_NOT_READ', { path, reason: reasonOf(error) }, error)
    })
    if (bytes) for (const name of names) visitor.file(name, bytes)
    else facts.tooLarge.push(...names)
  }
  await eachBundleEntry(root, signal, async (entry) => {
    if (entry.path === VERSION) hasVersion = true
    if (entry.type === 'link' && entry.target !== undefined && visitor.wants(entry.path))
      links.set(entry.target, [...(links.get(entry.target) ?? []), entry.path])
    if (entry.type !== 'file') return
    facts.files++
    if (visitor.wants(entry.path)) await show(entry, [entry.path])
  })
  if (!hasVersion) throw fail('BUNDLE_NOT_READ', { path, reason: `it is no support bundle: it has no ${VERSION}` })
  if (links.size === 0) return facts
  await eachBundleEntry(root, signal, async (entry) => {
    const names = links.get(entry.path)
    if (entry.type === 'file' && names) await show(entry, names)
  })
  return facts
}

/** An unpacked archive is often named by the folder around its top folder. */
async function rootOf(path: string): Promise<string> {
  const isThere = async (...parts: string[]) => (await stat(join(path, ...parts)).catch(() => undefined)) !== undefined
  if (await isThere(VERSION)) return path
  const names = await readdir(path).catch((): string[] => [])
  const [only] = names
  return names.length === 1 && only !== undefined && (await isThere(only, VERSION)) ? join(path, only) : path
}

/** From this size on a file is gathered in one growing buffer. Address space for it is taken, so not for every small file. */
const LARGE_BYTES = 8 * 1024 * 1024

/** The bytes of a body; undefined when there are more than `maxBytes`. */
async function wholeOf(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = []
  let large: ArrayBuffer | undefined
  let size = 0
  for await (const piece of body) {
    const end = size + piece.length
    if (end > maxBytes) return undefined
    if (!large && end > LARGE_BYTES) {
      // Pieces and a whole made of them would be twice the file.
      large = new ArrayBuffer(end, { maxByteLength: maxBytes })
      new Uint8Array(large).set(Buffer.concat(pieces.splice(0)))
    }
    if (large) {
      if (end > large.byteLength) large.resize(Math.min(maxBytes, Math.max(end, large.byteLength * 2)))
      new Uint8Array(large).set(piece, size)
    } else pieces.push(piece)
    size = end
  }
  return large ? new Uint8Array(large, 0, size) : Buffer.concat(pieces)
}
