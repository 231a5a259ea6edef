/**
 * A process of its own for tests of several at once: `node claimer.ts VERB FOLDER COUNT`. Says `ready`, waits for a line on stdin,
 * works on the store in FOLDER, and prints one line of JSON.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { systemClock } from '../../../core/clock.ts'
import { isFailure } from '../../../core/errors.ts'
import { createPidFile } from '../../../core/store/claim-file.ts'
import { createFileStore } from '../../../core/store/file-store.ts'
import { nodeFileSystem } from '../../../core/store/file-system.ts'
import { createProcessTable } from '../../../core/store/process-table.ts'
import type { Ref } from '../../../core/store/store.ts'

const [verb = '', folder = '', count = '0'] = process.argv.slice(2)
const processes = createProcessTable({
  pid: process.pid,
  kill: (pid, signal) => process.kill(pid, signal),
  readFile: (path) => readFileSync(path, 'utf8'),
})
const counter: Ref = { kind: 'job', namespace: '', name: 'counter' }
const open = (fs = nodeFileSystem) =>
  createFileStore({
    folder,
    clock: systemClock,
    newUid: randomUUID,
    processes,
    onProblem: (problem) => void process.stderr.write(`${problem.message}\n`),
    fs,
  })

async function increment(store: ReturnType<typeof open>): Promise<void> {
  for (;;) {
    const found = await store.get(counter)
    if (!found) throw new Error('the counter is gone')
    try {
      await store.update(counter, { text: String(Number(found.text) + 1) }, found.version)
      return
    } catch (error) {
      if (!isFailure(error, 'STORE_CONFLICT')) throw error
    }
  }
}

const verbs: Record<string, () => Promise<unknown>> = {
  /** tries to create COUNT runs; gives those that it got */
  async claim() {
    const store = open()
    const won: string[] = []
    for (let index = 0; index < Number(count); index++) {
      const name = index % 2 ? `a.${29_000_000 + index}` : `a.m${index}`
      try {
        await store.create({ kind: 'run', namespace: '', name }, { text: String(process.pid) })
        won.push(name)
      } catch (error) {
        if (!isFailure(error, 'STORE_EXISTS')) throw error
      }
    }
    return won
  },
  /** adds 1 to the counter, COUNT times */
  async count() {
    const store = open()
    for (let index = 0; index < Number(count); index++) await increment(store)
    return Number(count)
  },
  /** stands still within an update, with the lock held */
  async hold() {
    const rename = async (path: string, other: string) => {
      if (!other.endsWith('counter.json')) return nodeFileSystem.rename(path, other)
      process.stdout.write('"holding"\n')
      return new Promise<void>(() => setInterval(() => undefined, 1_000))
    }
    return increment(open({ ...nodeFileSystem, rename }))
  },
  /** wants to be the one daemon; the winner stays until stdin ends */
  async daemon() {
    const claim = await createPidFile({ path: `${folder}/daemon.pid`, processes, content: {} })
    if ('heldBy' in claim) return { heldBy: claim.heldBy.pid }
    process.stdout.write(`${JSON.stringify({ runs: process.pid })}\n`)
    await once(process.stdin.resume(), 'end')
    await claim.release()
    return 'released'
  },
}

process.stdout.write('"ready"\n')
await once(process.stdin, 'data')
const result = await verbs[verb]?.()
process.stdout.write(`${JSON.stringify(result)}\n`)
process.stdin.destroy()
