import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sweepFacts } from '../../../agent/scheduler/baselines.ts'
import { runName } from '../../../core/names.ts'
import type { DeliverResult, RunRequest, TaskRequest } from '../../../core/task.ts'
import type { Ref } from '../../../core/store/store.ts'
import { aWorld, type TestAgent, type World } from '../../support/agent.ts'
import { type Behaviour, collected, receipt } from '../../support/fake-tasks.ts'
import { aJob } from '../../support/jobs.ts'

const HOUR = 3_600_000
const run = (hour: number) => runName('nightly', new Date(Date.UTC(2026, 2, 10, hour)))

/** How a run ends, and what its task leaves in its work folder. */
interface Ending {
  fails?: boolean
  leaves?: (work: string) => Promise<void>
  drift?: unknown
}

const leaveFacts = (text: string) => (work: string) => writeFile(join(work, 'drift.json.gz'), text)

interface Told {
  baseline: RunRequest['baseline']
  /** what stood in the file, and its mode, when the task was started */
  text?: string | undefined
  mode?: number
}

/** Runs a job each hour with these endings; gives what each task was told of its baseline. */
async function runAll(world: World, agent: TestAgent, endings: readonly Ending[], deliver?: () => Behaviour): Promise<Told[]> {
  const told: Told[] = []
  const { tasks } = world
  const rest = [...endings]
  agent.works.edge.tasks = {
    async start(request, options) {
      const asked: TaskRequest = request
      if (asked.task === 'run') {
        const { fails, leaves = () => Promise.resolve(), drift } = rest.shift() ?? {}
        const { baseline } = asked
        const path = baseline && 'path' in baseline ? baseline.path : undefined
        told.push({ baseline, ...(path ? { text: await readFile(path, 'utf8'), mode: (await stat(path)).mode & 0o777 } : {}) })
        await leaves(asked.workFolder)
        const result = { ...(await collected(asked)), drift }
        world.tasks.script = ({ task }) =>
          task === 'deliver' && deliver ? deliver() : fails ? { does: 'fail' } : { does: 'complete', result }
      }
      return tasks.start(request, options)
    },
  }
  await agent.look()
  for (const _ of endings) await world.pass(agent, HOUR, HOUR / 6)
  return told
}

async function hourly() {
  const world = await aWorld('2026-03-10T00:30:00Z')
  await world.create(aJob())
  return world
}
const kept = (world: World) => readdir(join(world.folders.drift, 'nightly')).then((names) => names.toSorted())

describe('the baseline of a run', () => {
  it('is the last good run, whose facts its task can read', async () => {
    await using world = await hourly()
    const told = await runAll(world, world.agent(), [
      { leaves: leaveFacts('one') },
      { leaves: leaveFacts('two'), fails: true },
      { leaves: leaveFacts('three') },
      {},
    ])
    const path = (hour: number) => join(world.folders.work, run(hour), 'baseline-drift.json.gz')
    expect(told).toEqual([
      { baseline: { reason: 'no run of this job has been completed yet' } },
      { baseline: { run: run(1), path: path(2) }, text: 'one', mode: 0o640 },
      { baseline: { run: run(1), path: path(3) }, text: 'one', mode: 0o640 },
      { baseline: { run: run(3), path: path(4) }, text: 'three', mode: 0o640 },
    ])
    expect(await readdir(world.folders.work)).toEqual([])
  })

  it('is said to be missing when its facts are not there', async () => {
    await using world = await hourly()
    const told = await runAll(world, world.agent(), [{}, {}])
    expect(told[1]).toEqual({ baseline: { reason: `the facts of ${run(1)} are not kept here` } })
  })

  it('is known to another process of the same machine', async () => {
    await using world = await hourly()
    const first = world.agent()
    await runAll(world, first, [{ leaves: leaveFacts('one') }])
    first.die()
    const [told] = await runAll(world, world.agent(), [{}])
    expect(told).toMatchObject({ baseline: { run: run(1) }, text: 'one' })
  })

  it('is none that a job of the same name left', async () => {
    await using world = await hourly()
    const agent = world.agent()
    await runAll(world, agent, [{ leaves: leaveFacts('one') }])
    await world.remove(aJob())
    await world.create(aJob())
    const [told] = await runAll(world, agent, [{}])
    expect(told).toEqual({ baseline: { reason: 'no run of this job has been completed yet' } })
  })
})

