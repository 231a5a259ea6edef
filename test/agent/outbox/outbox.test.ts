import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fail } from '../../../core/errors.ts'
import { runName } from '../../../core/names.ts'
import type { Run } from '../../../core/run.ts'
import type { DeliverRequest } from '../../../core/task.ts'
import { aJob, type JobBuilder } from '../../support/jobs.ts'
import { aWorld, type AgentOptions, eventually, type TestAgent, type World } from '../../support/agent.ts'
import { type Behaviour, receipt } from '../../support/fake-tasks.ts'
import { MortalStore } from '../../support/mortal-store.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const RUN = runName('nightly', new Date('2026-03-10T01:00:00Z'))
const BUNDLE = 'nightly-20260310T010000Z.tar.gz'
const job = aJob().every('0 1 * * *').uploadingTo('s3')

const failing = (error: object): Behaviour => ({
  does: 'complete',
  result: { error: { code: 'UPLOAD_FAILED', message: 'no', class: 'retryable', ...error } },
})
const delivered: Behaviour = { does: 'complete', result: receipt(20, 's3://bucket/a.tar.gz') }

/** A run at its first try of delivery; `upload` says how tries go, in order, the last one for ever. */
async function delivering(
  world: World,
  upload: Behaviour[],
  options: AgentOptions & { job?: JobBuilder } = {},
): Promise<TestAgent> {
  const tries = [...upload]
  world.tasks.script = (request) =>
    request.task === 'deliver' ? ((tries.length > 1 ? tries.shift() : tries[0]) ?? delivered) : { does: 'complete' }
  await world.create(options.job ?? job)
  const agent = world.agent(options)
  await agent.look()
  await world.pass(agent, 30 * MINUTE)
  await agent.look()
  return agent
}
const theRun = async (world: World): Promise<Run> => (await world.runs()).get(RUN) ?? Promise.reject(new Error('there is no run'))
const triesOf = (world: World) =>
  world.tasks.starts.filter(({ task }) => task === 'deliver').map(({ at }) => at.toISOString().slice(11, 23))
const requests = (world: World) => world.tasks.starts.flatMap(({ request }) => (request.task === 'deliver' ? [request] : []))
const kept = (world: World) => readdir(join(world.folders.bundles, 'nightly')).catch(() => [])

