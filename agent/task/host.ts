import { constants } from 'node:fs'
import { open, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Host } from '../../core/contract/index.ts'
import { globFiles } from './glob.ts'
import { type CommandEdge, runCommand } from './host-command.ts'
import { timeSyncs } from './sync-times.ts'

export interface HostEdge extends CommandEdge {
  /** `/`, or where the root of the machine looked at is mounted */
  root: string
  platform: Host['platform']
}

/** The machine as collectors see it: regular files only, commands without a shell and with a minimal environment. */
export function createHost(edge: HostEdge): Host {
  const inside = (path: string) => join(edge.root, path)
  return {
    root: edge.root,
    platform: edge.platform,
    read: (path) => () => readFile(inside(path)),
    glob: (pattern) => globFiles(edge.root, pattern, edge.signal),
    async usage(path) {
      const stats = await statfs(inside(path))
      const totalBytes = stats.blocks * stats.bsize
      return { totalBytes, usedBytes: totalBytes - stats.bfree * stats.bsize }
    },
    syncTimes: (folder, test) => timeSyncs(inside(folder), test, edge),
    async exec(command, args, options = {}) {
      // Commands would run in our own root and tell of the wrong machine.
      if (edge.root !== '/') throw new Error(`${command} cannot be run: the machine's root is only mounted`)
      return runCommand(edge, command, args, options)
    },
  }
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  // Before it is opened: opening alone makes some devices act. And after it: the name may stand for another file by then.
  refuseSpecial(path, await stat(path))
  // O_NONBLOCK, because opening a FIFO would wait for a writer for ever.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    refuseSpecial(path, await handle.stat())
    const buffer = Buffer.allocUnsafe(256 * 1024)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null)
      if (bytesRead === 0) return
      // The consumer may keep what it gets: each piece has memory of its own.
      yield Buffer.from(buffer.subarray(0, bytesRead))
    }
  } finally {
    await handle.close()
  }
}

function refuseSpecial(path: string, stats: { isFile(): boolean }): void {
  if (!stats.isFile()) throw new Error(`${path} is not a regular file`)
}