describe('facts', () => {
  it('are kept of the last good run and of the newest', async () => {
    await using world = await hourly()
    const agent = world.agent()
    await runAll(world, agent, [{ leaves: leaveFacts('one') }, { leaves: leaveFacts('two') }, { leaves: leaveFacts('three') }])
    expect(await kept(world)).toEqual([`${run(2)}.json.gz`, `${run(3)}.json.gz`])
    const [told] = await runAll(world, agent, [{ leaves: leaveFacts('four') }])
    expect(told?.text).toBe('three')
    expect((await stat(join(world.folders.drift, 'nightly', `${run(4)}.json.gz`))).mode & 0o777).toBe(0o600)
  })

  it('are kept of runs that are still delivered, for when they are completed', async () => {
    await using world = await aWorld('2026-03-10T00:30:00Z')
    await world.create(aJob().uploadingTo('far'))
    const refused: DeliverResult = { error: { code: 'UPLOAD_FAILED', message: 'away', class: 'retryable' } }
    let isAway = true
    const agent = world.agent()
    const deliver = () => ({ does: 'complete', result: isAway ? refused : receipt(20) }) as const
    const first = await runAll(world, agent, [{ leaves: leaveFacts('one') }, { leaves: leaveFacts('two') }], deliver)
    expect(first[1]?.baseline).toEqual({ reason: 'no run of this job has been completed yet' })
    expect(await kept(world)).toEqual([`${run(1)}.json.gz`, `${run(2)}.json.gz`])
    isAway = false
    await world.pass(agent, HOUR / 3, HOUR / 12)
    const [third] = await runAll(world, agent, [{}], deliver)
    expect(third?.text).toBe('two')
  })

  const TRICKS: readonly [what: string, leaves: (work: string) => Promise<void>][] = [
    ['a link', (work) => symlink('/etc/passwd', join(work, 'drift.json.gz'))],
    ['a folder', (work) => mkdir(join(work, 'drift.json.gz')).then(() => undefined)],
    ['more than anyone needs', (work) => writeFile(join(work, 'drift.json.gz'), Buffer.alloc(33 * 2 ** 20))],
  ]
  it.each(TRICKS)('that are %s are not kept, and cost no run', async (_, leaves) => {
    await using world = await hourly()
    await runAll(world, world.agent(), [{ leaves }])
    expect(await readdir(world.folders.drift).catch(() => [])).toEqual([])
    expect(await world.outcomes()).toEqual(['01:00 completed'])
    expect(world.log.of('warn')).toContain('the facts of a run are not kept')
  })

  it('go with their job', async () => {
    await using world = await hourly()
    const agent = world.agent()
    await world.create(aJob().named('other').with({ schedule: '@yearly' }))
    await runAll(world, agent, [{ leaves: leaveFacts('one') }])
    await mkdir(join(world.folders.drift, 'other'))
    await world.remove(aJob())
    await agent.look()
    expect(await readdir(world.folders.drift)).toEqual(['other'])
  })
})

describe('the sweep of facts', () => {
  it('asks the store, and only about jobs that the mirror does not have', async () => {
    await using world = await hourly()
    const agent = world.agent()
    await agent.look()
    for (const job of ['nightly', 'new', 'gone', 'No job']) await mkdir(join(world.folders.drift, job), { recursive: true })
    await world.create(aJob().named('new'))
    const asked: string[] = []
    const get = (ref: Ref) => {
      asked.push(ref.name)
      return world.store.get(ref)
    }
    await sweepFacts({ ...agent.works.edge, store: { ...world.store, get } })
    expect(asked.toSorted()).toEqual(['gone', 'new'])
    expect((await readdir(world.folders.drift)).toSorted()).toEqual(['No job', 'new', 'nightly'])
  })
})

describe('the drift of a run', () => {
  const drift = { state: 'changed', baseline: run(1), appeared: 2, gone: 1, lines: ['- Service shop/web'] }

  it('stands in its record, its status and its log', async () => {
    await using world = await hourly()
    await runAll(world, world.agent(), [{ drift }])
    const { lines, ...counts } = drift
    expect((await world.runs()).get(run(1))?.drift).toEqual(counts)
    expect((await world.status()).lastRun?.drift).toEqual(counts)
    expect(await readFile(join(world.folders.runLogs, `${run(1)}.log`), 'utf8')).toContain(lines[0])
  })

  it('is kept as numbers once the run is a line of the ledger', async () => {
    await using world = await hourly()
    await runAll(world, world.agent(), [{ drift }, {}, {}, {}, {}])
    expect(await world.entries()).toContainEqual(
      expect.objectContaining({ run: run(1), drift: { state: 'changed', appeared: 2, gone: 1 } }),
    )
    expect((await world.all('ledger')).map(({ text }) => text).join()).not.toContain('baseline')
  })

  it('that is nonsense costs the run, like any nonsense', async () => {
    await using world = await hourly()
    await runAll(world, world.agent(), [{ drift: { state: 'weird', lines: [] } }])
    expect((await world.runs()).get(run(1))).toMatchObject({ outcome: 'failed', error: { code: 'TASK_PROTOCOL' } })
  })
})
