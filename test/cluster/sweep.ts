import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Folders of control planes begin so: those whose owner is gone are swept. */
const FOLDER_PREFIX = 'sbs-control-plane-'

/** A name for the folder of one more control plane; nothing is made. */
export const newFolder = () => join(tmpdir(), `${FOLDER_PREFIX}${randomUUID().slice(0, 8)}`)

/**
 * Ends what a control plane left behind whose test run and keeper were both killed. Only processes that the folder's own list
 * names, and whose command line still names that folder, are touched.
 */
export function sweepDeadControlPlanes(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(FOLDER_PREFIX))) {
    const folder = join(tmpdir(), name)
    const owner = Number(read(join(folder, 'owner')))
    if (!owner || isAlive(owner)) continue
    for (const pid of recordedPids(folder)) if (read(`/proc/${pid}/cmdline`).includes(folder)) process.kill(pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

function recordedPids(folder: string): number[] {
  const lines = read(join(folder, 'pids')).split('\n').filter(Boolean)
  return lines.map((line) => (JSON.parse(line) as { pid: number }).pid)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
