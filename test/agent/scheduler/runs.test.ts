import { describe, expect, it } from 'vitest'
import { changeRun, runDocument, runsOf } from '../../../agent/scheduler/runs.ts'
import { decodeRun, type Run } from '../../../core/run.ts'
import { TEXT_LIMIT } from '../../../core/store/store.ts'
import { aDelivery, aRun, runNameOf } from '../../support/jobs.ts'
import { aWorld, type World } from '../../support/agent.ts'

const SLOT = '2026-03-10T01:00:00.000Z'

async function held(world: World, change: Partial<Run> = {}) {
  const { works, holder } = world.agent()
  const run = aRun({ slot: SLOT, phase: 'running', holder, ...change })
  const stored = await world.store.create({ kind: 'run', namespace: '', name: runNameOf(run) }, runDocument(run))
  await works.edge.mirror.load()
  return { edge: works.edge, kept: { name: stored.name, stored }, run }
}
const warn = (run: Run): Run => ({ ...run, warnings: run.warnings + 1 })

describe('changing a run', () => {
  it('writes and mirrors it; its phase is a label', async () => {
    await using world = await aWorld()
    const { edge, kept } = await held(world)
    await changeRun(edge, kept, (run) => ({ ...run, phase: 'delivering' }))
    const [stored] = await world.all('run')
    expect(stored?.labels['support-bundle-schedule.io/phase']).toBe('delivering')
    expect(edge.mirror.of('run').get(kept.name)?.version).toBe(stored?.version)
  })

  it('seals it with the last change', async () => {
    await using world = await aWorld()
    const { edge, kept } = await held(world)
    await changeRun(edge, kept, (run) => ({ ...run, phase: 'finished' }))
    expect((await world.all('run'))[0]?.isSealed).toBe(true)
    await expect(changeRun(edge, kept, warn)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  })

  it('decides again when someone changed it meanwhile', async () => {
    await using world = await aWorld()
    const { edge, kept, run } = await held(world)
    await world.store.update(kept.stored, runDocument({ ...run, warnings: 5 }), kept.stored.version)
    expect(await changeRun(edge, kept, warn)).toMatchObject({ warnings: 6 })
  })

  it('is not for a run that another process holds now', async () => {
    await using world = await aWorld()
    const { edge, kept, run } = await held(world)
    await world.store.update(kept.stored, runDocument({ ...run, holder: { pid: 9, startId: 'other' } }), kept.stored.version)
    await expect(changeRun(edge, kept, warn)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  })

  it('is not for a run that this process holds in another term', async () => {
    await using world = await aWorld()
    const { edge, kept } = await held(world)
    const later = { ...edge, holder: { ...edge.holder, fence: { leaseUid: 'lease', transitions: 2 } } }
    await expect(changeRun(later, kept, warn)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  })

  it('is not for a later run of the same name', async () => {
    await using world = await aWorld()
    const { edge, kept, run } = await held(world)
    await world.store.remove(kept.stored)
    await world.store.create(kept.stored, runDocument(run))
    await edge.mirror.load()
    await expect(changeRun(edge, kept, warn)).rejects.toMatchObject({ code: 'STORE_GONE' })
    expect([...(await world.runs()).values()]).toMatchObject([{ warnings: 0 }])
  })

  it('refuses what could not be read again', async () => {
    await using world = await aWorld()
    const { edge, kept } = await held(world)
    const change = (run: Run): Run => ({ ...run, warnings: Number.NaN })
    await expect(changeRun(edge, kept, change)).rejects.toMatchObject({
      code: 'TASK_PROTOCOL',
      message: expect.stringContaining('warnings'),
    })
  })
})

describe('the document of a run', () => {
  it('fits the store whatever plug-ins said, keeps the bundle’s path, and can be read again', () => {
    const endless = '\u0000"ä€'.repeat(20_000)
    const error = { code: 'X', message: endless, remedy: endless }
    const path = `/${'long/'.repeat(800)}a.tar.gz`
    const deliveries = Array.from({ length: 8 }, (_, index) =>
      aDelivery({ uploader: `u${index}`.repeat(50), location: endless, error }),
    )
    const { text } = runDocument(
      aRun({
        slot: SLOT,
        error,
        deliveries,
        bundle: { fileName: 'a.tar.gz', path, bytes: 1, sha256: 'x', files: 1, isPartial: false },
      }),
    )
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(TEXT_LIMIT.run)
    const read = decodeRun(text)
    expect(read.bundle?.path).toBe(path)
    expect(read.deliveries).toHaveLength(8)
    expect(read.error?.message).toMatch(/…$/)
  })

  it('is not changed when it fits', () => {
    const run = aRun({ slot: SLOT, error: { code: 'X', message: 'm'.repeat(5_000) } })
    expect(decodeRun(runDocument(run).text)).toEqual(run)
  })
})

describe('the runs of a job', () => {
  it('are those of its uid, oldest slot first', async () => {
    await using world = await aWorld()
    const add = (run: Run) => world.store.create({ kind: 'run', namespace: '', name: runNameOf(run) }, runDocument(run))
    for (const hour of ['03', '01', '02']) await add(aRun({ slot: `2026-03-10T${hour}:00:00.000Z` }))
    await add(aRun({ slot: '2026-03-10T04:00:00.000Z', jobUid: 'earlier' }))
    await add(aRun({ slot: '2026-03-10T05:00:00.000Z', job: 'nightly-2' }))
    const { mirror } = world.agent().works.edge
    await mirror.load()
    expect(runsOf({ mirror }, 'nightly', 'uid-1').map(({ run }) => run.slot.slice(11, 13))).toEqual(['01', '02', '03'])
  })
})
