import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Agent, type AgentEdge, runRequest, startAgent } from '../../agent/agent.ts'
import type { AgentConfig } from '../../agent/config.ts'
import { decodeRun, type Run } from '../../core/run.ts'
import { createFileStore } from '../../core/store/file-store.ts'
import { createMemoryStore } from '../../core/store/memory-store.ts'
import type { Store } from '../../core/store/store.ts'
import { parseMetrics } from './server/prometheus.ts'
import { aJob } from '../support/jobs.ts'
import { aWorld, eventually, type World } from '../support/agent.ts'

const MINUTE = 60_000
const state = (world: World, name: string) => join(world.folders.state, name)

/** A file store as a process has it. */
function fileStore(world: World, { processes, clock, folders }: AgentEdge): Store {
  let uids = 0
  return createFileStore({
    folder: folders.base,
    clock,
    processes,
    newUid: () => `${processes.self.startId}-uid-${++uids}`,
    onProblem: (problem) => world.log.error({ problem }, 'damage'),
  })
}

function edgeOf(world: World, config: Partial<AgentConfig> = {}): AgentEdge {
  const edge = world.edge(world.store, config)
  return { ...edge, store: fileStore(world, edge) }
}

async function runsIn(store: Store): Promise<Run[]> {
  const runs: Run[] = []
  for await (const { text } of store.list('run', '')) runs.push(decodeRun(text))
  return runs
}

/** Time goes by in steps, each with a while for files. */
async function pass(world: World, ms: number, stepMs: number): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    await world.clock.advance(Math.min(stepMs, left))
    await new Promise((resolve) => setImmediate(resolve))
  }
}
const until = (world: World, holds: () => Promise<boolean>, what: string) =>
  eventually(async () => (await pass(world, 100, 100), holds()), what)

/** Time goes by until it has settled. */
async function ended(world: World, work: Promise<void>): Promise<void> {
  let isOver = false
  const over = work.finally(() => (isOver = true))
  over.catch(() => undefined)
  await until(world, async () => isOver, 'it ends')
  await over
}

