import { constants } from 'node:fs'
import { open, stat, statfs } from 'node:fs/promises'
import type { Host } from '../../core/contract/index.ts'
import { globFiles } from './glob.ts'
import { type CommandEdge, runCommand } from './host-command.ts'
import { IN_ROOT_ENV, inRoot, locate, notRun } from './mounted-root.ts'
import { timeSyncs } from './sync-times.ts'

export interface HostEdge extends CommandEdge {
  /** `/`, or where the root of the machine looked at is mounted */
  root: string
  platform: Host['platform']
}

/** The machine as collectors see it: regular files only, commands without a shell and with a minimal environment. */
export function createHost(edge: HostEdge): Host {
  const inside = (path: string) => locate(edge.root, path)
  // Its environment would be ours, which says nothing of that machine.
  const inMounted: CommandEdge = { ...edge, env: {}, always: IN_ROOT_ENV }
  return {
    root: edge.root,
    platform: edge.platform,
    read: (path) => () => readFile(() => inside(path)),
    glob: (pattern) => globFiles(edge.root, pattern, edge.signal),
    async usage(path) {
      const stats = await statfs(await inside(path))
      const totalBytes = stats.blocks * stats.bsize
      return { totalBytes, usedBytes: totalBytes - stats.bfree * stats.bsize }
    },
    syncTimes: async (folder, test) => timeSyncs(await inside(folder), test, edge),
    async exec(command, args, options = {}) {
      if (edge.root === '/') return runCommand(edge, command, args, options)
      const ended = await runCommand(inMounted, ...inRoot(edge.root, command, args), options)
      const failure = notRun(command, ended)
      if (failure) throw failure
      return ended
    },
  }
}

async function* readFile(inside: () => Promise<string>): AsyncGenerator<Uint8Array> {
  const path = await inside()
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
