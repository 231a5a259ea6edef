import { randomUUID } from 'node:crypto'
import { lstat, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
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

/** Times as `Host.syncTimes` promises them. */
export async function timeSyncs(folder: string, test: WriteTest, { clock, signal }: WriteEdge): Promise<number[]> {
  await removeLeftovers(folder, clock.now())
  signal.throwIfAborted()
  const path = join(folder, `${PREFIX}${randomUUID()}`)
  // Not unlinked while it is open: some file systems then take a sync for needless.
  const file = await open(path, 'wx', 0o600)
  try {
    // What it takes to make the file is not what a write takes.
    await file.truncate(test.fileBytes)
    await file.sync()
    return await inThread({ ...test, path }, signal)
  } finally {
    await file.close().catch(() => undefined)
    await rm(path, { force: true })
  }
}

/** The thread cannot be ended while the disk holds it up: then nobody waits for it. */
function inThread(workerData: WriteTest & { path: string }, signal: AbortSignal): Promise<number[]> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const worker = new Worker(PROGRAM, { eval: true, workerData, env: {}, execArgv: [] })
    const onAbort = () => {
      worker.unref()
      worker.terminate().catch(() => undefined)
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    worker.once('message', (times: number[]) => resolve(times))
    worker.once('error', reject)
    worker.once('exit', () => {
      signal.removeEventListener('abort', onAbort)
      reject(new Error('the thread that wrote was ended'))
    })
  })
}

/**
 * Calls that block, since the way to another thread and back takes longer than a fast disk, and on a busy machine many times
 * as long; in a thread of its own, since a disk that hangs would hold up the whole task. What is written is random: zeros may
 * be squeezed, or not be written at all.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads')
const { path, writeBytes, fileBytes, isFullSync, limitMs } = workerData
const { openSync, writeSync, fsyncSync, fdatasyncSync } = require('node:fs')
const piece = require('node:crypto').randomBytes(Math.min(writeBytes, fileBytes))
const now = () => process.hrtime.bigint()
const sync = isFullSync ? fsyncSync : fdatasyncSync
const times = []
const file = openSync(path, 'r+')
const end = now() + BigInt(Math.round(limitMs)) * 1_000_000n
for (let at = 0; at < fileBytes && now() < end; at += piece.length) {
  const length = Math.min(piece.length, fileBytes - at)
  if (writeSync(file, piece, 0, length, at) < length) throw new Error('ENOSPC: no space left on device, write')
  const before = now()
  sync(file)
  times.push(Number(now() - before))
}
parentPort.postMessage(times)
`

async function removeLeftovers(folder: string, now: Date): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(PREFIX)) continue
    const path = join(folder, name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats?.isFile() && now.getTime() - stats.mtimeMs > LEFTOVER_MS) await rm(path, { force: true })
  }
}