const ask = (agent: Agent, path: string, token?: string) =>
  fetch(`http://127.0.0.1:${agent.port}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })

describe('an agent', () => {
  it('works on the files of its folder, and serves what it does', async () => {
    await using world = await aWorld('2026-03-10T00:59:50Z')
    const edge = edgeOf(world)
    const agent = await startAgent(edge)
    await edge.store.create(aJob().ref, aJob().document)
    await until(world, async () => (await runsIn(edge.store))[0]?.outcome === 'completed', 'the slot is run')
    const token = await readFile(state(world, 'token'), 'utf8')
    expect(token).toBe('the-token')
    await until(
      world,
      async () => (await (await ask(agent, '/api/v1/jobs', token)).text()).includes('"state":"completed"'),
      'the status says so',
    )
    expect((await ask(agent, '/readyz')).status).toBe(200)
    expect((await ask(agent, '/api/v1/jobs')).status).toBe(401)
    const metrics = parseMetrics(await (await ask(agent, '/metrics')).text())
    expect(metrics.get('troubleshoot_scheduler_executions_total')?.samples.get('{status="completed"}')).toBe(1)
    await agent.stop('test')
  })

  it('says that it is there, and leaves nothing of that behind', async () => {
    await using world = await aWorld()
    const edge = edgeOf(world)
    const agent = await startAgent(edge)
    const { pid, startId } = edge.processes.self
    expect(JSON.parse(await readFile(state(world, 'daemon.json'), 'utf8'))).toMatchObject({
      pid,
      startId,
      port: agent.port,
      version: '1.2.3',
    })
    expect(JSON.parse(await readFile(state(world, 'daemon.pid'), 'utf8'))).toMatchObject({
      pid,
      startId,
      startedAt: '2026-03-10T00:30:00.000Z',
    })
    expect((await stat(world.folders.state)).mode & 0o777).toBe(0o700)
    expect((await stat(state(world, 'token'))).mode & 0o777).toBe(0o600)
    await agent.stop('test')
    expect((await readdir(world.folders.state)).filter((name) => name !== 'cache.json')).toEqual([])
    await expect(ask(agent, '/healthz')).rejects.toThrow()
  })

  it('is one for a folder', async () => {
    await using world = await aWorld()
    const first = edgeOf(world)
    const agent = await startAgent(first)
    await expect(startAgent(edgeOf(world))).rejects.toMatchObject({
      code: 'DAEMON_RUNNING',
      message: `a daemon already runs for ${world.folders.base} (process ${first.processes.self.pid})`,
    })
    expect((await ask(agent, '/healthz')).status, 'the first one works on').toBe(200)
    await agent.stop('test')
    await (await startAgent(edgeOf(world))).stop('test')
  })

  it.each([
    ['of a process that has ended', JSON.stringify({ pid: 1, startId: 'long-gone', startedAt: 'x' })],
    ['that is damaged', '{"pid": 1'],
    ['that is empty', ''],
  ])('takes over a pid file %s', async (_, text) => {
    await using world = await aWorld()
    await mkdir(world.folders.state, { recursive: true })
    await writeFile(state(world, 'daemon.pid'), text)
    await (await startAgent(edgeOf(world))).stop('test')
    expect(existsSync(state(world, 'daemon.pid'))).toBe(false)
  })

  it('that cannot start gives everything free again', async () => {
    await using world = await aWorld()
    const other = await startAgent(edgeOf(world))
    await using second = await aWorld()
    await expect(startAgent(edgeOf(second, { metricsPort: other.port }))).rejects.toMatchObject({ code: 'PORT_TAKEN' })
    expect(existsSync(state(second, 'daemon.pid'))).toBe(false)
    await other.stop('test')
    const broken = edgeOf(second)
    const store: Store = {
      ...broken.store,
      list: () => {
        throw new Error('the disk is gone')
      },
    }
    await expect(startAgent({ ...broken, store })).rejects.toThrow('the disk is gone')
    expect((await readdir(second.folders.state)).filter((name) => name !== 'cache.json')).toEqual([])
    await (await startAgent(edgeOf(second))).stop('test')
  })

  it('that may not write its folder says so', async () => {
    await using world = await aWorld()
    await mkdir(world.folders.base, { recursive: true })
    await writeFile(world.folders.state, 'a file in the way')
    await expect(startAgent(edgeOf(world))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining(world.folders.state),
    })
  })

  it('starts without its cache, and with a damaged one', async () => {
    await using world = await aWorld()
    await mkdir(world.folders.state, { recursive: true })
    await writeFile(state(world, 'cache.json'), 'garbage')
    await (await startAgent(edgeOf(world))).stop('test')
    await rm(state(world, 'cache.json'), { force: true })
    await mkdir(state(world, 'cache.json'))
    await (await startAgent(edgeOf(world))).stop('test')
    expect(world.log.of('warn')).toContain('the cache cannot be read; it is made anew')
  })

  it('notes the deletion of a job that went while nobody looked', async () => {
    await using world = await aWorld()
    const edge = edgeOf(world)
    const first = await startAgent(edge)
    await edge.store.create(aJob().ref, aJob().document)
    const ledger = async () => {
      for await (const { text } of edge.store.list('ledger', '')) return text
      return ''
    }
    await until(world, async () => (await ledger()) !== '', 'the job was seen')
    await first.stop('test')
    await edge.store.remove(aJob().ref)
    const second = await startAgent(edgeOf(world))
    await until(world, async () => (await ledger()).includes('"deleted"'), 'the deletion is noted')
    await second.stop('test')
  })
})

describe('a stop', () => {
  async function atWork(world: World, ms: number): Promise<{ agent: Agent; edge: AgentEdge }> {
    world.tasks.script = () => (ms > 0 ? { does: 'complete', ms } : { does: 'hang' })
    const edge = edgeOf(world)
    await edge.store.create(aJob().ref, aJob().document)
    const agent = await startAgent(edge)
    await until(world, async () => world.tasks.waiting.size > 0, 'a run is at work')
    return { agent, edge }
  }

  it('waits a moment for what is at work', async () => {
    await using world = await aWorld('2026-03-10T00:59:58Z')
    const { agent, edge } = await atWork(world, 8_000)
    await ended(world, agent.stop('SIGTERM'))
    expect(await runsIn(edge.store)).toMatchObject([{ phase: 'finished', outcome: 'completed' }])
  })

  it('records what does not end as interrupted', async () => {
    await using world = await aWorld('2026-03-10T00:59:58Z')
    const { agent, edge } = await atWork(world, 0)
    const stopping = agent.stop('SIGTERM')
    await pass(world, 9_000, 500)
    expect((await runsIn(edge.store))[0]?.phase, 'it has ten seconds').toBe('running')
    await ended(world, stopping)
    expect(await runsIn(edge.store)).toMatchObject([
      { phase: 'finished', outcome: 'interrupted', error: { code: 'TASK_CANCELLED' } },
    ])
    expect(world.tasks.of('run')).toHaveLength(1)
  })

  it('begins nothing new', async () => {
    await using world = await aWorld('2026-03-10T00:59:58Z')
    const { agent, edge } = await atWork(world, 5_000)
    await edge.store.create(aJob().named('other').ref, aJob().named('other').every('* * * * *').document)
    await ended(world, agent.stop('SIGTERM'))
    await pass(world, 2 * MINUTE, MINUTE)
    expect(world.tasks.of('run')).toHaveLength(1)
  })
})

describe('a reload', () => {
  it('takes over what can be changed while the agent works', async () => {
    await using world = await aWorld('2026-03-10T00:59:58Z')
    world.tasks.script = () => ({ does: 'hang' })
    const memory: number[] = []
    const tasks: AgentEdge['tasks'] = {
      start: (request, options) => (memory.push(options.memoryBytes / 2 ** 20), world.tasks.start(request, options)),
    }
    const edge = { ...edgeOf(world, { defaultMaxConcurrent: 1 }), tasks }
    for (const name of ['a', 'b']) await edge.store.create(aJob().named(name).ref, aJob().document)
    const agent = await startAgent(edge)
    await until(world, async () => world.tasks.waiting.size === 1, 'one run is at work')
    agent.reload({ ...edge.config, metricsEnabled: false, defaultMaxConcurrent: 2, maxMemoryMB: 100 })
    expect((await ask(agent, '/metrics')).status).toBe(404)
    await until(world, async () => world.tasks.waiting.size === 2, 'two runs are at work')
    expect(memory).toEqual([1024, 100])
    agent.reload({ ...edge.config, metricsPort: 1 })
    expect(world.log.of('warn')).toContain('a new metricsPort needs a restart')
    expect((await ask(agent, '/metrics')).status).toBe(200)
    await ended(world, agent.stop('test'))
  })
})

describe('one request without a daemon', () => {
  const never = () => new AbortController().signal

  it('is done, with its deliveries, and the process ends', async () => {
    await using world = await aWorld()
    const job = aJob().uploadingTo('a', 'b')
    await world.create(job)
    await world.request(job, 'abc')
    await runRequest(world.edge(), 'nightly', 'abc', never())
    expect(world.tasks.starts.map(({ task, request }) => [task, request.task === 'deliver' && request.target.uploader])).toEqual([
      ['run', false],
      ['deliver', 'a'],
      ['deliver', 'b'],
      ['prune', false],
      ['prune', false],
    ])
    expect(await world.runs()).toMatchObject(new Map([['nightly.mabc', { outcome: 'completed' }]]))
    expect((await world.status()).state).toBe('completed')
    expect(await world.all('request')).toEqual([])
  })

  it('tries each target once; the rest is for a daemon', async () => {
    await using world = await aWorld()
    const failure = { error: { code: 'X', message: 'no', class: 'retryable' } }
    world.tasks.script = (request) => ({ does: 'complete', ...(request.task === 'deliver' ? { result: failure } : {}) })
    const job = aJob().uploadingTo('a', 'b')
    await world.create(job)
    await world.request(job, 'abc')
    await runRequest(world.edge(), 'nightly', 'abc', never())
    expect((await world.runs()).get('nightly.mabc')).toMatchObject({
      phase: 'delivering',
      deliveries: [{ tries: 1 }, { tries: 1 }],
    })
  })

  it('does not take slots, nor what others asked for', async () => {
    await using world = await aWorld()
    await world.create(aJob())
    const edge = world.edge()
    await world.clock.advance(35 * MINUTE)
    await world.request(aJob(), 'mine')
    await world.request(aJob(), 'theirs')
    await runRequest(edge, 'nightly', 'mine', never())
    expect([...(await world.runs()).keys()]).toEqual(['nightly.mmine'])
    expect((await world.all('request')).map(({ name }) => name)).toEqual(['nightly.request.theirs'])
    await runRequest(world.edge(), 'nightly', 'theirs', never())
    expect(world.tasks.of('run')).toEqual(['nightly.mmine', 'nightly.mtheirs'])
  })

  it('at the same time as another one of the job, each does its own', async () => {
    await using world = await aWorld()
    await world.create(aJob())
    await world.request(aJob(), 'one')
    await world.request(aJob(), 'two')
    await Promise.all(['one', 'two'].map((id) => runRequest(world.edge(), 'nightly', id, never())))
    expect([...(await world.runs()).values()].map(({ outcome }) => outcome)).toEqual(['completed', 'completed'])
    expect(world.tasks.of('run').toSorted()).toEqual(['nightly.mone', 'nightly.mtwo'])
  })

  it('that is interrupted is recorded so', async () => {
    await using world = await aWorld()
    world.tasks.script = () => ({ does: 'hang' })
    await world.create(aJob())
    await world.request(aJob(), 'abc')
    const stop = new AbortController()
    const running = runRequest(world.edge(), 'nightly', 'abc', stop.signal)
    await eventually(() => world.tasks.waiting.size > 0, 'the run is at work')
    stop.abort(new Error('SIGINT'))
    await running
    expect((await world.runs()).get('nightly.mabc')).toMatchObject({ outcome: 'interrupted' })
  })

  it('that was interrupted before it began does nothing', async () => {
    await using world = await aWorld()
    await world.create(aJob())
    await world.request(aJob(), 'abc')
    await runRequest(world.edge(), 'nightly', 'abc', AbortSignal.abort(new Error('SIGINT')))
    expect(world.tasks.starts).toEqual([])
    expect((await world.runs()).get('nightly.mabc')?.phase).toBe('claimed')
    await world.agent().look()
    expect((await world.runs()).get('nightly.mabc')?.phase).toBe('claimed')
  })

  it('of a job that is invalid fails, and says why', async () => {
    await using world = await aWorld()
    await world.create(aJob().every('never'))
    await world.request(aJob(), 'abc')
    await runRequest(world.edge(), 'nightly', 'abc', never())
    expect((await world.runs()).get('nightly.mabc')).toMatchObject({ outcome: 'failed', error: { code: 'SCHEDULE_INVALID' } })
  })
})

describe('files that were lost', () => {
  it('of status and cache are made again, equal', async () => {
    await using world = await aWorld('2026-03-10T00:59:55Z')
    const edge = edgeOf(world)
    await edge.store.create(aJob().ref, aJob().document)
    const first = await startAgent(edge)
    await until(world, async () => (await runsIn(edge.store))[0]?.outcome === 'completed', 'the slot is run')
    await pass(world, 3_000, 500)
    await first.stop('test')
    const read = async () => {
      const status = JSON.parse(
        (await edge.store.get({ kind: 'status', namespace: '', name: 'nightly.status' }))?.text ?? '{}',
      ) as { conditions?: object[] }
      return {
        cache: await readFile(state(world, 'cache.json'), 'utf8'),
        status: { ...status, updatedAt: '', conditions: status.conditions?.map((one) => ({ ...one, at: '' })) },
      }
    }
    const before = await read()
    await rm(join(world.folders.base, 'status'), { recursive: true })
    await rm(state(world, 'cache.json'))
    const second = await startAgent(edgeOf(world))
    await until(
      world,
      async () => existsSync(state(world, 'cache.json')) && existsSync(join(world.folders.base, 'status/nightly.status.json')),
      'both are there',
    )
    await pass(world, 1_500, 500)
    await second.stop('test')
    expect(await read()).toEqual(before)
  })
})

it('the memory store is enough to start with', async () => {
  await using world = await aWorld()
  const store = createMemoryStore({ clock: world.clock, newUid: () => 'uid' })
  await (await startAgent({ ...world.edge(), store })).stop('test')
})
