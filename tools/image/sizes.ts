import { readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

/** More than this packed is more than was promised. */
export const MOST_PACKED_BYTES = 50_000_000

/** Folders whose files are counted together; any other file is a room of its own. */
const ROOMS = ['lib', 'lib64', 'app/lib', 'app', 'etc']

/** What takes the room in a staged folder, unpacked: bytes by path, most first. A room within another counts for itself only. */
export function roomsIn(rootfs: string): [room: string, bytes: number][] {
  const sizes = new Map<string, number>()
  for (const entry of readdirSync(rootfs, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = relative(rootfs, join(entry.parentPath, entry.name))
    const room = ROOMS.find((one) => path.startsWith(`${one}/`)) ?? path
    sizes.set(room, (sizes.get(room) ?? 0) + statSync(join(rootfs, path)).size)
  }
  return [...sizes].sort(([, a], [, b]) => b - a)
}

export const inMegabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
