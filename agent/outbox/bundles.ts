import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { expired, type KeptBundle, type RetentionRules } from '../../core/retention.ts'

/** Moves a finished archive to its place, durably. Returns the new path. Both must be on one file system. */
export async function placeBundle(archive: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, basename(archive))
  await rename(archive, path)
  for (const changed of [folder, dirname(archive)]) await syncFolder(changed)
  return path
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

/** Removes the kept bundles of a job that its retention does not keep. Returns their file names. */
export async function pruneBundles(
  folder: string,
  rules: RetentionRules,
  isGood: (fileName: string) => boolean,
  now: Date,
): Promise<string[]> {
  const bundles: KeptBundle[] = []
  for (const fileName of await readdir(folder).catch(() => [])) {
    if (!fileName.endsWith('.tar.gz')) continue
    const stats = await stat(join(folder, fileName)).catch(() => undefined)
    if (stats) bundles.push({ fileName, at: stats.mtime, isGood: isGood(fileName) })
  }
  const old = expired(bundles, rules, now)
  for (const { fileName } of old) await rm(join(folder, fileName), { force: true })
  return old.map(({ fileName }) => fileName)
}