describe('a delivery', () => {
  it('that succeeds settles the run and clears the outbox; no second copy stays here', async () => {
    await using world = await aWorld()
    await delivering(world, [delivered])
    expect(await theRun(world)).toMatchObject({
      phase: 'finished',
      outcome: 'completed',
      deliveries: [{ uploader: 's3', state: 'delivered', tries: 1, location: 's3://bucket/a.tar.gz', isVerified: true }],
    })
    expect((await theRun(world)).bundle).not.toHaveProperty('path')
    expect(await readdir(world.folders.outbox)).toEqual([])
    expect(await kept(world)).toEqual([])
  })

  it('is asked for with the bundle, the target as the job has it, and the run', async () => {
    await using world = await aWorld()
    await delivering(world, [delivered], { job: job.with({ upload: [{ uploader: 's3', config: { bucket: 'acme' } }] }) })
    expect(requests(world)).toEqual([
      {
        task: 'deliver',
        run: { id: RUN, job: 'nightly', namespace: '', slot: '2026-03-10T01:00:00.000Z', trigger: 'schedule' },
        target: { uploader: 's3', config: { bucket: 'acme' }, secrets: {} },
        bundle: { path: join(world.folders.outbox, RUN, BUNDLE), fileName: BUNDLE, size: 20, sha256: '0'.repeat(64) },
        state: undefined,
        timeoutMs: HOUR,
        pluginFolders: [world.folders.plugins],
      } satisfies DeliverRequest,
    ])
  })

  it('that fails is tried again after a pause that grows, until it succeeds', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [failing({}), failing({}), { does: 'crash' }, delivered])
    expect(await theRun(world)).toMatchObject({
      phase: 'delivering',
      deliveries: [{ state: 'pending', tries: 1, error: { code: 'UPLOAD_FAILED' } }],
    })
    await world.pass(agent, 2 * MINUTE, 500)
    expect(triesOf(world)).toEqual(['01:00:00.000', '01:00:07.500', '01:00:22.500', '01:00:52.500'])
    expect(await theRun(world)).toMatchObject({ outcome: 'completed', deliveries: [{ state: 'delivered', tries: 4 }] })
    expect((await theRun(world)).deliveries[0], 'what is past is past').not.toHaveProperty('error')
  })

  it('waits as long as the far end asks', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [failing({ retryAfterMs: 5 * MINUTE }), delivered])
    await world.pass(agent, 4 * MINUTE + 55 * SECOND, 5 * SECOND)
    expect(triesOf(world)).toHaveLength(1)
    await world.pass(agent, 10 * SECOND, 5 * SECOND)
    expect(triesOf(world)).toHaveLength(2)
  })

  it.each([
    ['NaN', Number.NaN],
    ['a text', 'soon'],
    ['far beyond what time is', 1e300],
    ['nothing', null],
  ])('is recorded when the far end asks for %s', async (_, retryAfterMs) => {
    await using world = await aWorld()
    await delivering(world, [failing({ retryAfterMs })])
    expect(await theRun(world)).toMatchObject({ deliveries: [{ state: 'pending', tries: 1 }] })
    expect(world.log.of('warn')).toEqual(['delivery failed'])
  })

  it('is given up when the next try would be after the time it may take; the bundle is kept here', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [failing({})], { config: { deliverWithin: '1h' } })
    await world.pass(agent, 2 * HOUR, MINUTE)
    const path = join(world.folders.bundles, 'nightly', BUNDLE)
    expect(await theRun(world)).toMatchObject({
      phase: 'finished',
      outcome: 'failed',
      bundle: { path },
      error: { code: 'UPLOAD_FAILED', message: 'no' },
      deliveries: [{ state: 'failed' }],
    })
    expect((await theRun(world)).deliveries[0]).not.toHaveProperty('nextTryAt')
    expect(await readFile(path, 'utf8')).toBe(`bundle of ${RUN}`)
    expect(await readdir(world.folders.outbox)).toEqual([])
    const count = triesOf(world).length
    await world.pass(agent, HOUR, 10 * MINUTE)
    expect(triesOf(world)).toHaveLength(count)
  })

  it('masks in its record what looks like a secret', async () => {
    await using world = await aWorld()
    await delivering(world, [failing({ message: 'refused: password=hunter2secret', remedy: 'not password=hunter2secret' })])
    expect(JSON.stringify(await theRun(world))).not.toContain('hunter2')
  })

  it.each([
    ['a location that is none', { receipt: { location: 5, size: 20, verified: true } }],
    ['a receipt without location', { receipt: { size: 20, verified: 'yes' } }],
    ['nothing', undefined],
    ['no object', 'done'],
  ])('whose result has %s is a failure, and the record can be read', async (_, result) => {
    await using world = await aWorld()
    await delivering(world, [{ does: 'complete', result }])
    expect(await theRun(world)).toMatchObject({
      phase: 'delivering',
      deliveries: [{ state: 'pending', tries: 1, error: { code: expect.any(String) as string } }],
    })
  })
})

describe('what an uploader keeps between tries', () => {
  it('is given to its next try', async () => {
    await using world = await aWorld()
    const says = [1, 2].map((part) => ({ type: 'state' as const, value: { part }, id: part }))
    const agent = await delivering(world, [{ ...failing({}), says }, delivered])
    await world.pass(agent, 20 * SECOND, SECOND)
    expect(requests(world).map(({ state }) => state)).toEqual([undefined, { part: 2 }])
    expect(await readdir(world.folders.outbox), 'it goes with the outbox').toEqual([])
  })

  it('survives a restart of the agent', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [{ ...failing({}), says: [{ type: 'state', value: 'half', id: 1 }] }, delivered])
    agent.die()
    const next = world.agent()
    await next.look()
    await world.pass(next, 20 * SECOND, SECOND)
    expect(requests(world).map(({ state }) => state)).toEqual([undefined, 'half'])
    expect((await theRun(world)).deliveries).toMatchObject([{ state: 'delivered', tries: 2 }])
  })

  it('that cannot be kept fails the try; another comes', async () => {
    await using world = await aWorld()
    const says = [{ type: 'state' as const, value: 1, id: 1 }]
    const tries = [failing({ retryAfterMs: MINUTE }), { ...delivered, says }, delivered]
    const agent = await delivering(world, tries)
    const state = join(world.folders.outbox, RUN, 'state-0.json.new')
    await mkdir(state)
    await world.pass(agent, MINUTE)
    expect((await theRun(world)).deliveries).toMatchObject([
      { state: 'pending', tries: 2, error: { message: expect.stringContaining('state-0.json') as string } },
    ])
    await world.pass(agent, 5 * MINUTE)
    expect((await theRun(world)).outcome).toBe('completed')
  })
})

