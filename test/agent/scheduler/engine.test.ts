import { describe, expect, it } from 'vitest'
import { fail } from '../../../core/errors.ts'
import { statusName } from '../../../core/names.ts'
import { keepFollowing } from '../../../agent/watch/keep-following.ts'
import { aJob } from '../../support/jobs.ts'
import { aWorld, type AgentOptions, eventually, type TestAgent, type World } from '../../support/agent.ts'
import { MortalStore } from '../../support/mortal-store.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** An agent whose loop runs, until `stop`. */
async function running(world: World, options: AgentOptions = {}) {
  const agent = world.agent(options)
  const stop = new AbortController()
  await agent.works.edge.mirror.load()
  const ended = Promise.all([
    agent.engine.run(stop.signal),
    keepFollowing(agent.works.edge.mirror, agent.works.edge, stop.signal, (job) => agent.engine.wake(job)),
  ])
  return { agent, stop: () => (stop.abort(new Error('stop')), ended) }
}

/** Time goes by in steps, so that what wakes has its turn; each step waits for files. */
async function pass(world: World, agent: TestAgent, ms: number, stepMs: number): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    await world.clock.advance(Math.min(stepMs, left))
    await agent.settled()
    await eventually(() => world.clock.sleeping > world.tasks.waiting.size, 'the loop sleeps')
  }
}

describe('the loop', () => {
  it('starts a slot within a second, whatever the interval of its looks is', async () => {
    await using world = await aWorld('2026-03-10T00:58:47.500Z')
    await world.create(aJob())
    const { agent, stop } = await running(world)
    await pass(world, agent, 2 * MINUTE, 500)
    await stop()
    expect(world.tasks.starts.map(({ at }) => at.toISOString())).toEqual(['2026-03-10T01:00:00.000Z'])
  })

  it('sees a new job at once', async () => {
    await using world = await aWorld('2026-03-10T00:58:47.500Z')
    const { agent, stop } = await running(world)
    await pass(world, agent, 1_000, 500)
    await world.create(aJob())
    await eventually(async () => (await world.all('status')).length === 1, 'the job has a status')
    expect(world.clock.now().toISOString()).toBe('2026-03-10T00:58:48.500Z')
    await stop()
  })

  it('runs what is asked for at once', async () => {
    await using world = await aWorld()
    await world.create(aJob())
    const { agent, stop } = await running(world)
    await pass(world, agent, 1_000, 500)
    await world.request(aJob(), 'abc')
    await eventually(async () => (await world.runs()).get('nightly.mabc')?.outcome === 'completed', 'the run has ended')
    await eventually(async () => (await world.status()).state === 'completed', 'the status says so')
    await stop()
  })

  it('goes on for others when one job’s look fails, and looks at that one again soon', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    let isBroken = true
    const store = new (class extends MortalStore {
      override create: MortalStore['create'] = async (ref, document) => {
        if (isBroken && ref.name === statusName('bad')) throw new Error('a bug')
        return world.store.create(ref, document)
      }
    })(world.store)
    await world.create(aJob().named('bad'))
    await world.create(aJob().named('good'))
    const { agent, stop } = await running(world, { store })
    await pass(world, agent, 2 * MINUTE, 1_000)
    expect(await world.outcomes('good')).toEqual(['01:00 completed'])
    expect(await world.all('status', 'bad')).toEqual([])
    isBroken = false
    await pass(world, agent, 6_000, 1_000)
    expect(await world.all('status', 'bad')).toHaveLength(1)
    await stop()
    expect(await world.outcomes('bad')).toEqual(['01:00 completed'])
  })

  it('goes on when a round itself fails', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await world.create(aJob())
    const { agent, stop } = await running(world)
    const pump = agent.works.executor.pump.bind(agent.works.executor)
    let isBroken = true
    agent.works.executor.pump = () => (isBroken ? Promise.reject(new Error('a bug')) : pump())
    await pass(world, agent, 30_000, 1_000)
    expect(world.log.of('error')).toContain('a round was cut short')
    isBroken = false
    await pass(world, agent, MINUTE, 1_000)
    await stop()
    expect(await world.outcomes()).toEqual(['01:00 completed'])
  })

  it('follows the store again after it was away', async () => {
    await using world = await aWorld('2026-03-10T00:58:00Z')
    let isAway = false
    const store = new (class extends MortalStore {
      override get: MortalStore['get'] = async (ref) => {
        if (isAway) throw fail('STORE_UNAVAILABLE', { what: 'store', reason: 'away' })
        return world.store.get(ref)
      }
    })(world.store)
    const { agent, stop } = await running(world, { store })
    await pass(world, agent, 1_000, 500)
    isAway = true
    await world.create(aJob())
    await pass(world, agent, 1_000, 500)
    expect(world.log.of('error')).toEqual(['the store cannot be followed; it is tried again'])
    isAway = false
    await pass(world, agent, 6_000, 500)
    await eventually(async () => (await world.all('status')).length === 1, 'the job has a status')
    await stop()
  })

  it('tells how long ago it last looked', async () => {
    await using world = await aWorld()
    const agent = world.agent()
    expect(agent.engine.sinceRoundMs()).toBeUndefined()
    await agent.look()
    expect(agent.engine.sinceRoundMs()).toBe(0)
    await world.clock.advance(MINUTE)
    world.clock.jump(HOUR)
    expect(agent.engine.sinceRoundMs()).toBe(MINUTE)
  })

  it('ends when it is told to', async () => {
    await using world = await aWorld()
    const { stop } = await running(world)
    await world.clock.advance(1_000)
    await stop()
  })
})

