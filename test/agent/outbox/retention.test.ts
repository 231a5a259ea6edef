import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { placeBundle } from '../../../agent/outbox/bundles.ts'
import { applyRetention } from '../../../agent/outbox/retention.ts'
import { runDocument } from '../../../agent/scheduler/runs.ts'
import { fail } from '../../../core/errors.ts'
import type { Run } from '../../../core/run.ts'
import type { PruneRequest } from '../../../core/task.ts'
import { aJob, type JobBuilder, aRun, runNameOf } from '../../support/jobs.ts'
import { aWorld, eventually, type TestAgent, type World } from '../../support/agent.ts'

const NOW = '2026-03-20T00:00:00Z'
const DAY = 86_400_000

async function file(folder: string, name: string, daysOld: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, name), name)
  const at = new Date(Date.parse(NOW) - daysOld * DAY)
  await utimes(join(folder, name), at, at)
}

async function run(world: World, uid: string, change: Partial<Run> & { slot: string }): Promise<void> {
  const one = aRun({ jobUid: uid, ...change })
  const ref = { kind: 'run' as const, namespace: '', name: runNameOf(one) }
  const { version } = await world.store.create(ref, runDocument(one))
  await world.store.seal(ref, runDocument(one), version)
}

const bundleOf = (fileName: string) => ({ fileName, bytes: 1, sha256: 'x', files: 1, isPartial: false })

async function prepared(world: World, job: JobBuilder): Promise<{ agent: TestAgent; uid: string; folder: string }> {
  const { uid } = await world.create(job)
  const agent = world.agent()
  return { agent, uid, folder: join(world.folders.bundles, 'nightly') }
}
async function apply(agent: TestAgent, signal = new AbortController().signal): Promise<void> {
  await agent.works.edge.mirror.load()
  await applyRetention(agent.works.edge, 'nightly', signal)
}
const prunes = (world: World) => world.tasks.starts.flatMap(({ request }) => (request.task === 'prune' ? [request] : []))

describe('retention on this machine', () => {
  it('keeps the newest bundles, none that is too old, and the last good one whatever its age', async () => {
    await using world = await aWorld(NOW)
    const { agent, uid, folder } = await prepared(
      world,
      aJob().with({ retention: { keepLast: 3, maxAge: '30d', keepLastGood: true } }),
    )
    for (const [name, days] of [
      ['good', 40],
      ['older', 50],
      ['b', 31],
      ['c', 3],
      ['d', 2],
    ] as const)
      await file(folder, `${name}.tar.gz`, days)
    await file(folder, 'notes.txt', 400)
    await run(world, uid, { slot: '2026-02-08T00:00:00.000Z', bundle: bundleOf('good.tar.gz') })
    await apply(agent)
    expect((await readdir(folder)).toSorted()).toEqual(['c.tar.gz', 'd.tar.gz', 'good.tar.gz', 'notes.txt'])
  })

  it('does not keep the last good one when told so', async () => {
    await using world = await aWorld(NOW)
    const { agent, uid, folder } = await prepared(world, aJob().with({ retention: { keepLast: 1, keepLastGood: false } }))
    await file(folder, 'good.tar.gz', 9)
    await file(folder, 'bad.tar.gz', 1)
    await run(world, uid, { slot: '2026-03-11T00:00:00.000Z', bundle: bundleOf('good.tar.gz') })
    await apply(agent)
    expect(await readdir(folder)).toEqual(['bad.tar.gz'])
  })

  it('removes logs of runs by the same rules, and no other job’s', async () => {
    await using world = await aWorld(NOW)
    const { agent } = await prepared(world, aJob().with({ retention: { keepLast: 1 } }))
    for (const [name, days] of [
      ['nightly.1', 3],
      ['nightly.2', 2],
      ['nightly-2.1', 9],
    ] as const)
      await file(world.folders.runLogs, `${name}.log`, days)
    await apply(agent)
    expect((await readdir(world.folders.runLogs)).toSorted()).toEqual(['nightly-2.1.log', 'nightly.2.log'])
  })

  it('leaves all as it is while the job is invalid', async () => {
    await using world = await aWorld(NOW)
    const { agent, folder } = await prepared(world, aJob().every('never'))
    await file(folder, 'old.tar.gz', 900)
    await apply(agent)
    expect(await readdir(folder)).toEqual(['old.tar.gz'])
  })
})

