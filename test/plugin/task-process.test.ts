import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { PluginsRequest } from '../../core/task.ts'
import { taskProcesses } from '../../plugin/task-process.ts'
import { makeFolder } from '../support/cli.ts'

const REQUEST: PluginsRequest = { task: 'plugins', pluginFolders: [] }
const LIMIT = 64 * 2 ** 20

/** A task program that writes down that it was started, and with which memory, and is done at its first line. */
const PROGRAM = `
import { appendFileSync, writeSync } from 'node:fs'
appendFileSync(new URL('./started/' + process.pid, import.meta.url), process.env.NODE_OPTIONS)
process.stdin.once('data', () => {
  writeSync(3, JSON.stringify({ type: 'done', result: { plugins: [], problems: [], pid: process.pid } }) + '\\n')
  process.exit(0)
})
`

async function programs() {
  const folder = await makeFolder()
  await mkdir(join(folder, 'started'))
  await writeFile(join(folder, 'task.js'), PROGRAM)
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  const { task, warmTask } = taskProcesses({ execPath: process.execPath, path: undefined, kill: process.kill }, folder)
  const run = (memoryBytes: number) => task(REQUEST, { timeoutMs: 20_000, memoryBytes })
  return { run, warmTask, started: () => readdir(join(folder, 'started')) }
}

it('a task takes the program that was started for it', async () => {
  const { run, warmTask, started } = await programs()
  const drop = await warmTask(LIMIT)
  const { result } = await run(LIMIT)
  expect(await started()).toEqual([String((result as unknown as { pid: number }).pid)])
  drop()
  await run(LIMIT)
  expect(await started()).toHaveLength(2)
})

it('one with another limit starts its own, and the other one can still be ended', async () => {
  const { run, warmTask, started } = await programs()
  const drop = await warmTask(LIMIT)
  const other = (await run(2 * LIMIT)).result as unknown as { pid: number }
  drop()
  await run(LIMIT)
  // The one that was dropped may have been killed before it wrote anything down.
  expect((await started()).length).toBeGreaterThanOrEqual(2)
  expect(await started()).toContain(String(other.pid))
})

it('a program that is dropped is gone, and keeps nobody waiting', async () => {
  const { warmTask, started } = await programs()
  const drop = await warmTask(LIMIT)
  await expect.poll(started, { timeout: 10_000 }).toHaveLength(1)
  const [pid] = await started()
  drop()
  const isThere = () => {
    try {
      return process.kill(Number(pid), 0)
    } catch {
      return false
    }
  }
  await expect.poll(isThere, { timeout: 10_000 }).toBe(false)
})
