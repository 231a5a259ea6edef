import { describe, expect, it } from 'vitest'
import { groupBytes } from '../../../agent/runner/group-memory.ts'

describe('the memory of a process group', () => {
  it('is that of all its processes, wherever they hang, whatever their names', async () => {
    const table: Record<string, [string, number, number, number]> = {
      '7': ['node', 1, 7, 100],
      '8': ['a) S 1 9 (b', 7, 7, 20],
      '9': ['orphan', 1, 7, 3],
      '10': ['other', 7, 10, 5_000],
      '11': ['gone', 1, 7, 0],
    }
    const files = {
      readdir: async () => ['self', 'sys', '12', ...Object.keys(table)],
      async readFile(path: string) {
        const [, pid = '', file] = /^\/proc\/(\d+)\/(\w+)$/.exec(path) ?? []
        const found = table[pid]
        if (!found) throw new Error('ENOENT')
        const [name, parent, group, kilobytes] = found
        if (file === 'stat') return `${pid} (${name}) S ${parent} ${group} ${group} 0 -1 4194560`
        if (kilobytes === 0) throw new Error('ESRCH')
        return `Name:\t${name}\nVmHWM:\t 999999 kB\nVmRSS:\t     ${kilobytes} kB\n`
      },
    }
    expect(await groupBytes(files, 7)).toBe(123 * 1024)
    expect(await groupBytes(files, 99)).toBe(0)
  })
})