describe('retention at targets', () => {
  const uploading = aJob()
    .uploadingTo('s3', 'local')
    .with({ retention: { keepLast: 5, maxAge: '10d' } })

  it('is a task for each, with the rules and the name of the last good bundle', async () => {
    await using world = await aWorld(NOW)
    const { agent, uid } = await prepared(world, uploading)
    await run(world, uid, { slot: '2026-03-18T00:00:00.000Z', bundle: bundleOf('good.tar.gz') })
    await run(world, uid, { slot: '2026-03-19T00:00:00.000Z', outcome: 'failed' })
    await apply(agent)
    expect(prunes(world).map(({ target }) => target.uploader)).toEqual(['s3', 'local'])
    expect(prunes(world)[0]).toEqual({
      task: 'prune',
      run: { id: 'nightly.29563200', job: 'nightly', namespace: '', slot: '2026-03-18T00:00:00.000Z', trigger: 'schedule' },
      target: { uploader: 's3', config: {}, secrets: {} },
      retention: { keepLast: 5, maxAgeMs: 10 * DAY, keepLastGood: true },
      lastGood: 'good.tar.gz',
      timeoutMs: 120_000,
      pluginFolders: [world.folders.plugins],
    } satisfies PruneRequest)
  })

  it('is done also when one target is at fault and so no run is good', async () => {
    await using world = await aWorld(NOW)
    const { agent, uid } = await prepared(world, uploading)
    await run(world, uid, { slot: '2026-03-19T00:00:00.000Z', outcome: 'failed' })
    await apply(agent)
    expect(prunes(world).map(({ target, lastGood }) => [target.uploader, lastGood])).toEqual([
      ['s3', undefined],
      ['local', undefined],
    ])
  })

  it('goes on with the next when one cannot be asked, and says so', async () => {
    await using world = await aWorld(NOW)
    const { agent, uid } = await prepared(world, uploading)
    await run(world, uid, { slot: '2026-03-19T00:00:00.000Z' })
    world.tasks.script = () => ({ does: 'fail' })
    await apply(agent)
    expect(prunes(world)).toHaveLength(2)
    expect(world.log.of('warn')).toEqual(['retention not applied', 'retention not applied'])
  })

  it('stops between two when the agent stops', async () => {
    await using world = await aWorld(NOW)
    const { agent, uid } = await prepared(world, uploading)
    await run(world, uid, { slot: '2026-03-19T00:00:00.000Z' })
    const stop = new AbortController()
    world.tasks.script = () => (stop.abort(fail('TASK_CANCELLED', { reason: 'stop' })), { does: 'hang' })
    await expect(apply(agent, stop.signal)).rejects.toThrow('stop')
    expect(prunes(world)).toHaveLength(1)
  })
})

describe('housekeeping', () => {
  it('does not hold up the scheduler: a target that hangs holds up nothing but itself', async () => {
    await using world = await aWorld('2026-03-10T00:30:00Z')
    world.tasks.script = (request) => (request.task === 'prune' ? { does: 'hang' } : { does: 'complete' })
    await world.create(aJob().uploadingTo('s3'))
    await world.create(aJob().named('other'))
    const { engine, works } = world.agent()
    const round = async () => {
      await works.edge.mirror.load()
      await engine.round(['nightly', 'other'])
      await works.executor.idle()
      await works.outbox.idle()
    }
    for (let hour = 1; hour <= 3; hour++) {
      await world.clock.advance(hour === 1 ? 30 * 60_000 : 3_600_000)
      await round()
      await round()
    }
    expect(world.tasks.of('prune')).toHaveLength(1)
    expect(await world.outcomes('other')).toEqual(['01:00 completed', '02:00 completed', '03:00 completed'])
  })

  it('is done once for each run that ended, not for each try of an upload', async () => {
    await using world = await aWorld('2026-03-10T00:30:00Z')
    let tries = 0
    const failure = { error: { code: 'X', message: 'no', class: 'retryable' } }
    world.tasks.script = (request) =>
      request.task === 'deliver' && ++tries < 5 ? { does: 'complete', result: failure } : { does: 'complete' }
    await world.create(aJob().every('0 1 * * *').uploadingTo('s3'))
    const agent = world.agent()
    tries = 9
    await world.request(aJob(), 'abc')
    for (let looks = 0; looks < 3; looks++) await agent.look()
    expect(world.tasks.of('prune')).toHaveLength(1)
    tries = 0
    await world.pass(agent, 60 * 60_000, 60_000)
    expect(tries).toBe(5)
    expect(world.tasks.of('prune')).toHaveLength(2)
  })

  it('that fails is said, and is no trouble', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await world.create(aJob())
    await mkdir(world.folders.base, { recursive: true })
    await writeFile(world.folders.bundles, 'a file in the way')
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, 60_000)
    expect((await world.runs()).size).toBe(1)
    await eventually(() => agent.works.executor.active.size === 0, 'the run has ended')
  })
})

describe('a bundle', () => {
  it('is moved to its place', async () => {
    await using world = await aWorld()
    await file(world.folders.work, 'a.tar.gz', 0)
    const path = await placeBundle(join(world.folders.work, 'a.tar.gz'), world.folders.bundles, world.folders.open)
    expect(path).toBe(join(world.folders.bundles, 'a.tar.gz'))
    expect(await readdir(world.folders.bundles)).toEqual(['a.tar.gz'])
    expect(await readdir(world.folders.work)).toEqual([])
    expect(await placeBundle(path, world.folders.bundles, world.folders.open), 'it is there already').toBe(path)
  })
})
