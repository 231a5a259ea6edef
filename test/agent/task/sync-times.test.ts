import { readdirSync, readFileSync, statSync } from 'node:fs'
import { lutimes, mkdir, mkdtemp, open, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { timeSyncs, type WriteEdge } from '../../../agent/task/sync-times.ts'
import type { WriteTest } from '../../../core/contract/index.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sbs-sync-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const NOW = new Date('2026-01-01T02:00:00Z')
const TEST: WriteTest = { writeBytes: 1000, fileBytes: 4500, isFullSync: false, limitMs: 60_000 }

/** A clock whose every look is 1 ms later than the one before; `onLook` sees each. */
function edge(onLook: (look: number) => void = () => undefined, signal = new AbortController().signal): WriteEdge {
  let looks = 0
  const monotonicMs = () => {
    onLook(++looks)
    return looks
  }
  return { clock: { now: () => NOW, monotonicMs, sleep: async () => undefined }, signal }
}

it.each([
  ['each piece', TEST, 5],
  ['pieces that fit', { ...TEST, fileBytes: 3000 }, 3],
  ['one piece that is larger than the file', { ...TEST, writeBytes: 1_000_000 }, 1],
  ['no piece of an empty file', { ...TEST, fileBytes: 0 }, 0],
  ['each piece with fsync', { ...TEST, isFullSync: true }, 5],
])('times %s, in ns', async (_, test, pieces) => {
  expect(await timeSyncs(folder, test, edge())).toEqual(Array.from({ length: pieces }, () => 1_000_000))
  expect(await readdir(folder)).toEqual([])
})

it.each([
  [false, { sync: 1, datasync: 5 }],
  [true, { sync: 6, datasync: 0 }],
])('makes each piece durable, and before them the file itself: all by fsync? %s', async (isFullSync, want) => {
  const file = await open(join(folder, 'any'), 'w')
  const handles = Object.getPrototypeOf(file) as typeof file
  await file.close()
  const [sync, datasync] = [vi.spyOn(handles, 'sync'), vi.spyOn(handles, 'datasync')]
  try {
    await timeSyncs(folder, { ...TEST, isFullSync }, edge())
    expect({ sync: sync.mock.calls.length, datasync: datasync.mock.calls.length }).toEqual(want)
  } finally {
    vi.restoreAllMocks()
  }
})

it('begins no write after its time', async () => {
  // A look for the end, then three for each piece: is there time, before, after.
  expect(await timeSyncs(folder, { ...TEST, limitMs: 5 }, edge())).toHaveLength(2)
  expect(await timeSyncs(folder, { ...TEST, limitMs: 0 }, edge())).toEqual([])
})

it('writes a file of its own, for its user only, and all of it', async () => {
  const seen: object[] = []
  const look = (looks: number) => {
    if (looks !== 1 && looks !== 16) return
    for (const name of readdirSync(folder)) {
      const { mode, size } = statSync(join(folder, name))
      const bytes = readFileSync(join(folder, name))
      const written = [0, 1, 2, 3, 4].map((piece) => bytes.subarray(piece * 1000, (piece + 1) * 1000).some((byte) => byte !== 0))
      seen.push({ name, mode: mode & 0o777, size, written })
    }
  }
  await timeSyncs(folder, TEST, edge(look))
  const file = { name: expect.stringMatching(/^\.support-bundle-schedule-write-test-/), mode: 0o600, size: 4500 }
  expect(seen).toEqual([
    { ...file, written: [false, false, false, false, false] },
    { ...file, written: [true, true, true, true, true] },
  ])
})

it('leaves nothing behind when it is aborted', async () => {
  const stop = new AbortController()
  let looks = 0
  const onLook = (look: number) => {
    looks = look
    if (look === 4) stop.abort(new Error('over'))
  }
  await expect(timeSyncs(folder, TEST, edge(onLook, stop.signal))).rejects.toThrow('over')
  expect([looks, await readdir(folder)]).toEqual([5, []])
  await expect(timeSyncs(folder, TEST, edge(undefined, stop.signal))).rejects.toThrow('over')
  expect(await readdir(folder)).toEqual([])
})

it('leaves nothing behind when it fails', async () => {
  const failing = edge((look) => {
    if (look === 3) throw new Error('broken')
  })
  await expect(timeSyncs(folder, TEST, failing)).rejects.toThrow('broken')
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
