import { access, open as openFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { OpenFolder } from '../folders.ts'
import type { BundleFacts } from '../../core/run.ts'
import { expired, type KeptBundle, type RetentionRules } from '../../core/retention.ts'

export const isBundle = (fileName: string) => fileName.endsWith('.tar.gz')

/** Moves a finished archive to its place, durably. Returns the new path. Both must be on one file system. */
export async function placeBundle(archive: string, folder: string, open: OpenFolder): Promise<string> {
  const path = join(folder, basename(archive))
  if (path === archive) return path
  await open(folder, 'read')
  await rename(archive, path)
  for (const changed of [folder, dirname(archive)]) await syncFolder(changed)
  return path
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await openFile(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

/** Where a bundle lies: as recorded, or in the folder to which a crash had just moved it. Undefined when it is gone. */
export async function findBundle(bundle: BundleFacts, keptFolder: string): Promise<string | undefined> {
  if (bundle.path === undefined) return undefined
  for (const path of [bundle.path, join(keptFolder, bundle.fileName)]) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}

/** Removes those of a folder's files that retention does not keep. Returns their names. */
export async function pruneFiles(
  folder: string,
  isOne: (fileName: string) => boolean,
  rules: RetentionRules,
  isGood: (fileName: string) => boolean,
  now: Date,
): Promise<string[]> {
  const files: KeptBundle[] = []
  for (const fileName of await readdir(folder).catch(() => [])) {
    if (!isOne(fileName)) continue
    const stats = await stat(join(folder, fileName)).catch(() => undefined)
    if (stats) files.push({ fileName, at: stats.mtime, isGood: isGood(fileName) })
  }
  const old = expired(files, rules, now)
  for (const { fileName } of old) await rm(join(folder, fileName), { force: true })
  return old.map(({ fileName }) => fileName)
}

/** Of all files in a folder and below; 0 for one that is not there. */
export async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  const sizes = await Promise.all(files.map((file) => stat(join(file.parentPath, file.name)).catch(() => undefined)))
  return sizes.reduce((sum, stats) => sum + (stats?.size ?? 0), 0)
}
