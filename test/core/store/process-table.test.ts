import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createProcessTable } from '../../../core/store/process-table.ts'

const BOOT = '/proc/sys/kernel/random/boot_id'
const stat = (name: string, state: string, start: number) => `7 (${name}) ${state} 1 ${'0 '.repeat(17)}${start} 999 88`

/** A machine as a table sees it: what /proc holds, and how `kill` answers for a number. */
function machine(files: Record<string, string>, errors: Record<number, string> = {}) {
  return createProcessTable({
    pid: 1,
    kill: (pid) => {
      const code = errors[pid]
      if (code !== undefined) throw Object.assign(new Error(code), { code })
    },
    readFile: (path) => {
      const text = files[path]
      if (text === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
      return text
    },
  })
}

describe('process table', () => {
  const files = { [BOOT]: 'aa-01\n', '/proc/1/stat': stat('node', 'S', 500), '/proc/7/stat': stat('a) R (b', 'S', 700) }

  it('knows itself by number, start and boot', () => {
    expect(machine(files).self).toEqual({ pid: 1, startId: '500-aa01' })
  })

  it.each<[string, { pid: number; startId: string }, boolean, Record<number, string>?, Record<string, string>?]>([
    ['a process that runs', { pid: 7, startId: '700-aa01' }, true],
    ['one that ended', { pid: 7, startId: '700-aa01' }, false, { 7: 'ESRCH' }],
    ["someone else's", { pid: 7, startId: '700-aa01' }, true, { 7: 'EPERM' }],
    ['a later one with the same number', { pid: 7, startId: '699-aa01' }, false],
    ['one of an earlier boot', { pid: 7, startId: '700-aa00' }, false],
    ['a zombie', { pid: 7, startId: '700-aa01' }, false, {}, { '/proc/7/stat': stat('x', 'Z', 700) }],
    ['one whose start was not known', { pid: 7, startId: 'unknown' }, true],
    ['one whose start cannot be read', { pid: 8, startId: '800-aa01' }, true],
    ['one whose stat makes no sense', { pid: 7, startId: '700-aa01' }, true, {}, { '/proc/7/stat': 'what' }],
    ['a group of processes', { pid: 0, startId: 'unknown' }, false],
    ['all of them', { pid: -1, startId: 'unknown' }, false],
    ['half a process', { pid: 1.5, startId: 'unknown' }, false],
  ])('%s', (_, process, isAlive, errors = {}, more = {}) => {
    expect(machine({ ...files, ...more }, errors).isAlive(process)).toBe(isAlive)
  })

  it('goes by the number alone where there is no /proc', () => {
    const table = machine({}, { 8: 'ESRCH' })
    expect(table.self).toEqual({ pid: 1, startId: 'unknown' })
    expect(table.isAlive({ pid: 7, startId: 'unknown' })).toBe(true)
    expect(table.isAlive({ pid: 8, startId: 'unknown' })).toBe(false)
  })

  it('agrees with this machine', async () => {
    const tableOf = (pid: number) =>
      createProcessTable({
        pid,
        kill: (pid, signal) => process.kill(pid, signal),
        readFile: (path) => readFileSync(path, 'utf8'),
      })
    const mine = tableOf(process.pid)
    expect(mine.isAlive(mine.self)).toBe(true)
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const { self } = tableOf(child.pid ?? 0)
    expect(mine.isAlive(self)).toBe(true)
    expect(self.startId).not.toBe(mine.self.startId)
    const exited = new Promise((resolve) => child.on('exit', resolve))
    child.kill('SIGKILL')
    await exited
    expect(mine.isAlive(self)).toBe(false)
  })
})