describe('several targets', () => {
  const three = job.uploadingTo('a', 'b', 'c')

  it('are tried one after the other in the job’s order', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [delivered], { job: three })
    for (let looks = 0; looks < 3; looks++) await agent.look()
    expect(requests(world).map(({ target }) => target.uploader)).toEqual(['a', 'b', 'c'])
    expect((await theRun(world)).outcome).toBe('completed')
  })

  it('do not wait for one that pauses', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [failing({ retryAfterMs: HOUR }), delivered], { job: three })
    for (let looks = 0; looks < 3; looks++) await agent.look()
    expect((await theRun(world)).deliveries.map(({ state }) => state)).toEqual(['pending', 'delivered', 'delivered'])
    expect(agent.works.outbox.pump()?.toISOString()).toBe('2026-03-10T02:00:00.000Z')
    await world.pass(agent, HOUR)
    expect((await theRun(world)).outcome).toBe('completed')
  })

  it('are looked at when the first of them is due', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [failing({ retryAfterMs: HOUR }), failing({ retryAfterMs: 5 * MINUTE })], {
      job: job.uploadingTo('a', 'b'),
    })
    await agent.look()
    await agent.look()
    expect(agent.works.outbox.pump()?.toISOString()).toBe('2026-03-10T01:05:00.000Z')
  })

  it('of which one is given up leave a failed run, whose bundle is kept', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [failing({ retryAfterMs: 2 * HOUR }), delivered], {
      job: job.uploadingTo('a', 'b'),
      config: { deliverWithin: '1h' },
    })
    await agent.look()
    await agent.look()
    expect(await theRun(world)).toMatchObject({ outcome: 'failed', deliveries: [{ state: 'failed' }, { state: 'delivered' }] })
    expect(await kept(world)).toEqual([BUNDLE])
  })
})

describe('a job that changes while its bundle waits', () => {
  const waiting = (world: World) => delivering(world, [failing({ retryAfterMs: MINUTE }), delivered])

  it('is delivered with its new settings', async () => {
    await using world = await aWorld()
    const agent = await waiting(world)
    await world.edit(job.with({ upload: [{ uploader: 's3', config: { bucket: 'new' } }] }))
    await world.pass(agent, MINUTE)
    expect(requests(world)[1]?.target).toMatchObject({ config: { bucket: 'new' } })
  })

  it('finds its target though another one stands before it now', async () => {
    await using world = await aWorld()
    const agent = await waiting(world)
    await world.edit(job.uploadingTo('local', 's3'))
    await world.pass(agent, MINUTE)
    expect((await theRun(world)).deliveries).toMatchObject([{ uploader: 's3', state: 'delivered' }])
  })

  it('that does not name the target any more gives up on it, and keeps the bundle', async () => {
    await using world = await aWorld()
    const agent = await waiting(world)
    await world.edit(job.uploadingTo('local'))
    await world.pass(agent, MINUTE)
    expect(await theRun(world)).toMatchObject({
      outcome: 'failed',
      error: { message: expect.stringContaining('no longer names this target') },
    })
    expect(await kept(world)).toEqual([BUNDLE])
  })

  it('that is invalid for a while is waited for', async () => {
    await using world = await aWorld()
    const agent = await waiting(world)
    await world.edit(job.every('never'))
    await world.pass(agent, MINUTE)
    expect((await theRun(world)).deliveries).toMatchObject([{ state: 'pending', tries: 2, error: { code: 'SCHEDULE_INVALID' } }])
    await world.edit(job)
    await world.pass(agent, 10 * MINUTE, MINUTE)
    expect((await theRun(world)).outcome).toBe('completed')
    expect(requests(world)).toHaveLength(2)
  })

  it('that is paused is delivered all the same', async () => {
    await using world = await aWorld()
    const agent = await waiting(world)
    await world.edit(job.paused())
    await world.pass(agent, MINUTE)
    expect((await theRun(world)).outcome).toBe('completed')
  })

  it('that is deleted takes its bundle along', async () => {
    await using world = await aWorld()
    const agent = await waiting(world)
    await world.remove(job)
    await agent.look()
    await world.pass(agent, MINUTE)
    expect(requests(world)).toHaveLength(1)
    expect(await readdir(world.folders.outbox)).toEqual([])
    expect(await kept(world)).toEqual([])
  })
})

