import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { recover } from '../../../agent/scheduler/recover.ts'
import { runDocument } from '../../../agent/scheduler/runs.ts'
import { fail } from '../../../core/errors.ts'
import { runName } from '../../../core/names.ts'
import { isLater, type Run } from '../../../core/run.ts'
import { aDelivery, aJob, aRun } from '../../support/jobs.ts'
import { aWorld, type TestAgent, type World } from '../../support/agent.ts'
import { MortalStore } from '../../support/mortal-store.ts'

const SLOT = '2026-03-10T01:00:00.000Z'
const GONE = { pid: 99, startId: 'gone' }

/** A run as some process left it. */
async function leave(world: World, change: Partial<Run>): Promise<string> {
  const slot = change.slot ?? SLOT
  const job = await world.store.get(aJob().ref)
  const { outcome: _, endedAt: __, bundle: ___, ...open } = aRun({ slot, jobUid: job?.uid ?? '', holder: GONE })
  const run: Run = { ...open, ...change }
  const ref = { kind: 'run' as const, namespace: '', name: runName(run.job, new Date(slot)) }
  const { version } = await world.store.create(ref, runDocument(run))
  if (run.phase === 'finished') await world.store.seal(ref, runDocument(run), version)
  return ref.name
}

async function takeOver(agent: TestAgent, active = new Set<string>()): Promise<void> {
  await agent.works.edge.mirror.load()
  await recover(agent.works.edge, agent.works.edge.folders, active)
}

async function found(world: World, store?: MortalStore) {
  await world.create(aJob())
  return world.agent(store ? { store } : {})
}

describe('what a dead process left', () => {
  it('a claim is taken over: it had no effect yet', async () => {
    await using world = await aWorld(SLOT)
    const agent = await found(world)
    const name = await leave(world, { phase: 'claimed' })
    await takeOver(agent)
    expect((await world.runs()).get(name)).toMatchObject({ phase: 'claimed', holder: agent.holder })
  })

  it('a bundle on its way is taken over', async () => {
    await using world = await aWorld(SLOT)
    const agent = await found(world)
    const name = await leave(world, { phase: 'delivering', deliveries: [aDelivery({ tries: 3 })] })
    await takeOver(agent)
    expect((await world.runs()).get(name)).toMatchObject({
      phase: 'delivering',
      holder: agent.holder,
      deliveries: [{ tries: 3 }],
    })
  })

  it('of an earlier term of its own, too; what a later term holds it leaves alone', async () => {
    await using world = await aWorld(SLOT)
    const agent = await found(world)
    const fence = (transitions: number, leaseUid = 'lease') => ({ fence: { leaseUid, transitions } })
    Object.assign(agent.works.edge, {
      holder: { ...agent.holder, ...fence(7) },
      isAlive: ({ holder }: Run) => isLater(holder.fence, fence(7).fence),
    })
    const slots = ['01', '02', '03', '04'].map((hour) => `2026-03-10T${hour}:00:00.000Z`)
    const holders = [fence(6), fence(8), fence(9, 'a lease before it'), {}].map((term) => ({ ...agent.holder, ...term }))
    const names = []
    for (const [index, slot] of slots.entries())
      names.push(await leave(world, { slot, phase: 'claimed', holder: holders[index] ?? GONE }))
    await takeOver(agent)
    const runs = await world.runs()
    expect(names.map((name) => runs.get(name)?.holder.fence?.transitions)).toEqual([7, 8, 7, 7])
  })

  it('a run at work is interrupted, for good', async () => {
    await using world = await aWorld(SLOT)
    const agent = await found(world)
    const name = await leave(world, { phase: 'running' })
    await takeOver(agent)
    const ended = (await world.all('run'))[0]
    expect((await world.runs()).get(name)).toMatchObject({
      phase: 'finished',
      outcome: 'interrupted',
      error: { code: 'TASK_INTERRUPTED' },
    })
    expect(ended?.isSealed).toBe(true)
    await takeOver(agent)
    expect((await world.all('run'))[0]?.version, 'once').toBe(ended?.version)
  })

  it.each(['claimed', 'running', 'delivering'] as const)('a live process’s %s run is left alone', async (phase) => {
    await using world = await aWorld(SLOT)
    const agent = await found(world)
    const other = world.agent()
    const name = await leave(world, { phase, holder: other.holder })
    await takeOver(agent)
    expect((await world.runs()).get(name)).toMatchObject({ phase, holder: other.holder })
  })

  it('one run that cannot be taken over does not keep the others', async () => {
    await using world = await aWorld(SLOT)
    const next = '2026-03-10T02:00:00.000Z'
    const store = new (class extends MortalStore {
      override seal: MortalStore['seal'] = async (ref, document, version) => {
        if (ref.name === runName('nightly', new Date(SLOT))) throw fail('STORE_FULL', { what: 'run' })
        return world.store.seal(ref, document, version)
      }
    })(world.store)
    const agent = await found(world, store)
    await leave(world, { phase: 'running' })
    const name = await leave(world, { phase: 'running', slot: next })
    await takeOver(agent)
    expect((await world.runs()).get(name)).toMatchObject({ outcome: 'interrupted' })
  })

  it('its own run that is at work is left alone; one that is not at work any more is interrupted', async () => {
    await using world = await aWorld(SLOT)
    const agent = await found(world)
    const name = await leave(world, { phase: 'running', holder: agent.holder })
    await takeOver(agent, new Set([name]))
    expect((await world.runs()).get(name)?.phase).toBe('running')
    await takeOver(agent)
    expect((await world.runs()).get(name)?.outcome).toBe('interrupted')
  })
})

