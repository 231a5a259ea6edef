import { join } from 'node:path'
import { KINDS } from '../names.ts'
import { clearDeadClaim, isMarker } from './claim-file.ts'
import { discard, type Disk, isLeftOver } from './durable-file.ts'
import { ifThere } from './file-system.ts'
import type { Folders } from './folders.ts'

/** Removes what ended processes left behind: temporary files, locks, markers. What fails is left for the next sweep. */
export async function sweep(disk: Disk, folders: Folders): Promise<void> {
  const ofKinds = await Promise.all(KINDS.map((kind) => folders.of(kind).catch(() => [])))
  const all = new Set([...folders.others, ...KINDS.map((kind) => folders.top(kind)), ...ofKinds.flat()])
  for (const folder of all) await sweepFolder(disk, folder).catch(() => undefined)
}

async function sweepFolder(disk: Disk, folder: string): Promise<void> {
  for (const { name } of (await ifThere(disk.fs.readdir(folder))) ?? []) {
    const path = join(folder, name)
    if (isLeftOver(name, disk.processes)) await discard(disk.fs, path)
    else if (name.endsWith('.json.lock') || isMarker(name)) await clearDeadClaim(disk, path).catch(() => undefined)
  }
}
