import { randomBytes, randomUUID } from 'node:crypto'
import { type FileHandle, lstat, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import type { WriteTest } from '../../core/contract/index.ts'

export interface WriteEdge {
  clock: Clock
  signal: AbortSignal
}

/** What the file's name begins with. Only we make such files, and only by this name are leftovers known. */
const PREFIX = '.support-bundle-schedule-write-test-'
/** A file that nobody has written to for so long was left by a process that was killed. */
const LEFTOVER_MS = 3_600_000

/**
 * Times as `Host.syncTimes` promises them. They hold the way to a thread of Node.js and back, some 20 µs, more while all
 * processors are busy: calls that block would have no such way, but with a disk that hangs they would hold up the whole task.
 */
export async function timeSyncs(folder: string, test: WriteTest, edge: WriteEdge): Promise<number[]> {
  await removeLeftovers(folder, edge.clock.now())
  edge.signal.throwIfAborted()
  const path = join(folder, `${PREFIX}${randomUUID()}`)
  // Not unlinked while it is open: some file systems then take a sync for needless.
  const file = await open(path, 'wx', 0o600)
  try {
    // What it takes to make the file is not what a write takes.
    await file.truncate(test.fileBytes)
    await file.sync()
    return await writePieces(file, test, edge)
  } finally {
    await file.close().catch(() => undefined)
    await rm(path, { force: true })
  }
}

async function writePieces(
  file: FileHandle,
  { writeBytes, fileBytes, isFullSync, limitMs }: WriteTest,
  { clock, signal }: WriteEdge,
): Promise<number[]> {
  // Random, because zeros may be squeezed or not be written at all.
  const piece = randomBytes(Math.min(writeBytes, fileBytes))
  const end = clock.monotonicMs() + limitMs
  const times: number[] = []
  for (let at = 0; at < fileBytes && clock.monotonicMs() < end; at += piece.length) {
    signal.throwIfAborted()
    const length = Math.min(piece.length, fileBytes - at)
    const { bytesWritten } = await file.write(piece, 0, length, at)
    if (bytesWritten < length) throw new Error('ENOSPC: no space left on device, write')
    const before = clock.monotonicMs()
    await (isFullSync ? file.sync() : file.datasync())
    times.push(Math.round((clock.monotonicMs() - before) * 1e6))
  }
  signal.throwIfAborted()
  return times
}

async function removeLeftovers(folder: string, now: Date): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(PREFIX)) continue
    const path = join(folder, name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats?.isFile() && now.getTime() - stats.mtimeMs > LEFTOVER_MS) await rm(path, { force: true })
  }
}
