import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Bundle, pluginError } from '../../core/contract/index.ts'

/** How much is read back at a time, in bytes. */
const READ_BYTES = 1 << 20

/**
 * Writes the bundle to `file`, which is either whole, checked and durable, or was never there.
 *
 * A crash before the rename leaves a `.partial` file that the next try takes away; one after it leaves a bundle that the
 * next try replaces with the same bytes.
 *
 * @throws UPLOAD_DAMAGED when the disk holds other bytes than announced; the signal's reason; errors of the file system
 */
export async function writeDurably(file: string, bundle: Bundle, signal: AbortSignal): Promise<void> {
  await removePartials(file)
  const partial = join(dirname(file), `.${basename(file)}.${randomUUID()}.partial`)
  const handle = await open(partial, 'wx+', 0o600)
  try {
    await handle.writeFile(source(bundle), { signal })
    await handle.sync()
    await check(handle, bundle, signal)
    await handle.close()
    await rename(partial, file)
  } catch (error) {
    await handle.close().catch(() => undefined)
    await unlink(partial).catch(() => undefined)
    throw error
  }
  await syncFolder(dirname(file))
}

/** Makes a rename or removal in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The bundle's bytes. An error in reading them says nothing about the disk that is written to, and must not look so. */
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

/** Of one bundle one try is made at a time, so what lies there belongs to a try that died. */
async function removePartials(file: string): Promise<void> {
  const isPartial = (name: string) => name.startsWith(`.${basename(file)}.`) && name.endsWith('.partial')
  for (const name of await readdir(dirname(file))) if (isPartial(name)) await unlink(join(dirname(file), name))
}

/** Reads back what was written: a short write or a bad disk shows here, not when the bundle is needed. */
async function check(handle: FileHandle, bundle: Bundle, signal: AbortSignal): Promise<void> {
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(READ_BYTES)
  let size = 0
  for (;;) {
    signal.throwIfAborted()
    const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, size)
    if (bytesRead === 0) break
    hash.update(buffer.subarray(0, bytesRead))
    size += bytesRead
  }
  if (size === bundle.size && hash.digest('hex') === bundle.sha256) return
  throw pluginError('UPLOAD_DAMAGED', `${bundle.fileName}: the written file has ${size} of ${bundle.size} bytes, or others`, {
    class: 'retryable',
    remedy: 'see whether the disk is healthy',
  })
}
