import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Kind } from '../../../core/names.ts'
import { type FileSystem, nodeFileSystem } from '../../../core/store/file-system.ts'
import type { Ref, Store } from '../../../core/store/store.ts'
import { settle } from '../../support/clock.ts'
import { type FileWorld, makeFileWorld } from './file-world.ts'
import { failure } from './memory-file-system.ts'

const ref = (kind: Kind, name: string): Ref => ({ kind, namespace: '', name })

describe('watching files', () => {
  let world: FileWorld
  let writer: Store
  const abort: AbortController[] = []
  const ended: Promise<void>[] = []
  beforeEach(async () => {
    world = await makeFileWorld()
    writer = world.open()
  })
  afterEach(async () => {
    for (const each of abort.splice(0)) each.abort()
    await Promise.all(ended.splice(0))
    await world.cleanup()
  })

  const watch = async (fs: FileSystem, ...kinds: Kind[]) => {
    const seen: string[] = []
    const controller = new AbortController()
    abort.push(controller)
    const read = async () => {
      for await (const change of world.open({ fs }).watch('', kinds, controller.signal)) {
        seen.push(change === 'resync' ? change : change.name)
      }
    }
    const end = read()
    ended.push(end)
    await world.until(() => seen[0] === 'resync')
    seen.length = 0
    return { seen, end, controller }
  }
  /** Gives the disk and the system's watches time of their own, while the clock stands still. */
  const timeless = async (isDone: () => boolean) => {
    const end = performance.now() + 5_000
    while (!isDone()) {
      if (performance.now() > end) throw new Error('it did not happen within 5 s')
      await settle(1)
    }
  }

  /** Watches of the system as a test wants them: counted, and none at all if `code` says why. */
  function watches(code?: string) {
    const open = new Map<string, { change(name: string | null): void; fail(): void }>()
    let tries = 0
    const fs: FileSystem = {
      ...nodeFileSystem,
      watch(folder, onChange, onError) {
        tries++
        if (code !== undefined) throw failure(code)
        const key = folder.slice(world.folder.length + 1)
        open.set(key, { change: onChange, fail: onError })
        return { close: () => void open.delete(key) }
      },
    }
    return { fs, open, tries: () => tries }
  }

  it('is told by the system, without waiting for a scan', async () => {
    const { version } = await writer.create(ref('job', 'a'), { text: '1' })
    const { seen } = await watch(nodeFileSystem, 'job')
    await writer.update(ref('job', 'a'), { text: '2' }, version)
    await timeless(() => seen.includes('a'))
    await writer.create(ref('job', 'b'), { text: '1' })
    await timeless(() => seen.includes('b'))
    seen.length = 0
    await writer.remove(ref('job', 'b'))
    await timeless(() => seen.includes('b'))
  })

  it('is told of runs in a month that is new', async () => {
    await writer.create(ref('run', 'a.29457540'), { text: '1' })
    const { seen } = await watch(nodeFileSystem, 'run')
    await writer.create(ref('run', 'a.29557540'), { text: '1' })
    await timeless(() => seen.includes('a.29557540'))
    await writer.create(ref('run', 'a.29557541'), { text: '1' })
    await timeless(() => seen.includes('a.29557541'))
  })

  it.each(['ENOSPC', 'EMFILE', 'ENOSYS'])('looks each 5 s when the system has no watches: %s', async (code) => {
    const { version } = await writer.create(ref('job', 'a'), { text: '1' })
    await writer.create(ref('job', 'b'), { text: '1' })
    await writer.create(ref('job', 'c'), { text: '1' })
    const { seen } = await watch(watches(code).fs, 'job', 'run')
    await writer.update(ref('job', 'a'), { text: '2' }, version)
    await writer.remove(ref('job', 'b'))
    await writer.create(ref('run', 'a.m1'), { text: '1' })
    await world.clock.advance(4_999)
    await settle(200)
    expect(seen).toEqual([])
    await world.clock.advance(1)
    await timeless(() => seen.length === 3)
    expect(seen.sort()).toEqual(['a', 'a.m1', 'b'])
    await world.clock.advance(5_000)
    await settle(500)
    expect(seen).toHaveLength(3)
  })

  it('sees an edit by hand that changes neither size nor file', async () => {
    await writer.create(ref('job', 'a'), { text: '1' })
    const { seen } = await watch(watches('ENOSPC').fs, 'job')
    await utimes(join(world.folder, 'jobs/a.json'), 1, 2)
    await world.clock.advance(5_000)
    await timeless(() => seen.includes('a'))
  })

  it('names a change once, though the system and the scan both saw it', async () => {
    await writer.create(ref('job', 'a'), { text: '1' })
    const { fs, open } = watches()
    const { seen } = await watch(fs, 'job')
    await writer.create(ref('job', 'b'), { text: '1' })
    for (const name of ['b.json', 'b.json', 'b.json.lock', '.tmp.1.x.1', 'a.json']) open.get('jobs')?.change(name)
    await timeless(() => seen.length > 0)
    await world.clock.advance(5_000)
    await settle(500)
    expect(seen).toEqual(['b'])
  })

  it('looks at everything when the system cannot say what changed', async () => {
    await writer.create(ref('job', 'a'), { text: '1' })
    const { fs, open } = watches()
    const { seen } = await watch(fs, 'job')
    await writer.create(ref('job', 'b'), { text: '1' })
    open.get('jobs')?.change(null)
    await timeless(() => seen.includes('b'))
  })

  it('watches folders that are made later, made anew, or whose watch failed', async () => {
    const { fs, open, tries } = watches()
    const { seen } = await watch(fs, 'job')
    expect([...open.keys()]).toEqual([])
    await writer.create(ref('job', 'a'), { text: '1' })
    await world.clock.advance(5_000)
    await timeless(() => seen.includes('a'))
    expect([...open.keys()]).toEqual(['jobs'])
    expect(tries()).toBe(1)
    await rename(join(world.folder, 'jobs'), join(world.folder, 'old'))
    await mkdir(join(world.folder, 'jobs'))
    await world.clock.advance(5_000)
    await timeless(() => seen.length === 2 && tries() === 2)
    expect(seen).toEqual(['a', 'a'])
    open.get('jobs')?.fail()
    await world.clock.advance(5_000)
    await timeless(() => tries() === 3)
    expect([...open.keys()]).toEqual(['jobs'])
  })

  it('names what vanished with its folder', async () => {
    await writer.create(ref('run', 'a.29457540'), { text: '1' })
    await writer.create(ref('job', 'a'), { text: '1' })
    const { seen } = await watch(watches('ENOSPC').fs, 'job', 'run')
    await rm(join(world.folder, 'executions'), { recursive: true })
    await rm(join(world.folder, 'jobs'), { recursive: true })
    await world.clock.advance(5_000)
    await timeless(() => seen.length === 2)
    expect(seen.sort()).toEqual(['a', 'a.29457540'])
  })

  it.each(['readdir', 'stat'] as const)('takes a %s that fails for no change', async (call) => {
    await writer.create(ref('job', 'a'), { text: '1' })
    await writer.create(ref('run', 'a.m1'), { text: '1' })
    let isBroken = false
    const base = watches('ENOSPC').fs
    const broken: FileSystem = {
      ...base,
      [call]: (path: string) => (isBroken ? Promise.reject(failure('EIO')) : base[call](path)),
    }
    const { seen } = await watch(broken, 'job', 'run')
    isBroken = true
    await world.clock.advance(5_000)
    await settle(500)
    isBroken = false
    await writer.create(ref('job', 'b'), { text: '1' })
    await world.clock.advance(5_000)
    await timeless(() => seen.includes('b'))
    expect(seen).toEqual(['b'])
  })

  it('leaves no watches and no timers', async () => {
    await writer.create(ref('run', 'a.m1'), { text: '1' })
    let sleepers = 0
    const sleep = world.clock.sleep.bind(world.clock)
    world.clock.sleep = (ms, signal) => {
      sleepers++
      return sleep(ms, signal).finally(() => sleepers--)
    }
    const { fs, open } = watches()
    const { end, controller } = await watch(fs, 'job', 'run')
    expect(open.size).toBe(2)
    await timeless(() => sleepers === 1)
    controller.abort()
    await end
    await settle()
    expect(open.size).toBe(0)
    expect(sleepers).toBe(0)
    for await (const _ of world.open({ fs }).watch('', ['job', 'run'], new AbortController().signal)) break
    await settle()
    expect(open.size).toBe(0)
    expect(sleepers).toBe(0)
  })

  it('does not take a stray file for an object', async () => {
    await writer.create(ref('job', 'a'), { text: '1' })
    const { seen } = await watch(nodeFileSystem, 'job', 'run')
    for (const name of ['notes.txt', '.b.json', 'C.json']) await writeFile(join(world.folder, 'jobs', name), '?')
    await world.clock.advance(5_000)
    await settle(500)
    expect(seen).toEqual([])
  })
})
