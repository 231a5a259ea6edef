import { createHash } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../core/errors.ts'
import type { BundleFacts } from '../core/run.ts'
import { storeError } from '../core/store/file-system.ts'
import type { BundlePlace } from './bundle-place.ts'

/**
 * Writes a bundle beside its place, and moves it there once it is whole and the one that was recorded. A file of that name is
 * replaced, as by `collect`.
 *
 * @param onBytes told how many bytes have come
 * @throws BUNDLE_DAMAGED, what the store throws of a file, and what reading throws
 */
export async function receiveBundle(
  run: string,
  recorded: Pick<BundleFacts, 'bytes' | 'sha256'>,
  body: AsyncIterable<Buffer>,
  { target, work }: BundlePlace,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const part = join(work, 'part')
  const hash = createHash('sha256')
  const damaged = (reason: string) => fail('BUNDLE_DAMAGED', { run, reason })
  const onDisk = <Value>(work: Promise<Value>) =>
    work.catch((error: unknown) => {
      throw storeError(error, target)
    })
  const file = await onDisk(open(part, 'wx', 0o600))
  let bytes = 0
  try {
    for await (const piece of body) {
      bytes += piece.length
      if (bytes > recorded.bytes) throw damaged(`it is larger than ${recorded.bytes} bytes`)
      hash.update(piece)
      await onDisk(file.appendFile(piece))
      onBytes(bytes)
    }
    if (bytes !== recorded.bytes) throw damaged(`it has ${bytes} bytes instead of ${recorded.bytes}`)
    const sha256 = hash.digest('hex')
    if (sha256 !== recorded.sha256) throw damaged(`its sha256 is ${sha256} instead of ${recorded.sha256}`)
    await onDisk(file.sync())
  } catch (error) {
    await file.close()
    await rm(part, { force: true })
    throw error
  }
  await file.close()
  await onDisk(rename(part, target))
}