describe('a stop', () => {
  it('during an upload does not count as a try; the next process goes on', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [{ does: 'hang', says: [{ type: 'state', value: { part: 3 }, id: 1 }] }, delivered])
    agent.works.outbox.cancel('SIGTERM')
    await agent.works.outbox.idle()
    expect(await theRun(world)).toMatchObject({ phase: 'delivering', deliveries: [{ state: 'pending', tries: 0 }] })
    agent.works.outbox.pump()
    expect(agent.works.outbox.active.size, 'nothing is begun any more').toBe(0)
    agent.die()
    await world.agent().look()
    expect(requests(world)[1]?.state).toEqual({ part: 3 })
    expect(await theRun(world)).toMatchObject({ outcome: 'completed', deliveries: [{ tries: 1 }] })
  })

  it('that comes when the bundle has arrived loses nothing', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [{ ...delivered, does: 'hang', isDoneWhenCancelled: true }])
    agent.works.outbox.cancel('SIGTERM')
    await agent.works.outbox.idle()
    expect(await theRun(world)).toMatchObject({ outcome: 'completed', deliveries: [{ state: 'delivered', tries: 1 }] })
  })
})

describe('an uploader that jobs may not use', () => {
  it('is not tried; the bundle is kept', async () => {
    await using world = await aWorld()
    world.outside.refusesUploader = (name) => fail('UPLOADER_REFUSED', { name })
    await delivering(world, [delivered])
    expect(await theRun(world)).toMatchObject({ outcome: 'failed', error: { code: 'UPLOADER_REFUSED' } })
    expect(requests(world)).toEqual([])
    expect(await kept(world)).toEqual([BUNDLE])
  })

  it('is told where it may connect to', async () => {
    await using world = await aWorld()
    world.outside.network = () => ({ refused: ['10.0.0.0/8'], allowed: [] })
    await delivering(world, [delivered])
    expect(requests(world)[0]?.network).toEqual({ refused: ['10.0.0.0/8'], allowed: [] })
  })
})

describe('a bundle that is not where it should be', () => {
  it('was moved by a process that died before it could record it: it is found', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [failing({ retryAfterMs: MINUTE }), delivered])
    await mkdir(join(world.folders.bundles, 'nightly'), { recursive: true })
    await writeFile(join(world.folders.bundles, 'nightly', BUNDLE), 'bundle')
    await rm(join(world.folders.outbox, RUN, BUNDLE))
    await world.pass(agent, MINUTE)
    expect(requests(world)[1]?.bundle.path).toBe(join(world.folders.bundles, 'nightly', BUNDLE))
    expect((await theRun(world)).outcome).toBe('completed')
  })

  const removed = async (world: World, behaviour: Behaviour[], afterMs: number) => {
    const agent = await delivering(world, behaviour)
    await rm(join(world.folders.outbox, RUN), { recursive: true })
    await goOn(world, agent, afterMs)
    return agent
  }
  /** Time passes; then the loss is seen, the bundle made anew, and tried to deliver. */
  const goOn = async (world: World, agent: TestAgent, ms: number) => {
    await world.pass(agent, ms)
    for (let looks = 0; looks < 3; looks++) await agent.look()
  }
  const losses = async (world: World) =>
    (await world.entries()).flatMap((entry) => (entry.type === 'delivery-lost' ? [entry.note] : []))

  it('is collected again when it is gone, as long as its slot may still start', async () => {
    await using world = await aWorld()
    await removed(world, [failing({ retryAfterMs: MINUTE }), delivered], MINUTE)
    expect(await theRun(world)).toMatchObject({
      outcome: 'completed',
      attempt: 2,
      deliveries: [{ state: 'delivered', tries: 1 }],
    })
    expect(await losses(world)).toEqual([`${RUN}, attempt 1`])
    expect(requests(world).map(({ bundle }) => bundle.fileName)).toEqual([BUNDLE, BUNDLE])
  })

  it('is given up when that is too late', async () => {
    await using world = await aWorld()
    await removed(world, [failing({ retryAfterMs: 20 * MINUTE }), delivered], 20 * MINUTE)
    expect(await theRun(world)).toMatchObject({ outcome: 'failed', attempt: 1, error: { code: 'DELIVERY_LOST' } })
    expect((await theRun(world)).bundle).not.toHaveProperty('path')
    expect(requests(world)).toHaveLength(1)
    expect(await losses(world)).toEqual([`${RUN}, attempt 1`])
  })

  it('is given up when its job is paused', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [failing({ retryAfterMs: MINUTE }), delivered])
    await rm(join(world.folders.outbox, RUN), { recursive: true })
    await world.edit(job.paused())
    await world.pass(agent, MINUTE)
    expect(await theRun(world)).toMatchObject({ outcome: 'failed', attempt: 1, error: { code: 'DELIVERY_LOST' } })
  })

  it('is collected three times at most', async () => {
    await using world = await aWorld()
    const agent = await removed(world, [failing({ retryAfterMs: MINUTE })], MINUTE)
    for (let attempt = 2; attempt <= 3; attempt++) {
      expect(await theRun(world)).toMatchObject({ phase: 'delivering', attempt })
      await rm(join(world.folders.outbox, RUN), { recursive: true })
      await goOn(world, agent, MINUTE)
    }
    expect(await theRun(world)).toMatchObject({ outcome: 'failed', attempt: 3, error: { code: 'DELIVERY_LOST' } })
    expect(await losses(world)).toHaveLength(3)
  })
})

