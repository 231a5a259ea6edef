import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cache, openCache } from '../../../agent/cache/cache.ts'
import { snapshot } from '../../../agent/cache/snapshot.ts'
import { aJob } from '../../support/jobs.ts'
import { aWorld } from '../../support/agent.ts'
import { FakeClock } from '../../support/clock.ts'

let folder = ''
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'cache-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const cacheOf = (uid: string): Cache => ({ schema: 1, jobs: { nightly: { uid, specHash: 'hash' } }, outbox: [] })
const path = () => join(folder, 'cache.json')

async function open() {
  const problems: unknown[] = []
  const cache = await openCache(path(), new FakeClock('2026-03-10T00:00:00Z'), (error) => problems.push(error))
  return { cache, problems }
}

describe('the cache', () => {
  it('is empty at first, and has what was written after a restart', async () => {
    const { cache, problems } = await open()
    expect(cache.data).toEqual({ schema: 1, jobs: {}, outbox: [] })
    cache.data = cacheOf('uid-1')
    await cache.write()
    expect((await open()).cache.data).toEqual(cacheOf('uid-1'))
    expect(problems).toEqual([])
    expect((await stat(path())).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['garbage', '{"schema": 1, "jo'],
    ['of another version', '{"schema": 2, "jobs": {}, "outbox": []}'],
    ['empty', ''],
  ])('that is %s is moved aside, and an empty one begun', async (_, text) => {
    await writeFile(path(), text)
    const { cache } = await open()
    expect(cache.data.jobs).toEqual({})
    expect(await readFile(join(folder, `cache.json.corrupt-${Date.parse('2026-03-10T00:00:00Z')}`), 'utf8')).toBe(text)
    cache.data = cacheOf('uid-2')
    await cache.write()
    expect((await open()).cache.data).toEqual(cacheOf('uid-2'))
  })

  it('that cannot be read is empty, and why is told: nothing fails for want of a cache', async () => {
    await mkdir(path())
    const { cache, problems } = await open()
    expect(cache.data.jobs).toEqual({})
    expect(problems).toHaveLength(1)
  })

  it('keeps the old file on a full disk, and goes on when there is space again', async () => {
    const { cache } = await open()
    cache.data = cacheOf('uid-1')
    await cache.write()
    // Every write to it fails with ENOSPC.
    await symlink('/dev/full', join(folder, '.cache.json.new'))
    cache.data = cacheOf('uid-2')
    await expect(cache.write()).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(JSON.parse(await readFile(path(), 'utf8'))).toEqual(cacheOf('uid-1'))
    expect(await readdir(folder)).toEqual(['cache.json'])
    await cache.write()
    expect(JSON.parse(await readFile(path(), 'utf8'))).toEqual(cacheOf('uid-2'))
  })

  it('leaves nothing beside its file, also after a crash', async () => {
    await writeFile(join(folder, '.cache.json.new'), 'half')
    const { cache } = await open()
    cache.data = cacheOf('uid-1')
    await Promise.all([cache.write(), cache.write()])
    expect(await readdir(folder)).toEqual(['cache.json'])
  })

  it('is not written when nothing changed, but when its file is gone', async () => {
    const { cache } = await open()
    cache.data = cacheOf('uid-1')
    await cache.write()
    const first = await stat(path(), { bigint: true })
    await cache.write()
    expect((await stat(path(), { bigint: true })).mtimeNs).toBe(first.mtimeNs)
    await rm(path())
    await cache.write()
    expect(JSON.parse(await readFile(path(), 'utf8'))).toEqual(cacheOf('uid-1'))
  })

  it('keeps the last of what is written at the same time', async () => {
    const { cache } = await open()
    const writes = Array.from({ length: 20 }, (_, index) => {
      cache.data = cacheOf(`uid-${index}`)
      return cache.write()
    })
    await Promise.all(writes)
    expect((await open()).cache.data).toEqual(cacheOf('uid-19'))
  })
})

describe('what the cache holds', () => {
  it('is the jobs last seen, and what waits for delivery', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    world.tasks.script = (request) => ({
      does: 'complete',
      ...(request.task === 'deliver' ? { result: { error: { code: 'X', message: 'no', class: 'retryable' } } } : {}),
    })
    const { uid } = await world.create(aJob().uploadingTo('s3', 'local'))
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, 60_000)
    await agent.look()
    expect(snapshot(agent.works.edge.mirror)).toEqual({
      schema: 1,
      jobs: { nightly: { uid, specHash: expect.stringMatching(/^[0-9a-f]{64}$/) } },
      outbox: [{ run: 'nightly.29551740', targets: ['s3', 'local'], nextTryAt: expect.stringMatching(/^2026-03-10T01:00:07/) }],
    })
  })
})
