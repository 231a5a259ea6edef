import fc from 'fast-check'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimFile, clearDeadClaim, createPidFile, type Claim, readPidFile } from '../../../core/store/claim-file.ts'
import { nodeFileSystem } from '../../../core/store/file-system.ts'
import { faulty } from './faulty-file-system.ts'
import { fakeProcess } from './file-world.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

describe('a pid file', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'claim-'))
    path = join(folder, 'run', 'daemon.pid')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const create = (pid: number, isDead?: (pid: number) => boolean) =>
    createPidFile({ path, processes: fakeProcess(pid, isDead), content: { port: 9000 + pid } })
  const read = async () => JSON.parse(await readFile(path, 'utf8')) as unknown

  it('says who runs, until it is released', async () => {
    const claim = (await create(1)) as Claim
    expect(await read()).toMatchObject({ pid: 1, startId: 'start-1', port: 9001 })
    expect(await readPidFile({ path, processes: fakeProcess(2) })).toMatchObject({ pid: 1, port: 9001 })
    expect(await create(2)).toMatchObject({ heldBy: { pid: 1, startId: 'start-1', port: 9001 } })
    expect(await read()).toMatchObject({ pid: 1 })
    await claim.release()
    await expect(read()).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readPidFile({ path, processes: fakeProcess(2) })).toBeUndefined()
    expect(await create(2)).toHaveProperty('release')
  })

  it('of a dead process is taken over', async () => {
    await create(1)
    const isDead = (pid: number) => pid === 1
    expect(await readPidFile({ path, processes: fakeProcess(2, isDead) })).toBeUndefined()
    const claim = (await create(2, isDead)) as Claim
    expect(await read()).toMatchObject({ pid: 2, port: 9002 })
    await claim.release()
    await expect(read()).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it.each(['', '{', '17', 'null', '{"pid": "1"}', '{"pid": 3}'])("that holds %j is nobody's", async (text) => {
    await create(1)
    await writeFile(path, text)
    expect(await create(2)).toHaveProperty('release')
    expect(await read()).toMatchObject({ pid: 2 })
  })

  it('that somebody else made since is not released', async () => {
    const claim = (await create(1)) as Claim
    await rm(path)
    await create(2)
    await claim.release()
    expect(await read()).toMatchObject({ pid: 2 })
  })

  it('that could not be removed counts as free for the same process', async () => {
    const fs = faulty(nodeFileSystem, (call, at) => (call === 'unlink' && at === path ? { code: 'EIO' } : undefined))
    const claim = (await createPidFile({ path, processes: fakeProcess(1), content: {}, fs })) as Claim
    await claim.release()
    expect(await read()).toMatchObject({ pid: 1 })
    expect(await create(1)).toHaveProperty('release')
  })

  it('fails with the error of the system when it cannot be made', async () => {
    await mkdir(path, { recursive: true })
    await expect(create(1)).rejects.toMatchObject({ code: 'EISDIR' })
  })

  it('of a dead process can be cleared, of a running one it cannot', async () => {
    await create(1)
    const fs = nodeFileSystem
    await clearDeadClaim({ fs, processes: fakeProcess(2) }, path)
    expect(await read()).toMatchObject({ pid: 1 })
    await clearDeadClaim({ fs, processes: fakeProcess(2, (pid) => pid === 1) }, path)
    await expect(read()).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('a claim', () => {
  it('has one holder at most, whatever the order of their steps and whoever dies at which', async () => {
    const kill = fc.record({ pid: fc.integer({ min: 1, max: 3 }), step: fc.nat({ max: 30 }) })
    const property = fc.asyncProperty(
      fc.scheduler(),
      fc.array(kill, { maxLength: 2 }),
      fc.boolean(),
      async (scheduler, kills, isEmpty) => {
        const fs = new MemoryFileSystem()
        const path = '/locks/x.lock'
        await leaveDeadClaim(fs, path, isEmpty)
        const dead = new Set([9])
        const holders = new Set<number>()
        let most = 0

        const work = async (pid: number) => {
          const disk = {
            fs: inSteps(fs, scheduler, (step) => dies(pid, step)),
            processes: fakeProcess(pid, (pid) => dead.has(pid)),
          }
          for (;;) {
            const claim = await claimFile(disk, path, {})
            if (!('release' in claim)) continue
            holders.add(pid)
            most = Math.max(most, holders.size)
            await scheduler.schedule(Promise.resolve())
            holders.delete(pid)
            return claim.release()
          }
        }
        const dies = (pid: number, step: number) => {
          const isDying = kills.some((kill) => kill.pid === pid && kill.step === step)
          if (isDying) dead.add(pid)
          if (isDying) holders.delete(pid)
          return isDying
        }
        const workers = [1, 2, 3].map((pid) => work(pid).catch(unlessCrashed))
        await scheduler.waitFor(Promise.all(workers))
        expect(most).toBeLessThanOrEqual(1)
      },
    )
    await fc.assert(property, { numRuns: 400 })
  })
})

function unlessCrashed(error: Error): void {
  if (error.message !== 'crashed') throw error
}

async function leaveDeadClaim(fs: MemoryFileSystem, path: string, isEmpty: boolean): Promise<void> {
  await fs.mkdir('/locks')
  const file = await fs.open(path, 'wx')
  if (!isEmpty) await file.write(Buffer.from(JSON.stringify({ ...fakeProcess(9).self, nonce: 'dead' })), 0)
}

/** Lets the scheduler decide whose call comes next, and a process die before any of its calls. */
function inSteps(fs: MemoryFileSystem, scheduler: fc.Scheduler, dies: (step: number) => boolean) {
  const wait = <Call extends (...args: never[]) => Promise<unknown>>(call: Call) =>
    (async (...args: Parameters<Call>) => {
      await scheduler.schedule(Promise.resolve())
      return call(...args)
    }) as Call
  const stepped = {
    open: wait(fs.open.bind(fs)),
    readFile: wait(fs.readFile.bind(fs)),
    readdir: wait(fs.readdir.bind(fs)),
    stat: wait(fs.stat.bind(fs)),
    mkdir: wait(fs.mkdir.bind(fs)),
    link: wait(fs.link.bind(fs)),
    rename: wait(fs.rename.bind(fs)),
    unlink: wait(fs.unlink.bind(fs)),
    watch: fs.watch.bind(fs),
  }
  return faulty(stepped, (_, __, step) => (dies(step) ? 'crash' : undefined))
}
