import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fail } from '../../../core/errors.ts'
import { runName } from '../../../core/names.ts'
import type { RunRequest } from '../../../core/task.ts'
import { aJob } from '../../support/jobs.ts'
import { aWorld, eventually, type World } from '../../support/agent.ts'
import { collected } from '../../support/fake-tasks.ts'
import { MortalStore } from '../../support/mortal-store.ts'

const HOUR = 3_600_000
const MINUTE = 60_000
const ONE = runName('nightly', new Date('2026-03-10T01:00:00Z'))

async function jobs(world: World, ...names: string[]): Promise<void> {
  for (const name of names) await world.create(aJob().named(name))
}

/** Jobs then collect from a cluster; gives what their tasks are told of it. */
function withCluster(world: World) {
  const connection = { server: 'https://a', context: '', user: '', namespace: '', isUnverified: false, mayCompress: false }
  const request = { connection: { ...connection, credential: {}, headers: {} }, namespaces: ['a'] }
  world.outside.cluster = () => Promise.resolve({ request, renewToken: () => Promise.resolve('') })
  return request
}

describe('runs at work', () => {
  it('are as many as the config allows, and the rest waits for its turn', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    world.tasks.script = () => ({ does: 'complete', ms: 5 * MINUTE })
    await jobs(world, 'a', 'b', 'c')
    const agent = world.agent({ config: { defaultMaxConcurrent: 2 } })
    await agent.look()
    await world.pass(agent, MINUTE)
    expect(world.tasks.of('run')).toHaveLength(2)
    expect(agent.works.executor.active.size).toBe(2)
    await world.pass(agent, 5 * MINUTE)
    expect(world.tasks.of('run')).toHaveLength(3)
    expect(await world.outcomes('c')).toEqual(['01:00 running'])
  })

  it('are one for a job, also when it is run by hand twice', async () => {
    await using world = await aWorld()
    world.tasks.script = () => ({ does: 'complete', ms: 5 * MINUTE })
    await jobs(world, 'a')
    const agent = world.agent()
    await world.request(aJob().named('a'), 'x')
    await world.request(aJob().named('a'), 'y')
    await agent.look()
    expect(await world.outcomes('a')).toEqual(['00:30 running (manual)', '00:30 claimed (manual)'])
    await world.pass(agent, 5 * MINUTE)
    expect(world.tasks.of('run')).toEqual(['a.mx', 'a.my'])
  })

  it('fail while the bundles of before take all the room, and run again once there is some', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await jobs(world, 'a')
    const old = join(world.folders.bundles, 'a', 'old.tar.gz')
    await mkdir(dirname(old), { recursive: true })
    await writeFile(old, Buffer.alloc(2 ** 20))
    const agent = world.agent({ config: { maxDiskSpaceMB: 1 } })
    await agent.look()
    await world.pass(agent, MINUTE)
    expect([...(await world.runs('a')).values()]).toMatchObject([{ outcome: 'failed', error: { code: 'DISK_QUOTA' } }])
    expect(world.tasks.of('run')).toEqual([])
    await rm(old)
    await world.pass(agent, HOUR)
    expect(await world.outcomes('a')).toEqual(['01:00 failed', '02:00 completed'])
  })

  it('in a cluster are kept from the Secrets that any job of the namespace uploads with', async () => {
    await using world = await aWorld()
    const request = withCluster(world)
    await jobs(world, 'a')
    await world.create(
      aJob()
        .named('b')
        .with({ upload: [{ uploader: 's3', credentials: { secret: 's3-upload' } }] }),
    )
    const agent = world.agent()
    await world.request(aJob().named('a'), 'x')
    await agent.look()
    const [first] = world.tasks.starts.flatMap((start) => (start.request.task === 'run' ? [start.request] : []))
    expect(first?.cluster).toEqual({ ...request, withheld: ['/s3-upload', '/support-bundle-schedule-token-key'] })
  })

  it('have logs since the last completed run began, or since a while ago', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    withCluster(world)
    await world.create(
      aJob()
        .named('a')
        .with({ collect: { since: 'lastSuccess' } }),
    )
    await world.create(
      aJob()
        .named('b')
        .with({ collect: { since: '90m' } }),
    )
    const agent = world.agent()
    await agent.look()
    world.tasks.script = (request) => ({
      does: 'run' in request && request.run.id === runName('a', new Date('2026-03-10T02:00:00Z')) ? 'fail' : 'complete',
    })
    for (let slots = 0; slots < 3; slots++) await world.pass(agent, slots === 0 ? MINUTE : HOUR)
    const sinceOf = (job: string) =>
      world.tasks.starts.flatMap(({ request }) =>
        request.task === 'run' && request.run.job === job ? [request.cluster?.since] : [],
      )
    expect(sinceOf('a')).toEqual([undefined, '2026-03-10T01:00:00.000Z', '2026-03-10T01:00:00.000Z'])
    expect(sinceOf('b')).toEqual(['2026-03-09T23:30:00.000Z', '2026-03-10T00:30:00.000Z', '2026-03-10T01:30:00.000Z'])
  })

  it('that wait past their deadline are skipped, with the reason, and never start', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    world.tasks.script = () => ({ does: 'complete', ms: 40 * MINUTE })
    await jobs(world, 'a', 'b')
    const agent = world.agent({ config: { defaultMaxConcurrent: 1 } })
    await agent.look()
    await world.pass(agent, 50 * MINUTE, MINUTE)
    expect(await world.outcomes('a')).toEqual(['01:00 completed'])
    expect(await world.outcomes('b')).toEqual(['01:00 skipped-capacity'])
    expect(await world.runs('b')).toEqual(new Map())
    expect(world.tasks.of('run')).toHaveLength(1)
  })

  it('that were claimed by a process that died are skipped when it is too late for them', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await jobs(world, 'a')
    await world.agent().look()
    await world.clock.advance(MINUTE)
    const dying = world.agent()
    dying.works.executor.close()
    await dying.look()
    expect(await world.outcomes('a')).toEqual(['01:00 claimed'])
    dying.die()
    await world.clock.advance(20 * MINUTE)
    await world.agent().look()
    expect(await world.outcomes('a')).toEqual(['01:00 skipped-late'])
    expect(world.tasks.of('run')).toEqual([])
  })

  it('are not begun any more once the executor is closed', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await jobs(world, 'a')
    const agent = world.agent()
    await agent.look()
    agent.works.executor.close()
    await world.pass(agent, MINUTE)
    expect(await world.outcomes('a')).toEqual(['01:00 claimed'])
  })

  it('that are cancelled are recorded as interrupted, with the reason', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    world.tasks.script = () => ({ does: 'hang' })
    await world.create(aJob())
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, MINUTE)
    agent.works.executor.cancel('SIGTERM')
    await agent.works.executor.idle()
    const [run] = (await world.runs()).values()
    expect(run).toMatchObject({
      phase: 'finished',
      outcome: 'interrupted',
      error: { code: 'TASK_CANCELLED', message: 'the task was cancelled: SIGTERM' },
    })
  })
})