describe('work folders', () => {
  it('are removed when their run has ended or is gone, and kept otherwise', async () => {
    await using world = await aWorld(SLOT)
    const agent = await found(world)
    const other = world.agent()
    const done = await leave(world, { phase: 'finished', outcome: 'failed' })
    const atWork = await leave(world, { phase: 'running', slot: '2026-03-10T02:00:00.000Z', holder: other.holder })
    const folders = [done, atWork, 'nightly.1', 'active.2', 'not a run', '.hidden']
    for (const name of folders) await mkdir(join(world.folders.work, name), { recursive: true })
    await takeOver(agent, new Set(['active.2']))
    expect((await readdir(world.folders.work)).toSorted()).toEqual(['.hidden', 'active.2', atWork, 'not a run'].toSorted())
    expect(world.log.of('warn')).toEqual([])
  })

  it('that are not there are no trouble', async () => {
    await using world = await aWorld(SLOT)
    await takeOver(await found(world))
    expect(existsSync(world.folders.work)).toBe(false)
  })
})

describe('the outbox', () => {
  const put = async (world: World, name: string) => {
    await mkdir(join(world.folders.outbox, name), { recursive: true })
    await writeFile(join(world.folders.outbox, name, `${name}.tar.gz`), 'bundle')
  }
  const bundles = (world: World) => readdir(join(world.folders.bundles, 'nightly')).catch(() => [])

  it('is cleared of runs that have settled', async () => {
    await using world = await aWorld(SLOT)
    const agent = await found(world)
    const name = await leave(world, { phase: 'finished', outcome: 'completed' })
    await put(world, name)
    await takeOver(agent)
    expect(await readdir(world.folders.outbox)).toEqual([])
    expect(await bundles(world)).toEqual([])
  })

  it('keeps what is on its way', async () => {
    await using world = await aWorld(SLOT)
    const agent = await found(world)
    const name = await leave(world, { phase: 'delivering', deliveries: [aDelivery()] })
    await put(world, name)
    await takeOver(agent)
    expect(await readdir(world.folders.outbox)).toEqual([name])
  })

  it('gives a bundle whose record is gone to the kept ones, while its job is there', async () => {
    await using world = await aWorld(SLOT)
    const agent = await found(world)
    await put(world, 'nightly.1')
    await put(world, 'deleted.2')
    await takeOver(agent)
    expect(await readdir(world.folders.outbox)).toEqual([])
    expect(await bundles(world)).toEqual(['nightly.1.tar.gz'])
    expect(await readdir(world.folders.bundles)).toEqual(['nightly'])
  })
})
