import { dirname, join } from 'node:path'
import { type FileSystem, ifThere, type OpenFile, systemCode } from './file-system.ts'
import type { ProcessTable } from './process-table.ts'

/** What a write needs: the calls, and who makes them. */
export interface Disk {
  fs: FileSystem
  processes: ProcessTable
}

/** Begins with a dot, and names its maker, so that what a dead one left behind is known as such. */
const TEMP = /^\.tmp\.(\d+)\.([a-z0-9-]+)\.[a-z0-9-]+$/
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
/** Of systems on which folders cannot be opened or synced, and of folders that this user may write but not read. */
const UNSYNCABLE = new Set(['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'])

/**
 * Creates `path` with all its content at once, on the disk when this resolves. False if it exists: of many creators one succeeds.
 * After a crash the file is there whole, or not at all.
 */
export async function createFile(disk: Disk, path: string, bytes: Uint8Array): Promise<boolean> {
  const temp = await writeTemp(disk, dirname(path), bytes, 'durable')
  try {
    if (!(await linkNew(disk.fs, temp, path))) return false
  } finally {
    await discard(disk.fs, temp)
  }
  await syncFolder(disk.fs, dirname(path))
  return true
}

/** Gives a file a second name. False if that name is taken. */
export async function linkNew(fs: FileSystem, path: string, other: string): Promise<boolean> {
  try {
    await fs.link(path, other)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Puts new content at `path` at once; readers see the old or the new. `quick` leaves out the syncs: after a power cut it may be damaged. */
export async function replaceFile(disk: Disk, path: string, bytes: Uint8Array, how: 'durable' | 'quick'): Promise<void> {
  const temp = await writeTemp(disk, dirname(path), bytes, how)
  try {
    await disk.fs.rename(temp, path)
  } catch (error) {
    await discard(disk.fs, temp)
    throw error
  }
  if (how === 'durable') await syncFolder(disk.fs, dirname(path))
}

/** Removes a file, on the disk when this resolves. No error if it is not there. */
export async function removeFile(fs: FileSystem, path: string): Promise<void> {
  if ((await ifThere(fs.unlink(path).then(() => true))) === undefined) return
  await syncFolder(fs, dirname(path))
}

/** Writes a temporary file in `folder` (made if missing) and gives its path. Leaves nothing behind when it fails. */
export async function writeTemp(
  { fs, processes }: Disk,
  folder: string,
  bytes: Uint8Array,
  how: 'durable' | 'quick',
): Promise<string> {
  const path = join(folder, `.tmp.${processes.self.pid}.${processes.self.startId}.${crypto.randomUUID()}`)
  const file = (await ifThere(fs.open(path, 'wx', FILE_MODE))) ?? (await openInNew(fs, folder, path))
  try {
    try {
      await writeAll(file, bytes)
      if (how === 'durable') await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    await discard(fs, path)
    throw error
  }
  return path
}

async function openInNew(fs: FileSystem, folder: string, path: string): Promise<OpenFile> {
  await makeFolder(fs, folder)
  return fs.open(path, 'wx', FILE_MODE)
}

/** Makes a folder and its parents, each on the disk: a synced file in a folder that a power cut takes away is lost too. */
export async function makeFolder(fs: FileSystem, folder: string): Promise<void> {
  const topmost = await fs.mkdir(folder, FOLDER_MODE)
  if (topmost === undefined) return
  for (let made = folder; made.length >= topmost.length; made = dirname(made)) await syncFolder(fs, dirname(made))
}

async function syncFolder(fs: FileSystem, folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (!UNSYNCABLE.has(systemCode(error) ?? '')) throw error
  }
}

/** Removes a file that nobody misses if it stays. */
export async function discard(fs: FileSystem, path: string): Promise<void> {
  await fs.unlink(path).catch(() => undefined)
}

/** True for a temporary file whose maker does not run any more. */
export function isLeftOver(name: string, processes: ProcessTable): boolean {
  const [, pid, startId] = TEMP.exec(name) ?? []
  return pid !== undefined && startId !== undefined && !processes.isAlive({ pid: Number(pid), startId })
}

/** A disk that fills up may take a part of a write before it refuses the rest. */
async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const more = await file.write(bytes, written)
    if (more <= 0) throw Object.assign(new Error('nothing more was written'), { code: 'EIO' })
    written += more
  }
}