describe('what a run created in its cluster', () => {
  const crash = (request: { task: string }) => ({ does: request.task === 'run' ? 'crash' : 'complete' }) as const

  it('is removed by a task of its own when the run ended without a word', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    const cluster = withCluster(world)
    world.tasks.script = crash
    await world.create(aJob())
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, MINUTE)
    await eventually(() => world.tasks.of('sweep').length > 0, 'a sweep')
    expect(world.tasks.of('sweep')).toEqual([ONE])
    const [run, sweep] = ['run', 'sweep'].map((task) => world.tasks.starts.find((start) => start.task === task)?.request)
    expect(sweep).toMatchObject({ cluster, run: { uid: (run as RunRequest).run.uid } })
    expect((run as RunRequest).run.uid).toMatch(/./)
  })

  it('is removed when the agent died with the run', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    withCluster(world)
    world.tasks.script = ({ task }) => ({ does: task === 'run' ? 'hang' : 'complete' })
    await world.create(aJob())
    const dying = world.agent()
    await dying.look()
    await world.pass(dying, MINUTE)
    dying.die()
    await world.agent().look()
    expect(await world.outcomes()).toEqual(['01:00 interrupted'])
    await eventually(() => world.tasks.of('sweep').length > 0, 'a sweep')
    expect(world.tasks.of('sweep')).toEqual([ONE])
  })

  it('is nothing where a run has no cluster', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    world.tasks.script = crash
    await jobs(world, 'a')
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, MINUTE)
    expect(await world.outcomes('a')).toEqual(['01:00 interrupted'])
    expect(world.tasks.of('sweep')).toEqual([])
  })
})

