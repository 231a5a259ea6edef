/** The part of the file system that tells of processes. */
export interface ProcessFiles {
  readdir(path: string): Promise<string[]>
  readFile(path: string): Promise<string>
}

/**
 * Resident bytes of all processes of a group, from /proc. A process that left its parent is counted as well, as it is still in
 * the group. Zero when the group is gone.
 */
export async function groupBytes(files: ProcessFiles, group: number): Promise<number> {
  const sizes = (await files.readdir('/proc'))
    .filter((name) => /^\d+$/.test(name))
    .map(async (pid) => {
      const stat = await files.readFile(`/proc/${pid}/stat`).catch(() => '')
      // The name in brackets may hold anything, brackets and spaces too; after it: state, parent, group.
      const [, , found] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (Number(found) !== group) return 0
      const status = await files.readFile(`/proc/${pid}/status`).catch(() => '')
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
    })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
