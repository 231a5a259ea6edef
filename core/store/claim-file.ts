import { dirname, join } from 'node:path'
import { contentVersion } from './content-version.ts'
import { discard, type Disk, linkNew, writeTemp } from './durable-file.ts'
import { type FileSystem, ifThere, nodeFileSystem } from './file-system.ts'
import type { ProcessId, ProcessTable } from './process-table.ts'

/** Who holds a claim, and what else it wrote into its file. */
export type Holder = ProcessId & Record<string, unknown>
export interface Claim {
  /** Never throws. A file that cannot be removed counts as free for this process, and for others once it has ended. */
  release(): Promise<void>
}
interface Found {
  text: string
  /** none if the file is damaged: whoever wrote it was cut off by a crash of the machine */
  holder?: Holder
}

/** Files that this process released but could not remove. */
const abandoned = new Set<unknown>()

/** Marks the right to replace one dead claim; named after that claim's content, which no other claim has. */
const marker = (found: Found) => `.take.${contentVersion(Buffer.from(found.text))}`
export const isMarker = (name: string) => name.startsWith('.take.')

/**
 * Creates a JSON file {pid, startId, …content} that exists while this process holds the claim. One holder at most: what a dead
 * process left is taken over, by exactly one of all who find it.
 *
 * A stale file is not removed and made again: between the two steps of one process another one could do the same, and remove the
 * fresh claim. Who wants to replace it first claims the marker named after its content. While it holds the marker nobody else may
 * replace that very content, so that looking again and then renaming over it is safe. Who died holding a marker left a stale
 * claim, which is taken over in the same way.
 */
export async function claimFile(disk: Disk, path: string, content: Record<string, unknown>): Promise<Claim | { heldBy: Holder }> {
  const nonce = crypto.randomUUID()
  const text = JSON.stringify({ ...content, ...disk.processes.self, nonce })
  const temp = await writeTemp(disk, dirname(path), Buffer.from(`${text}\n`), 'quick')
  try {
    for (;;) {
      if (await linkNew(disk.fs, temp, path)) break
      const found = await readClaim(disk.fs, path)
      if (!found) continue // released in between
      if (found.holder && isHeld(disk.processes, found.holder)) return { heldBy: found.holder }
      const taken = await takeOver(disk, temp, path, found)
      if (taken === 'mine') break
      if (taken !== 'changed') return taken
    }
  } finally {
    await discard(disk.fs, temp)
  }
  return { release: () => release(disk.fs, path, nonce) }
}

async function takeOver(disk: Disk, temp: string, path: string, found: Found): Promise<'mine' | 'changed' | { heldBy: Holder }> {
  const right = await claimFile(disk, join(dirname(path), marker(found)), {})
  if ('heldBy' in right) return right
  try {
    const now = await readClaim(disk.fs, path)
    if (now?.text !== found.text) return 'changed'
    await disk.fs.rename(temp, path)
    return 'mine'
  } finally {
    await right.release()
  }
}

async function release(fs: FileSystem, path: string, nonce: string): Promise<void> {
  try {
    const found = await readClaim(fs, path)
    if (found?.holder?.['nonce'] === nonce) await fs.unlink(path)
  } catch {
    abandoned.add(nonce)
  }
}

/** Ends a claim whose process has ended. Nobody's claim is touched that may still be held. */
export async function clearDeadClaim(disk: Disk, path: string): Promise<void> {
  const found = await readClaim(disk.fs, path)
  if (!found || (found.holder && isHeld(disk.processes, found.holder))) return
  const claim = await claimFile(disk, path, {})
  if ('release' in claim) await claim.release()
}

/**
 * The file of a process of which there may be one only: {pid, startId, …content} as JSON at `path`, until `release`.
 * Gives the holder instead if it runs. Throws system errors.
 */
export function createPidFile(options: {
  path: string
  processes: ProcessTable
  content: Record<string, unknown>
  fs?: FileSystem
}): Promise<Claim | { heldBy: Holder }> {
  return claimFile({ fs: options.fs ?? nodeFileSystem, processes: options.processes }, options.path, options.content)
}

/** Who holds a pid file; undefined when nobody does, or its process has ended. */
export async function readPidFile(options: {
  path: string
  processes: ProcessTable
  fs?: FileSystem
}): Promise<Holder | undefined> {
  const found = await readClaim(options.fs ?? nodeFileSystem, options.path)
  return found?.holder && isHeld(options.processes, found.holder) ? found.holder : undefined
}

const isHeld = (processes: ProcessTable, holder: Holder) => !abandoned.has(holder['nonce']) && processes.isAlive(holder)

async function readClaim(fs: FileSystem, path: string): Promise<Found | undefined> {
  const text = (await ifThere(fs.readFile(path)))?.toString('utf8')
  if (text === undefined) return undefined
  try {
    const holder = JSON.parse(text) as Holder | null
    if (typeof holder?.pid === 'number' && typeof holder.startId === 'string') return { text, holder }
  } catch {
    // not JSON: damaged
  }
  return { text }
}
