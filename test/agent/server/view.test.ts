import { describe, expect, it } from 'vitest'
import { createApp, type ServerView } from '../../../agent/server/app.ts'
import { serverView } from '../../../agent/server/view.ts'
import { aJob } from '../../support/jobs.ts'
import { aWorld, type World } from '../../support/agent.ts'

const MINUTE = 60_000

function viewOf(world: World, isEnabled = true) {
  const agent = world.agent()
  const { mirror } = agent.works.edge
  const usage = () => ({ residentBytes: 5, cpuSeconds: 2 })
  const startedAt = new Date('2026-03-10T00:00:00Z')
  return {
    agent,
    view: serverView({
      mirror,
      token: 't',
      startedAt,
      version: '1.2.3',
      engine: agent.engine,
      usage,
      metricsEnabled: () => isEnabled,
    }),
  }
}

/** What it answers to who has the token. */
const shown = async (view: ServerView, path: string): Promise<unknown> =>
  (await createApp(view).request(path, { headers: { authorization: 'Bearer t' } })).json()

describe('what the server shows', () => {
  it('is ready once the store was read, and not when the loop hangs', async () => {
    await using world = await aWorld()
    const { agent, view } = viewOf(world)
    expect(view.notReady()).toBe('the store has not been read yet')
    await agent.look()
    expect(view.notReady()).toBeUndefined()
    world.clock.jump(24 * 60 * MINUTE)
    expect(view.notReady(), 'a clock that is set is no hang').toBeUndefined()
    await world.clock.advance(3 * MINUTE)
    expect(view.notReady()).toBe('the scheduler has not looked for two minutes')
  })

  it('are the jobs with their status', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    const { agent, view } = viewOf(world)
    const { uid } = await world.create(aJob())
    await agent.works.edge.mirror.load()
    expect(await shown(view, '/api/v1/jobs')).toEqual({
      items: [{ name: 'nightly', id: uid, created: '2026-03-10T00:59:00.000Z' }],
    })
    await agent.look()
    await world.pass(agent, MINUTE)
    await agent.look()
    expect(await shown(view, '/api/v1/jobs')).toMatchObject({
      items: [{ name: 'nightly', id: uid, state: 'completed', schedule: '0 * * * *', runCount: 1 }],
    })
  })

  it('is the daemon, with what it does', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    const { agent, view } = viewOf(world)
    world.tasks.script = () => ({ does: 'hang' })
    await world.create(aJob())
    await agent.look()
    await world.pass(agent, MINUTE)
    expect(await shown(view, '/api/v1/daemon')).toEqual({
      version: '1.2.3',
      startedAt: '2026-03-10T00:00:00.000Z',
      residentBytes: 5,
      cpuSeconds: 2,
      jobs: 1,
      activeRuns: 1,
      waitingDeliveries: 0,
    })
  })

  it('has no metrics when they are switched off', async () => {
    await using world = await aWorld()
    expect(viewOf(world, false).view.metrics?.()).toBeUndefined()
    expect(viewOf(world).view.metrics?.()).toContain('troubleshoot_scheduler_jobs_total 0')
  })
})