describe('a run', () => {
  it('whose spec cannot be read fails with the reason, and starts no task', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await world.create(aJob().with({ collect: { specs: [{ configMap: { name: 'vendor' } }] } }))
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, MINUTE)
    const [run] = (await world.runs()).values()
    expect(run).toMatchObject({ outcome: 'failed', error: { code: 'SPEC_SOURCE', message: expect.stringContaining('vendor') } })
    expect(world.tasks.starts).toEqual([])
  })

  it('asks for what its job says, within the ceilings of the config', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    const inline = { apiVersion: 'troubleshoot.sh/v1beta2', kind: 'HostCollector' }
    await world.create(
      aJob().with({ timeout: '7m', analyze: false, collect: { specs: [{ inline }] }, limits: { memory: '8Gi', bundle: '1Mi' } }),
    )
    let memoryBytes = 0
    const agent = world.agent({ config: { maxMemoryMB: 100 } })
    const { tasks } = agent.works.edge
    agent.works.edge.tasks = { start: (request, options) => ((memoryBytes = options.memoryBytes), tasks.start(request, options)) }
    await agent.look()
    await world.pass(agent, MINUTE)
    expect(world.tasks.starts[0]?.request).toEqual({
      task: 'run',
      run: {
        id: ONE,
        uid: (await world.store.get({ kind: 'run', namespace: '', name: ONE }))?.uid,
        job: 'nightly',
        namespace: '',
        slot: '2026-03-10T01:00:00.000Z',
        trigger: 'schedule',
      },
      workFolder: join(world.folders.work, ONE),
      fileName: 'nightly-20260310T010000Z.tar.gz',
      specs: [inline],
      mayUseHost: true,
      analyze: false,
      redact: true,
      timeoutMs: 7 * MINUTE,
      limits: { bundleBytes: 2 ** 20, outputBytes: 2 ** 31 },
      pluginFolders: [world.folders.plugins],
      baseline: { reason: 'no run of this job has been completed yet' },
    } satisfies RunRequest)
    expect(memoryBytes).toBe(100 * 2 ** 20)
  })

  it('leaves its bundle in the folder of its job, its figures in its record, its log, and nothing else', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    world.tasks.script = () => ({
      does: 'complete',
      ms: 5_000,
      says: [{ type: 'warning', code: 'X', message: 'password=hunter2secret' }],
    })
    await world.create(aJob())
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, MINUTE)
    await world.pass(agent, 5_000)
    const run = (await world.runs()).get(ONE)
    const path = join(world.folders.bundles, 'nightly', 'nightly-20260310T010000Z.tar.gz')
    expect(run).toMatchObject({
      phase: 'finished',
      outcome: 'completed',
      startedAt: '2026-03-10T01:00:00.000Z',
      endedAt: '2026-03-10T01:00:05.000Z',
      bundle: { path, fileName: 'nightly-20260310T010000Z.tar.gz', files: 3, isPartial: false },
      collectors: { ran: 2, failed: 0, skipped: 0 },
      redactions: 4,
      metrics: { collectMs: 5_000, totalMs: 5_000, cpuMs: 7 },
    })
    expect(await readFile(path, 'utf8')).toBe(`bundle of ${ONE}`)
    expect(await readdir(world.folders.work)).toEqual([])
    const log = await readFile(join(world.folders.runLogs, `${ONE}.log`), 'utf8')
    expect(
      log
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { message: string }).message),
    ).toEqual(['run started', expect.stringMatching(/^X: password=\*\*\*HIDDEN/), 'run collected'])
  })

  it('by hand has the id of its request in the name of its bundle', async () => {
    await using world = await aWorld()
    await world.create(aJob())
    const agent = world.agent()
    await world.request(aJob(), 'abc')
    await agent.look()
    expect(await readdir(join(world.folders.bundles, 'nightly'))).toEqual(['nightly-20260310T003000Z-mabc.tar.gz'])
  })

  it('whose archive is somewhere else fails, and what lies there stays', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await world.create(aJob())
    world.tasks.script = (request) => ({
      does: 'complete',
      result: { archive: { path: join((request as RunRequest).workFolder, '../../elsewhere') } },
    })
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, MINUTE)
    expect((await world.runs()).get(ONE)).toMatchObject({ outcome: 'failed', error: { code: 'TASK_PROTOCOL' } })
  })

  it.each([
    ['numbers that are none', { warnings: 'many' }],
    ['no collectors', { collectors: undefined, redactions: -0.5 }],
  ])('whose result has %s fails, and its record can be read', async (_, change) => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await world.create(aJob())
    const agent = world.agent()
    const { tasks } = agent.works.edge
    agent.works.edge.tasks = {
      start: async (request, options) => {
        const outcome = await tasks.start(request, options)
        return { ...outcome, result: Object.assign({}, await collected(request as RunRequest), change) as never }
      },
    }
    await agent.look()
    await world.pass(agent, MINUTE)
    expect((await world.runs()).get(ONE)).toMatchObject({ outcome: 'failed', error: { code: 'TASK_PROTOCOL' } })
  })

  it('whose error is endless is recorded in so far as it fits', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await world.create(aJob())
    const agent = world.agent()
    agent.works.edge.tasks = {
      start: async () => ({
        warnings: [],
        peakRssBytes: 0,
        error: fail('COLLECTOR_FAILED', { key: 'x', reason: 'ä"\n'.repeat(100_000) }),
      }),
    }
    await agent.look()
    await world.pass(agent, MINUTE)
    const run = (await world.runs()).get(ONE)
    expect(run).toMatchObject({ outcome: 'failed', error: { code: 'COLLECTOR_FAILED' } })
    expect(run?.error?.message.length).toBeGreaterThan(500)
  })

  it('whose outcome cannot be kept is offered to the store again, and its bundle is not lost', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await world.create(aJob())
    let isFull = false
    const store = new (class extends MortalStore {
      override seal: MortalStore['seal'] = async (ref, document, version) => {
        if (isFull && ref.kind === 'run') throw fail('STORE_FULL', { what: 'run' })
        return world.store.seal(ref, document, version)
      }
    })(world.store)
    const agent = world.agent({ store })
    await agent.look()
    isFull = true
    await world.clock.advance(MINUTE)
    const looking = agent.look()
    await eventually(() => world.log.of('warn').length > 0, 'the store refuses')
    expect((await world.runs()).get(ONE)?.phase).toBe('running')
    isFull = false
    await eventually(() => world.clock.advance(1_000).then(() => agent.works.executor.active.size === 0), 'the run has ended')
    await looking
    expect((await world.runs()).get(ONE)).toMatchObject({ outcome: 'completed' })
  })

  it('whose outcome was never kept does not count as at work for ever: it becomes interrupted', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    await world.create(aJob())
    let isBroken = false
    const store = new (class extends MortalStore {
      override seal: MortalStore['seal'] = async (ref, document, version) => {
        if (isBroken && ref.kind === 'run') throw new Error('a bug')
        return world.store.seal(ref, document, version)
      }
    })(world.store)
    const agent = world.agent({ store })
    await agent.look()
    isBroken = true
    await world.pass(agent, MINUTE)
    expect(world.log.of('error')).toContain('run not recorded')
    isBroken = false
    await agent.look()
    expect(await world.outcomes()).toEqual(['01:00 interrupted'])
    await world.pass(agent, HOUR)
    expect((await world.outcomes())[1]).toBe('02:00 completed')
  })
})

