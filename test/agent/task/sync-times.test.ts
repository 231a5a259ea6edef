import { lutimes, mkdir, mkdtemp, open, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { timeSyncs, type WriteEdge } from '../../../agent/task/sync-times.ts'
import type { WriteTest } from '../../../core/contract/index.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sbs-sync-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const NOW = new Date('2026-01-01T02:00:00Z')
const TEST: WriteTest = { writeBytes: 1000, fileBytes: 4500, isFullSync: false, limitMs: 60_000 }
/** More than any disk writes while a test looks at it. */
const LONG: WriteTest = { writeBytes: 1000, fileBytes: 500_000_000, isFullSync: false, limitMs: 20_000 }
const edge = (signal = new AbortController().signal): WriteEdge => ({
  clock: { now: () => NOW, monotonicMs: () => 0, sleep: async () => undefined },
  signal,
})

it.each([
  ['each piece', TEST, 5],
  ['pieces that fit', { ...TEST, fileBytes: 3000 }, 3],
  ['one piece that is larger than the file', { ...TEST, writeBytes: 1_000_000 }, 1],
  ['each piece with fsync', { ...TEST, isFullSync: true }, 5],
])('times %s, in ns', async (_, test, pieces) => {
  const started = performance.now()
  const times = await timeSyncs(folder, test, edge())
  expect(times).toHaveLength(pieces)
  expect(times.every((time) => Number.isInteger(time) && time > 0)).toBe(true)
  expect(times.reduce((sum, time) => sum + time, 0)).toBeLessThan((performance.now() - started) * 1e6)
  expect(await readdir(folder)).toEqual([])
})

it('begins no write after its time', async () => {
  expect(await timeSyncs(folder, { ...TEST, limitMs: 0 }, edge())).toEqual([])
  const times = await timeSyncs(folder, { ...LONG, limitMs: 20 }, edge())
  expect(times.length).toBeLessThan(LONG.fileBytes / LONG.writeBytes)
  expect(await readdir(folder)).toEqual([])
})

/** Looks at the one file of the folder again and again, until `isSeen` or the test is over. */
async function watchFile(running: Promise<unknown>, isSeen: (path: string) => Promise<boolean>): Promise<boolean> {
  let isOver = false
  const over = () => void (isOver = true)
  running.then(over, over)
  while (!isOver) {
    const [name] = await readdir(folder)
    if (name && (await isSeen(join(folder, name)).catch(() => false))) return true
  }
  return false
}

async function startOf(path: string): Promise<Buffer> {
  const file = await open(path)
  const { buffer } = await file.read(Buffer.alloc(3000), 0, 3000, 0).finally(() => file.close())
  return buffer
}

it('writes one piece behind the other to a file for its user only, and is ended by the signal', async () => {
  const stop = new AbortController()
  const running = timeSyncs(folder, LONG, edge(stop.signal))
  const hasPieces = await watchFile(running, async (path) => {
    const { mode, size } = await stat(path)
    expect([mode & 0o777, path.includes('/.support-bundle-schedule-write-test-')]).toEqual([0o600, true])
    if (size < LONG.fileBytes) return false
    const start = await startOf(path)
    return [0, 1000, 2000].every((at) => start.subarray(at, at + 1000).some((byte) => byte !== 0))
  })
  stop.abort(new Error('over'))
  await expect(running).rejects.toThrow('over')
  expect([hasPieces, await readdir(folder)]).toEqual([true, []])
})

it('does nothing when it is over already', async () => {
  await expect(timeSyncs(folder, TEST, edge(AbortSignal.abort(new Error('over'))))).rejects.toThrow('over')
  expect(await readdir(folder)).toEqual([])
})

it('leaves nothing behind when it fails', async () => {
  await expect(timeSyncs(folder, { ...TEST, writeBytes: -1 }, edge())).rejects.toThrow(/range/)
  expect(await readdir(folder)).toEqual([])
})

it.each([
  ['is not there', 'none', /ENOENT/],
  ['is a file', 'file', /ENOTDIR/],
])('says when the folder %s, and makes none', async (_, name, want) => {
  await writeFile(join(folder, 'file'), '')
  await expect(timeSyncs(join(folder, name), TEST, edge())).rejects.toThrow(want)
  expect(await readdir(folder)).toEqual(['file'])
})

it('removes what a process left that was killed, and nothing else', async () => {
  const mine = '.support-bundle-schedule-write-test-'
  const make = async (name: string, agoMs: number) => {
    await writeFile(join(folder, name), '')
    const at = new Date(NOW.getTime() - agoMs)
    await utimes(join(folder, name), at, at)
  }
  await make(`${mine}old`, 3_600_001)
  await make(`${mine}running`, 3_599_000)
  await make('.support-bundle-schedule-other', 10_000_000)
  await make('data', 10_000_000)
  await mkdir(join(folder, `${mine}folder`))
  await utimes(join(folder, `${mine}folder`), 0, 0)
  await symlink(join(folder, 'data'), join(folder, `${mine}link`))
  await lutimes(join(folder, `${mine}link`), 0, 0)
  await timeSyncs(folder, TEST, edge())
  expect((await readdir(folder)).toSorted()).toEqual(
    [`${mine}running`, '.support-bundle-schedule-other', 'data', `${mine}folder`, `${mine}link`].toSorted(),
  )
})
