import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Problem, ProductError } from '../../../core/errors.ts'
import type { Kind } from '../../../core/names.ts'
import { createFileStore } from '../../../core/store/file-store.ts'
import { type FileSystem, nodeFileSystem } from '../../../core/store/file-system.ts'
import type { Ref, Store, Stored } from '../../../core/store/store.ts'
import { FakeClock } from '../../support/clock.ts'
import { type Call, type Fault, faulty } from './faulty-file-system.ts'
import { fakeProcess, makeFileWorld } from './file-world.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

const ref = (kind: Kind, name: string): Ref => ({ kind, namespace: '', name })
const job = ref('job', 'a')
const slot = ref('run', 'a.29457540')
const manual = ref('run', 'a.m1')

interface Case {
  at: Ref
  /** what is there before, none if undefined */
  before: string | undefined
  after: string | undefined
  act: (store: Store, version: string) => Promise<unknown>
}

const owner = { name: 'a', uid: 'uid-a' }
const create = (at: Ref): Case => ({
  at,
  before: undefined,
  after: 'new',
  act: (store) => store.create(at, { text: 'new', owner }),
})
const update = (at: Ref): Case => ({
  at,
  before: 'old',
  after: 'new',
  act: (store, version) => store.update(at, { text: 'new', owner }, version),
})
const CASES: Record<string, Case> = {
  'create job': create(job),
  'create run': create(slot),
  'create manual run': create(manual),
  'update job': update(job),
  'update status': update(ref('status', 'a.status')),
  'update manual run': update(manual),
  'seal run': { at: slot, before: 'old', after: 'new', act: (store, version) => store.seal(slot, { text: 'new' }, version) },
  'remove job': { at: job, before: 'old', after: undefined, act: (store) => store.remove(job) },
  'remove run': { at: slot, before: 'old', after: undefined, act: (store, version) => store.remove(slot, version) },
}
/** Other objects, some with names that nearly are the same. */
const BYSTANDERS = [ref('job', 'a-b'), ref('run', 'b.m1'), ref('ledger', 'a.ledger.202601')]

interface Disk {
  fs: FileSystem
  folder: string
  problems: Problem[]
  bystanders: Ref[]
  /** what the crash of a whole machine does after that of the process */
  crash?(): void
}

/** A store of process `pid`; the processes before it are dead. */
const openStore = ({ folder, problems }: Disk, fs: FileSystem, pid: number) =>
  createFileStore({
    folder,
    fs,
    clock: new FakeClock('2026-11-24T10:00:00Z'),
    newUid: () => (pid === 1 ? 'uid-a' : randomUUID()),
    processes: fakeProcess(pid, (other) => other < pid),
    onProblem: (problem) => void problems.push(problem),
  })

/** Puts the case up, lets one call fail, and checks all that must hold then. Gives false when there was no such call any more. */
async function cut(disk: Disk, one: Case, step: number, fault: Fault): Promise<boolean> {
  const first = openStore(disk, disk.fs, 1)
  for (const bystander of disk.bystanders) await first.create(bystander, { text: bystander.name })
  const version = one.before === undefined ? '' : (await first.create(one.at, { text: one.before, owner })).version
  let hit: Call | undefined
  const failing = faulty(disk.fs, (call, _, now) => {
    if (now !== step) return undefined
    hit = call
    return typeof fault === 'number' && call !== 'write' ? undefined : fault
  })
  const outcome = await one.act(openStore(disk, failing, 2), version).then(
    () => 'done',
    (error: unknown) => (error as Partial<ProductError>).code ?? 'crash',
  )
  if (fault === 'crash') disk.crash?.()
  try {
    expect(fault === 'crash' ? ['done', 'crash'] : ['done', 'STORE_FULL', 'STORE_UNAVAILABLE', 'STORE_FORBIDDEN']).toContain(
      outcome,
    )
    await check(disk, one, outcome)
  } catch (error) {
    throw new Error(`cut at call ${step}, ${hit}: ${(error as Error).message}`, { cause: error })
  }
  return hit !== undefined
}

async function check(disk: Disk, { at, before, after }: Case, outcome: string): Promise<void> {
  const later = openStore(disk, disk.fs, 3)
  const found = await later.get(at)
  expect(outcome === 'done' ? [after] : [before, after]).toContain(found?.text)
  for (const bystander of disk.bystanders) expect((await later.get(bystander))?.text).toBe(bystander.name)
  expect(disk.problems.filter(({ code }) => code === 'STORE_FILE_CORRUPT')).toEqual([])
  await worksOn(later, at, found, disk.bystanders)
}

/** What is there can be changed and removed, what is not there can be made. */
async function worksOn(store: Store, at: Ref, found: Stored | undefined, bystanders: Ref[]): Promise<void> {
  let { version } = found ?? (await store.create(at, { text: 'again' }))
  if (!found?.isSealed) version = (await store.update(at, { text: 'and again' }, version)).version
  expect((await store.get(at))?.version).toBe(version)
  const listed: string[] = []
  for await (const { name } of store.list(at.kind, '')) listed.push(name)
  const wanted = [at, ...bystanders.filter(({ kind }) => kind === at.kind)].map(({ name }) => name)
  expect(listed).toEqual(wanted.sort())
  await store.remove(at, version)
  expect(await store.get(at)).toBeUndefined()
  await store.create(at, { text: 'a last time' })
}

