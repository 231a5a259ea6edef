import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { asTaskChild, taskSpawn } from '../../core/task-child.ts'

describe('taskSpawn', () => {
  it('gives no argument but the script, and nothing of our environment but where programs are', () => {
    const { args, options } = taskSpawn({ script: '/lib/task.js', path: '/bin', heapMb: 64 })
    expect(args).toEqual(['/lib/task.js'])
    const node = '--max-old-space-size=64 --max-semi-space-size=2'
    const malloc = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' }
    expect(options.env).toEqual({ SUPPORT_BUNDLE_SCHEDULE_TASK: '1', ...malloc, NODE_OPTIONS: node, PATH: '/bin' })
    expect(options.detached).toBe(true)
    expect(taskSpawn({ script: undefined, path: undefined, heapMb: 64 })).toMatchObject({
      args: [],
      options: { env: { SUPPORT_BUNDLE_SCHEDULE_TASK: '1' } },
    })
  })
})

describe('asTaskChild', () => {
  const sleep = () => spawn('/bin/sleep', ['60'], taskSpawn({ script: undefined, path: '/bin', heapMb: 64 }).options)

  it('adds up the memory of a process and of what it started', async () => {
    const kilobytes = new Map([
      [1, 100],
      [2, 20],
      [3, 3],
    ])
    const children = new Map([
      [1, '2 '],
      [2, '3 4 '],
    ])
    const child = sleep()
    const pid = child.pid ?? 0
    const readFile = async (path: string) => {
      const asked = Number(/^\/proc\/(\d+)\//.exec(path)?.[1])
      const number = asked === pid ? 1 : asked
      if (path.endsWith('/children')) return children.get(number) ?? ''
      const size = kilobytes.get(number)
      if (size === undefined) throw new Error('ENOENT')
      return `Name:\tx\nVmRSS:\t    ${size} kB\n`
    }
    const task = asTaskChild(child, { kill: (target, signal) => void process.kill(target, signal), readFile })
    expect(await task.residentBytes()).toBe(123 * 1024)
    task.kill('SIGKILL')
    expect(await task.ended).toBe('SIGKILL')
  })

  it('kills the group, also what is left of it after the end, and may be asked twice', async () => {
    const killed: number[] = []
    const child = sleep()
    const kill = (target: number, signal: 'SIGKILL') => {
      killed.push(target)
      process.kill(target, signal)
    }
    const task = asTaskChild(child, { kill, readFile: async () => '' })
    task.kill('SIGKILL')
    await task.exited
    expect(await task.ended).toBe('SIGKILL')
    task.kill('SIGKILL')
    task.send('too late')
    task.closeInput()
    expect(killed).toEqual([-task.pid, -task.pid, -task.pid])
  })
})
