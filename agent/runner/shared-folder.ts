import { chmod, mkdir, opendir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Folders that agent and runner share: two users of one group. The set-group-ID bit gives that group to all that is made below.
 * Folders on the way can be passed through by the group, not listed.
 */
const THROUGH = 0o2710
const WORK = 0o2770
const READ = 0o2750
const FILE = 0o660

/** Makes a folder, and its parents below `root`, for a task to work in (`work`) or to read from (`read`). `root` must be there. */
export async function openSharedFolder(root: string, path: string, use: 'work' | 'read'): Promise<void> {
  const missing: string[] = []
  for (let folder = path; folder.length > root.length; folder = dirname(folder)) missing.unshift(folder)
  for (const folder of missing) {
    const isLast = folder === path
    const isMade = await mkdir(folder, { mode: 0o700 }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
        return false
      },
    )
    // By a call of its own: the mode that mkdir takes is cut by the umask and has no set-group-ID bit.
    if (isMade || isLast) await chmod(folder, isLast ? (use === 'work' ? WORK : READ) : THROUGH)
  }
}

/**
 * Gives the group what a task left in its folder, whatever modes it chose: the agent must be able to move and remove it. To be
 * called by the task's own user, once the task is gone. Links are left alone. Passes over what it may not change.
 */
export async function handOver(folder: string): Promise<void> {
  try {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        await chmod(path, WORK).catch(() => undefined)
        await handOver(path)
      } else if (entry.isFile()) await chmod(path, FILE).catch(() => undefined)
    }
  } catch {
    // The folder is gone, or is not ours.
  }
}