/** Cuts at each call in turn, until the operation needs no more; answers with how many there were. */
async function cutEverywhere(
  makeDisk: () => Promise<Disk & { cleanup?(): Promise<void> }>,
  one: Case,
  fault: Fault,
  inspect?: (disk: Disk) => Promise<void>,
) {
  let step = 0
  for (let isHit = true; isHit; step++) {
    const disk = await makeDisk()
    try {
      isHit = await cut(disk, one, step, fault)
      await inspect?.(disk)
    } finally {
      await disk.cleanup?.()
    }
  }
  return step - 1
}

async function memoryDisk(): Promise<Disk & { files: MemoryFileSystem }> {
  const files = new MemoryFileSystem()
  return { fs: files, files, folder: '/data/scheduler', problems: [], bystanders: BYSTANDERS }
}

async function realDisk() {
  const world = await makeFileWorld()
  return {
    fs: quick(nodeFileSystem),
    folder: world.folder,
    problems: world.problems,
    bystanders: BYSTANDERS.slice(0, 1),
    cleanup: () => world.cleanup(),
  }
}

/** A process that dies takes nothing from the system's cache, so that these tests need not wait for the disk. */
function quick(fs: FileSystem): FileSystem {
  return { ...fs, open: async (path, flags, mode) => ({ ...(await fs.open(path, flags, mode)), sync: async () => undefined }) }
}

const isLeftOver = (path: string) => /\.tmp\.|\.take\.|\.lock$/.test(path)

describe.each(Object.entries(CASES))('%s, cut at every call', (_, one) => {
  it.each<[string, Fault]>([
    ['the process dies', 'crash'],
    ['the disk is full', { code: 'ENOSPC' }],
    ['the disk fails', { code: 'EIO' }],
    ['a right is missing', { code: 'EACCES' }],
    ['the write is short', 3],
  ])('when %s', async (_, fault) => {
    let last: MemoryFileSystem | undefined
    const make = async () => {
      const disk = await memoryDisk()
      last = disk.files
      return disk
    }
    const steps = await cutEverywhere(make, one, fault, async () => {
      // what was left behind is gone once a later process has written
      if (fault === 'crash') expect(Object.keys(last?.contents ?? {}).filter(isLeftOver)).toEqual([])
    })
    expect(steps).toBeGreaterThan(8)
  })

  it.each(['everything', 'contents', 'names'] as const)(
    'when the power fails, and %s of what was not synced is lost',
    async (loss) => {
      await cutEverywhere(
        async () => {
          const disk = await memoryDisk()
          return { ...disk, crash: () => disk.files.cutPower(loss) }
        },
        one,
        'crash',
      )
    },
  )
})

describe('on a real disk, cut at every call', () => {
  it.each<[string, Fault]>([
    ['create manual run', 'crash'],
    ['update job', 'crash'],
    ['update job', { code: 'ENOSPC' }],
    ['remove run', 'crash'],
  ])('%s: %j', async (name, fault) => {
    expect(await cutEverywhere(realDisk, CASES[name] as Case, fault)).toBeGreaterThan(8)
  })
})

describe('after the power failed', () => {
  it.each(['everything', 'contents', 'names'] as const)('what was said to be done is there: %s lost', async (loss) => {
    const disk = await memoryDisk()
    const store = openStore(disk, disk.fs, 1)
    const created = await store.create(job, { text: '1' })
    await store.create(manual, { text: 'run' })
    await store.create(slot, { text: 'run' })
    await store.update(job, { text: '2' }, created.version)
    await store.remove(slot)
    disk.files.cutPower(loss)
    const later = openStore(disk, disk.fs, 2)
    expect((await later.get(job))?.text).toBe('2')
    expect((await later.get(manual))?.text).toBe('run')
    expect(await later.get(slot)).toBeUndefined()
    expect(disk.problems).toEqual([])
  })
})

describe('mending, cut at every call', () => {
  it.each<[string, Fault]>([
    ['the process dies', 'crash'],
    ['the disk is full', { code: 'ENOSPC' }],
    ['the disk fails', { code: 'EIO' }],
  ])('gives the copy back, now or later, when %s', async (_, fault) => {
    for (let step = 0, isHit = true; isHit; step++) {
      const disk = await memoryDisk()
      const created = await openStore(disk, disk.fs, 1).create(job, { text: '1' })
      await disk.fs.unlink(`${disk.folder}/jobs/a.json`)
      await disk.fs.open(`${disk.folder}/jobs/a.json`, 'wx') // and left empty
      isHit = false
      const failing = faulty(disk.fs, (_, __, now) => {
        if (now !== step) return undefined
        isHit = true
        return fault
      })
      const first = await openStore(disk, failing, 2)
        .get(job)
        .catch((error: unknown) => error)
      if (!isHit) expect(first).toEqual(created)
      expect(await openStore(disk, disk.fs, 3).get(job)).toEqual(created)
      const aside = Object.entries(disk.files.contents).filter(([path]) => path.includes('/corrupt/'))
      expect(aside.map(([, text]) => text)).toContain('')
    }
  })
})
