import { basename } from 'node:path'
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import { type Claim, claimFile } from './claim-file.ts'
import type { Disk } from './durable-file.ts'

/** Work under a lock takes milliseconds: a process that holds one this long hangs or was stopped. */
const PATIENCE_MS = 10_000
const LONGEST_NAP_MS = 50

/** The end of the queue for each lock, of all stores in this process: they wait in memory, not by polling the file. */
const queues = new Map<string, Promise<void>>()

/** Does `work` while no other process and nobody in this one holds the lock at `path`. STORE_UNAVAILABLE when it is held too long. */
export async function withLock<T>(disk: Disk & { clock: Clock }, path: string, work: () => Promise<T>): Promise<T> {
  const before = queues.get(path)
  const turn = Promise.withResolvers<void>()
  queues.set(path, turn.promise)
  try {
    await before
    const claim = await acquire(disk, path)
    try {
      return await work()
    } finally {
      await claim.release()
    }
  } finally {
    if (queues.get(path) === turn.promise) queues.delete(path)
    turn.resolve()
  }
}

async function acquire(disk: Disk & { clock: Clock }, path: string): Promise<Claim> {
  const end = disk.clock.monotonicMs() + PATIENCE_MS
  for (let napMs = 1; ; napMs = Math.min(napMs * 2, LONGEST_NAP_MS)) {
    const claim = await claimFile(disk, path, {})
    if ('release' in claim) return claim
    if (disk.clock.monotonicMs() >= end) {
      throw fail('STORE_UNAVAILABLE', { what: basename(path), reason: `held by process ${claim.heldBy.pid} for too long` })
    }
    await disk.clock.sleep(napMs)
  }
}
