import { chmod, cp, lutimes, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Entry } from './contents.ts'

const FOLDER_MODE = 0o755

/**
 * Makes `folder` hold the entries and nothing else. Modes are those of the entries whatever the umask is, and all times are zero,
 * so that whoever packs the folder gets the same bytes.
 */
export async function stage(entries: readonly Entry[], folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const { path, content } of entries) {
    const target = join(folder, path)
    await mkdir(content ? dirname(target) : target, { recursive: true })
    if (!content) continue
    if ('file' in content) await cp(content.file, target)
    else await writeFile(target, 'text' in content ? content.text : content.bytes)
  }
  const modes = new Map(entries.map(({ path, mode }) => [join(folder, path), mode]))
  const made = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const path of [folder, ...made.map((entry) => join(entry.parentPath, entry.name))]) {
    await chmod(path, modes.get(path) ?? FOLDER_MODE)
    await lutimes(path, 0, 0)
  }
}
