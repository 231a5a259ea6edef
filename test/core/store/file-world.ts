import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Problem } from '../../../core/errors.ts'
import { createFileStore, type FileStoreOptions } from '../../../core/store/file-store.ts'
import type { ProcessId, ProcessTable } from '../../../core/store/process-table.ts'
import type { Store } from '../../../core/store/store.ts'
import { FakeClock, settle } from '../../support/clock.ts'

/** A folder under the system's temporary one, and stores on it that belong to processes of the test's choosing. */
export interface FileWorld {
  folder: string
  clock: FakeClock
  problems: Problem[]
  open(options?: Partial<FileStoreOptions>): Store
  until(isDone: () => boolean | Promise<boolean>): Promise<void>
  cleanup(): Promise<void>
}

export async function makeFileWorld(start?: string): Promise<FileWorld> {
  const parent = await mkdtemp(join(tmpdir(), 'file-store-'))
  const folder = join(parent, 'scheduler')
  const clock = new FakeClock(start)
  const problems: Problem[] = []
  return {
    folder,
    clock,
    problems,
    open: (options = {}) =>
      createFileStore({
        folder,
        clock,
        newUid: randomUUID,
        processes: fakeProcess(1),
        onProblem: (problem) => void problems.push(problem),
        ...options,
      }),
    until: (isDone) => untilAsTimePasses(clock, isDone),
    cleanup: () => rm(parent, { recursive: true, force: true }),
  }
}

/** Process `pid` in a world where all processes run but those that `isDead` names. */
export function fakeProcess(pid: number, isDead: (pid: number) => boolean = () => false): ProcessTable {
  const startId = (pid: number) => `start-${pid}`
  return {
    self: { pid, startId: startId(pid) },
    isAlive: (other: ProcessId) => other.startId === startId(other.pid) && !isDead(other.pid),
  }
}

/** Waits for what the disk and the system's watches do in their own time, while the fake clock goes on. */
async function untilAsTimePasses(clock: FakeClock, isDone: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000
  for (let turn = 1; performance.now() < end; turn++) {
    if (await isDone()) return
    if (turn % 200 === 0) await clock.advance(1_000)
    await settle(1)
  }
  throw new Error('it did not happen within 10 s')
}
