import { describe, expect, it } from 'vitest'
import type { NodeAccess } from '../../../agent/outside.ts'
import { runName } from '../../../core/names.ts'
import { aJob } from '../../support/jobs.ts'
import { aWorld, eventually, type World } from '../../support/agent.ts'

const MINUTE = 60_000
const ONE = runName('nightly', new Date('2026-03-10T01:00:00Z'))

/** A world whose jobs may look at nodes; `swept` are runs whose pods were removed. */
function withNodes(world: World, sweep: NodeAccess['sweep'] = async () => 1) {
  const swept: string[] = []
  const worked: string[] = []
  world.outside.nodes = {
    work: (run) => async () => void worked.push(run.uid ?? ''),
    sweep: (uid) => (swept.push(uid), sweep(uid)),
  }
  return { swept, worked }
}
const uidOf = async (world: World) => (await world.store.get({ kind: 'run', namespace: '', name: ONE }))?.uid

describe('runs that may look at nodes', () => {
  it('are told so, and their task is given the way there', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    const { worked } = withNodes(world)
    await world.create(aJob())
    const agent = world.agent()
    const { tasks } = agent.works.edge
    agent.works.edge.tasks = {
      async start(request, options) {
        const listener = { nodes: () => undefined, say: async () => undefined }
        await options.onNodes?.({ entries: [], timeoutMs: 1 }, listener, new AbortController().signal)
        return tasks.start(request, options)
      },
    }
    await agent.look()
    await world.pass(agent, MINUTE)
    expect(world.tasks.starts[0]?.request).toMatchObject({ onNodes: true })
    expect(worked).toEqual([await uidOf(world)])
  })

  it('leave nothing there when they end without a word, whether they have a cluster or not', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    const { swept } = withNodes(world)
    world.tasks.script = () => ({ does: 'crash' })
    await world.create(aJob())
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, MINUTE)
    await eventually(() => swept.length > 0, 'a sweep')
    expect(swept).toEqual([await uidOf(world)])
  })

  it('leave nothing there when their agent died with them', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    const { swept } = withNodes(world, () => Promise.reject(new Error('the server is away')))
    world.tasks.script = () => ({ does: 'hang' })
    await world.create(aJob())
    const dying = world.agent()
    await dying.look()
    await world.pass(dying, MINUTE)
    dying.die()
    await world.agent().look()
    await eventually(() => swept.length > 0, 'a sweep')
    expect(swept).toEqual([await uidOf(world)])
    expect(await world.outcomes()).toEqual(['01:00 interrupted'])
  })

  it('are others than those that may not', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await world.create(aJob())
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, MINUTE)
    expect(world.tasks.starts[0]?.request).not.toHaveProperty('onNodes')
  })
})
