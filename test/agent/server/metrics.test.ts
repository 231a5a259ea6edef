import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { metricsText } from '../../../agent/server/metrics.ts'
import { createMirror } from '../../../agent/watch/mirror.ts'
import { prometheusText } from '../../../agent/server/prometheus-text.ts'
import { ledgerName } from '../../../core/names.ts'
import { aJob } from '../../support/jobs.ts'
import { aWorld, type TestAgent, type World } from '../../support/agent.ts'
import { parseMetrics } from './prometheus.ts'

const HOUR = 3_600_000
const SELF = { startedAt: new Date('2026-03-10T00:00:00Z'), residentBytes: 12_345_678, cpuSeconds: 1.5 }

/** Samples of a metric, without its prefix, as an object. */
function read(agent: TestAgent, metric: string): Record<string, number> {
  const family = parseMetrics(metricsText([agent.works.edge.mirror], SELF)).get(`troubleshoot_scheduler_${metric}`)
  if (!family) throw new Error(`there is no ${metric}`)
  return Object.fromEntries(family.samples)
}
const executions = (agent: TestAgent) => Object.values(read(agent, 'executions_total'))

async function worked(world: World, hours = 6): Promise<TestAgent> {
  await world.create(aJob())
  await world.create(aJob().named('other'))
  world.tasks.script = (request) => ({ does: 'run' in request && request.run.id.startsWith('other') ? 'fail' : 'complete' })
  const agent = world.agent()
  for (let hour = 0; hour < hours; hour++) await world.pass(agent, HOUR)
  await agent.look()
  return agent
}

describe('the text format', () => {
  it('escapes whatever stands in a label', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('\\', '"', '\n', '\\n', ''), (text, more) => {
        const value = text.replaceAll('\r', '') + more
        const written = prometheusText([{ name: 'x', type: 'gauge', help: 'X.', samples: [[{ job: value, outcome: more }, 1]] }])
        const [labels = ''] = parseMetrics(written).get('troubleshoot_scheduler_x')?.samples.keys() ?? []
        const unescape = (escaped: string) =>
          escaped.replaceAll(/\\([\\"n])/g, (_, character: string) => (character === 'n' ? '\n' : character))
        expect(unescape(/^\{job="((?:[^"\\]|\\.)*)",/s.exec(labels)?.[1] ?? '')).toBe(value)
      }),
      { seed: 1 },
    )
  })
})