describe('a clock that is set', () => {
  const clockEntries = async (world: World) => (await world.entries()).filter(({ type }) => type === 'clock')

  it('forward by hours: nothing is decided for half a minute, then as after downtime; it is noted', async () => {
    await using world = await aWorld('2026-03-10T00:30:00Z')
    await world.create(aJob())
    const { agent, stop } = await running(world)
    await pass(world, agent, 10_000, 1_000)
    // 03:02:10 now
    world.clock.jump(2.5 * HOUR + 2 * MINUTE)
    await pass(world, agent, 40_000, 1_000)
    expect(await clockEntries(world)).toMatchObject([{ note: `${2.5 * HOUR + 2 * MINUTE} ms` }])
    expect(world.tasks.starts).toEqual([])
    await pass(world, agent, 30_000, 1_000)
    await stop()
    expect(await world.outcomes()).toEqual(['01:00..02:00 missed-down x2', '03:00 completed'])
  })

  it('forward and back again within half a minute: nothing has happened', async () => {
    await using world = await aWorld('2026-03-10T00:30:00Z')
    await world.create(aJob())
    const { agent, stop } = await running(world)
    await pass(world, agent, 10_000, 1_000)
    world.clock.jump(24 * HOUR)
    await pass(world, agent, 25_000, 1_000)
    world.clock.jump(-24 * HOUR)
    await pass(world, agent, 30 * MINUTE, 5_000)
    await stop()
    expect(await world.outcomes()).toEqual(['01:00 completed'])
  })

  it('back: what is settled is not run again, and the job says that it waits', async () => {
    await using world = await aWorld('2026-03-10T02:59:00Z')
    await world.create(aJob())
    const { agent, stop } = await running(world)
    await pass(world, agent, 2 * MINUTE, 5_000)
    world.clock.jump(-90 * MINUTE)
    await pass(world, agent, 2 * MINUTE, 5_000)
    expect(await clockEntries(world)).toMatchObject([{ note: `${-90 * MINUTE} ms` }])
    const status = await world.status()
    expect(status.conditions.find(({ type }) => type === 'Degraded')).toMatchObject({
      reason: 'SettledAhead',
      message: expect.stringContaining('2026-03-10T03:00:00.000Z'),
      remedy: expect.stringContaining('delete the job'),
    })
    await pass(world, agent, 90 * MINUTE, MINUTE)
    expect(world.tasks.of('run')).toHaveLength(1)
    await pass(world, agent, HOUR, MINUTE)
    await stop()
    expect(await world.outcomes()).toEqual(['03:00 completed', '04:00 completed'])
    expect((await world.status()).conditions.find(({ type }) => type === 'Degraded')).toBeUndefined()
  })

  it('by less than five minutes forward, or a second back, is no news', async () => {
    await using world = await aWorld('2026-03-10T00:30:00Z')
    await world.create(aJob())
    const { agent, stop } = await running(world)
    await pass(world, agent, 10_000, 1_000)
    world.clock.jump(4 * MINUTE)
    await pass(world, agent, MINUTE, 1_000)
    world.clock.jump(-900)
    await pass(world, agent, MINUTE, 1_000)
    await stop()
    expect(await clockEntries(world)).toEqual([])
  })
})

describe('the record of a deleted job', () => {
  it('is kept for 90 days', async () => {
    await using world = await aWorld('2026-03-10T00:30:00Z')
    await world.create(aJob())
    const { agent, stop } = await running(world)
    await pass(world, agent, HOUR, MINUTE)
    await world.remove(aJob())
    await pass(world, agent, MINUTE, 1_000)
    expect((await world.entries()).map(({ type }) => type)).toEqual(['created', 'run', 'deleted'])
    await world.clock.advance(89 * 24 * HOUR)
    await agent.settled()
    expect(await world.all('ledger')).toHaveLength(1)
    await world.clock.advance(2 * 24 * HOUR)
    await eventually(async () => (await world.all('ledger')).length === 0, 'the ledger is gone')
    await stop()
  })
})