describe('a job that is deleted during a run', () => {
  it('has its task cancelled, and its records go', async () => {
    await using world = await aWorld('2026-03-10T00:59:00Z')
    world.tasks.script = () => ({ does: 'hang' })
    await world.create(aJob())
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, MINUTE)
    expect(existsSync(join(world.folders.work, ONE))).toBe(true)
    await world.remove(aJob())
    await agent.look()
    expect(agent.works.executor.active.size).toBe(0)
    expect([...(await world.runs()), ...(await world.all('status'))]).toEqual([])
    expect(existsSync(join(world.folders.work, ONE))).toBe(false)
    expect((await world.entries()).map(({ type }) => type)).toEqual(['created', 'run', 'deleted'])
  })

  it('and created again at once does not get the end of the old run: its own run of the same slot is another', async () => {
    await using world = await aWorld('2026-03-10T00:59:59Z')
    world.tasks.script = () => ({ does: 'hang' })
    await world.create(aJob())
    const agent = world.agent()
    await agent.look()
    await world.pass(agent, 1_000)
    await world.remove(aJob())
    // The same minute has a slot of the new job, too.
    world.clock.jump(-500)
    const { uid } = await world.create(aJob())
    world.clock.jump(500)
    world.tasks.script = () => ({ does: 'complete' })
    await agent.look()
    await agent.look()
    expect((await world.runs()).get(ONE)).toMatchObject({ jobUid: uid, outcome: 'completed' })
    expect(world.tasks.of('run')).toEqual([ONE, ONE])
    expect((await world.status()).runCount, 'counters begin anew').toBe(1)
    expect((await world.pages())[0]).toMatchObject({ jobUid: uid, earlier: { interrupted: 1 } })
  })
})