describe('metrics', () => {
  it('of an empty store can be read', async () => {
    await using world = await aWorld()
    const agent = world.agent()
    await agent.look()
    expect(read(agent, 'jobs_total')).toEqual({ '': 0 })
    expect(executions(agent)).toEqual([0, 0, 0])
  })

  it('tell what is recorded', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await worked(world)
    expect(read(agent, 'jobs_total')).toEqual({ '': 2 })
    expect(read(agent, 'jobs_active')).toEqual({ '': 0 })
    expect(read(agent, 'outbox_size')).toEqual({ '': 0 })
    expect(read(agent, 'executions_total')).toEqual({
      '{status="completed"}': 6,
      '{status="failed"}': 6,
      '{status="interrupted"}': 0,
    })
    expect(read(agent, 'slots_total')).toEqual({ '{job="nightly",outcome="completed"}': 6, '{job="other",outcome="failed"}': 6 })
    expect(read(agent, 'next_run_timestamp_seconds')).toEqual({
      '{job="nightly"}': Date.parse('2026-03-10T07:00:00Z') / 1000,
      '{job="other"}': Date.parse('2026-03-10T07:00:00Z') / 1000,
    })
    expect(read(agent, 'last_success_timestamp_seconds')).toEqual({
      '{job="nightly"}': Date.parse('2026-03-10T06:00:00Z') / 1000,
    })
    expect(read(agent, 'execution_duration_seconds')).toEqual({ '{job="nightly"}': 0, '{job="other"}': 0 })
    expect(read(agent, 'bundle_size_bytes')).toEqual({ '{job="nightly"}': 20 })
    expect(read(agent, 'start_time_seconds')).toEqual({ '': SELF.startedAt.getTime() / 1000 })
    expect(read(agent, 'resident_memory_bytes')).toEqual({ '': 12_345_678 })
    expect(read(agent, 'cpu_seconds_total')).toEqual({ '': 1.5 })
  })

  it('count what is at work and what waits for delivery', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    world.tasks.script = (request) => ({
      does: request.task === 'deliver' || (request.task === 'run' && request.run.job === 'busy') ? 'hang' : 'complete',
    })
    await world.create(aJob().named('busy'))
    await world.create(aJob().named('sends').uploadingTo('s3'))
    const agent = world.agent()
    await world.pass(agent, HOUR)
    await agent.look()
    expect(read(agent, 'jobs_active')).toEqual({ '': 1 })
    expect(read(agent, 'outbox_size')).toEqual({ '': 1 })
  })

  it('are the same after a restart', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await worked(world)
    const before = metricsText([agent.works.edge.mirror], SELF)
    agent.die()
    const next = world.agent()
    await next.works.edge.mirror.load()
    expect(metricsText([next.works.edge.mirror], SELF)).toBe(before)
  })

  it('of a job end with it; counters of all jobs never go down', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await worked(world)
    await world.remove(aJob())
    await agent.works.edge.mirror.load()
    expect(executions(agent), 'before the ledger is closed').toEqual([6, 6, 0])
    await agent.look()
    expect(executions(agent), 'after it is').toEqual([6, 6, 0])
    expect(metricsText([agent.works.edge.mirror], SELF)).not.toContain('nightly')
    await world.create(aJob())
    await agent.look()
    expect(executions(agent), 'with another job of the name').toEqual([6, 6, 0])
    expect(read(agent, 'slots_total'), 'which counts anew').toEqual({ '{job="other",outcome="failed"}': 6 })
    await world.pass(agent, HOUR)
    await agent.look()
    expect(executions(agent)).toEqual([7, 7, 0])
  })

  it('count a run once while it becomes a line', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await worked(world, 3)
    // The line of the first run is kept, its object is not yet removed.
    const dying = world.agent()
    await world.clock.advance(HOUR)
    const { remove } = dying.store
    dying.store.remove = async (ref, version) => (ref.kind === 'run' ? dying.store.kill() : undefined, remove(ref, version))
    await dying.look()
    await dying.look()
    expect(dying.store.isDead).toBe(true)
    await agent.works.edge.mirror.load()
    expect((await world.runs()).size).toBe(4)
    expect((await world.pages())[0]?.entries.some(({ type }) => type === 'run')).toBe(true)
    expect(read(agent, 'slots_total')).toMatchObject({ '{job="nightly",outcome="completed"}': 4 })
  })

  it('of several namespaces name the namespace of each job', async () => {
    await using world = await aWorld()
    const mirrors = await Promise.all(
      ['a', 'b'].map(async (namespace) => {
        await world.store.create({ kind: 'job', namespace, name: 'nightly' }, aJob().document)
        const mirror = createMirror(world.store, namespace)
        await mirror.load()
        const nextSlots = ['2026-03-10T01:00:00.000Z']
        const known = {
          schema: 1,
          id: 'x',
          observedSpecHash: '',
          state: 'pending',
          schedule: '',
          timeZone: '',
          targets: [],
          nextSlots,
          conditions: [],
          updatedAt: '',
        }
        mirror.put(
          await world.store.create({ kind: 'status', namespace, name: 'nightly.status' }, { text: JSON.stringify(known) }),
        )
        return mirror
      }),
    )
    const families = parseMetrics(metricsText(mirrors, SELF))
    expect([...(families.get('troubleshoot_scheduler_next_run_timestamp_seconds')?.samples.keys() ?? [])]).toEqual([
      '{namespace="a",job="nightly"}',
      '{namespace="b",job="nightly"}',
    ])
  })

  it('leave out a ledger that cannot be read, and nothing else', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await worked(world)
    const page = await world.store.get({ kind: 'ledger', namespace: '', name: ledgerName('other', '202603') })
    if (page) await world.store.update(page, { text: 'garbage' }, page.version)
    await agent.works.edge.mirror.load()
    expect(executions(agent)[0]).toBe(6)
  })
})
