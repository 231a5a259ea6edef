import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createProcessTable } from '../../../core/store/process-table.ts'
import type { Ref, Stored } from '../../../core/store/store.ts'
import { type FileWorld, makeFileWorld } from './file-world.ts'

const claimer = fileURLToPath(new URL('./claimer.ts', import.meta.url))
const counter: Ref = { kind: 'job', namespace: '', name: 'counter' }
const noProcesses = createProcessTable({
  pid: process.pid,
  kill: (pid, signal) => process.kill(pid, signal),
  readFile: () => {
    throw new Error('no /proc')
  },
})

describe('several processes on one folder', { timeout: 60_000 }, () => {
  let world: FileWorld
  let children: ChildProcessWithoutNullStreams[]
  beforeEach(async () => {
    world = await makeFileWorld()
    children = []
  })
  afterEach(async () => {
    await Promise.all(children.map(end))
    await world.cleanup()
  })

  /** Starts a process and waits until it is ready; `say` gives its next line. */
  const start = async (verb: string, count = 0) => {
    const child = spawn(process.execPath, [claimer, verb, world.folder, String(count)])
    children.push(child)
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    const lines = linesOf(createInterface(child.stdout))
    const say = async () => {
      const line = await lines.next()
      if (line.done) throw new Error(`it ended: ${errors}`)
      return JSON.parse(line.value) as unknown
    }
    expect(await say()).toBe('ready')
    return { child, say, go: () => child.stdin.write('go\n'), errors: () => errors }
  }
  const startAll = (verb: string, many: number, count = 0) => Promise.all(Array.from({ length: many }, () => start(verb, count)))
  const leftOvers = async () => (await readdir(join(world.folder, 'jobs'))).filter((name) => name !== 'counter.json')

  it('each name has exactly one creator', async () => {
    const workers = await startAll('claim', 4, 40)
    for (const { go } of workers) go()
    const won = (await Promise.all(workers.map(({ say }) => say()))) as string[][]
    expect(new Set(won.flat()).size).toBe(40)
    expect(won.flat()).toHaveLength(40)
    const store = world.open()
    for (const [index, names] of won.entries()) {
      for (const name of names) {
        const found = await store.get({ kind: 'run', namespace: '', name })
        expect(found?.text).toBe(String(workers[index]?.child.pid))
      }
    }
    expect(workers.map(({ errors }) => errors()).join('')).toBe('')
  })

  it('no update is lost', async () => {
    await world.open().create(counter, { text: '0' })
    const workers = await startAll('count', 4, 25)
    for (const { go } of workers) go()
    await Promise.all(workers.map(({ say }) => say()))
    expect((await world.open().get(counter))?.text).toBe('100')
    expect(await leftOvers()).toEqual([])
  })

  it('one that is killed while it holds a lock holds up nobody', async () => {
    await world.open().create(counter, { text: '0' })
    const holder = await start('hold')
    holder.go()
    expect(await holder.say()).toBe('holding')
    const workers = await startAll('count', 3, 10)
    for (const { go } of workers) go()
    expect((await leftOvers()).some((name) => name.endsWith('.lock'))).toBe(true)
    await end(holder.child)
    await Promise.all(workers.map(({ say }) => say()))
    expect((await world.open().get(counter))?.text).toBe('30')
    // the next process sweeps what the dead one had begun to write
    const next = await start('count', 1)
    next.go()
    await next.say()
    expect(await leftOvers()).toEqual([])
    expect(((await world.open().get(counter)) as Stored).text).toBe('31')
  })

  it('one of many becomes the daemon, also where a dead one left its pid file', async () => {
    await mkdir(world.folder)
    const path = join(world.folder, 'daemon.pid')
    await writeFile(path, JSON.stringify({ ...noProcesses.self, pid: 2 ** 22 + 1, nonce: 'dead' }))
    const workers = await startAll('daemon', 4)
    for (const { go } of workers) go()
    const said = (await Promise.all(workers.map(({ say }) => say()))) as ({ runs: number } | { heldBy: number })[]
    const running = said.flatMap((line) => ('runs' in line ? [line.runs] : []))
    expect(running).toHaveLength(1)
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: running[0] })
    for (const { child } of workers) child.stdin.end()
    const winner = workers.find(({ child }) => child.pid === running[0])
    expect(await winner?.say()).toBe('released')
    expect((await readdir(world.folder)).filter((name) => name !== 'jobs')).toEqual([])
  })
})

async function end(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}

async function* linesOf(reader: Interface): AsyncGenerator<string, undefined> {
  for await (const line of reader) yield line
}