describe('a try whose end cannot be recorded', () => {
  it('is not repeated at once, again and again', async () => {
    await using world = await aWorld()
    const store = new (class extends MortalStore {
      override update: MortalStore['update'] = async (ref, document, version) => {
        if (ref.kind === 'run' && document.text.includes('"tries": 1')) throw fail('STORE_FULL', { what: 'run' })
        return world.store.update(ref, document, version)
      }
    })(world.store)
    const agent = await delivering(world, [failing({})], { store })
    for (let looks = 0; looks < 5; looks++) await agent.look()
    expect(requests(world)).toHaveLength(1)
    await world.pass(agent, 31 * SECOND)
    expect(requests(world)).toHaveLength(2)
  })

  it('that went well is offered to the store again, and not uploaded again', async () => {
    await using world = await aWorld()
    let isFull = true
    const store = new (class extends MortalStore {
      override seal: MortalStore['seal'] = async (ref, document, version) => {
        if (isFull && ref.kind === 'run') throw fail('STORE_UNAVAILABLE', { what: 'run', reason: 'away' })
        return world.store.seal(ref, document, version)
      }
    })(world.store)
    const begun = delivering(world, [delivered], { store })
    await eventually(() => world.log.of('warn').includes('the outcome of a run cannot be kept yet'), 'the store is away')
    isFull = false
    await eventually(
      async () => (await world.clock.advance(SECOND), (await world.runs()).get(RUN)?.outcome === 'completed'),
      'the run has settled',
    )
    await begun
    expect(requests(world)).toHaveLength(1)
  })
})

describe('an outbox with many runs', () => {
  it('tries two at a time', async () => {
    await using world = await aWorld()
    world.tasks.script = (request) => (request.task === 'deliver' ? { does: 'hang' } : { does: 'complete' })
    for (const name of ['a', 'b', 'c']) await world.create(job.named(name))
    const agent = world.agent({ config: { defaultMaxConcurrent: 3 } })
    await agent.look()
    await world.pass(agent, 30 * MINUTE)
    await agent.look()
    expect(agent.works.outbox.active.size).toBe(2)
    expect(existsSync(world.folders.outbox)).toBe(true)
  })

  it('delivers for seven days by default', async () => {
    await using world = await aWorld()
    const agent = await delivering(world, [failing({ class: 'permission' })])
    await world.pass(agent, 6 * DAY, HOUR)
    expect((await theRun(world)).phase).toBe('delivering')
    await world.pass(agent, 2 * DAY, HOUR)
    expect((await theRun(world)).outcome).toBe('failed')
  })
})
