import { describe, expect, it } from 'vitest'
import { runDocument } from '../../../agent/scheduler/runs.ts'
import { sum, totals } from '../../../core/ledger.ts'
import { aJob, aRun, type JobBuilder, runNameOf } from '../../support/jobs.ts'
import { aWorld, type TestAgent, type World } from '../../support/agent.ts'
import type { Death } from '../../support/mortal-store.ts'

/** The night of a month's end: the ledger begins a new page in it. */
const START = '2026-03-31T23:30:00Z'
const SETTLED = ['20:00', '21:00', '22:00'].map((time) => `2026-03-31T${time}:00.000Z`)

interface Scenario {
  name: string
  job?: JobBuilder
  /** what happens at each instant before whoever lives looks, several times */
  steps: { at: string; does?: (world: World, job: JobBuilder) => Promise<unknown> }[]
  /** how the slots may have ended; each must be among them, and no other */
  slots: Record<string, RegExp>
}

const hourly = aJob()
const ran = /^(completed|interrupted)$/

const SCENARIOS: Scenario[] = [
  {
    name: 'claim, run, finish, compact, over a new month',
    steps: [{ at: '2026-04-01T00:00:00Z' }, { at: '2026-04-01T01:00:00Z' }],
    slots: { '2026-04-01T00:00': ran, '2026-04-01T01:00': ran },
  },
  {
    name: 'with an upload',
    job: hourly.uploadingTo('local', 'discard'),
    steps: [{ at: '2026-04-01T00:00:00Z' }, { at: '2026-04-01T00:00:40Z' }, { at: '2026-04-01T01:00:00Z' }],
    slots: { '2026-04-01T00:00': ran, '2026-04-01T01:00': ran },
  },
  {
    name: 'after downtime',
    steps: [{ at: '2026-04-01T03:05:00Z' }],
    slots: { '2026-04-01T00:00..02:00': /^missed-down$/, '2026-04-01T03:00': ran },
  },
  {
    name: 'a slot that is too late',
    steps: [{ at: '2026-04-01T03:30:00Z' }],
    slots: { '2026-04-01T00:00..02:00': /^missed-down$/, '2026-04-01T03:00': /^skipped-late$/ },
  },
  {
    name: 'a pause and a resume',
    steps: [
      { at: '2026-04-01T00:05:00Z', does: (world, job) => world.edit(job.paused()) },
      { at: '2026-04-01T02:30:00Z', does: (world, job) => world.edit(job) },
      { at: '2026-04-01T03:00:00Z' },
    ],
    slots: { '2026-04-01T00:00': /^not-observed$/, '2026-04-01T01:00..02:00': /^disabled$/, '2026-04-01T03:00': ran },
  },
  {
    name: 'a run asked for by hand',
    job: hourly.every('30 12 * * *'),
    steps: [{ at: '2026-04-01T00:10:00Z', does: (world, job) => world.request(job, 'abc') }, { at: '2026-04-01T00:11:00Z' }],
    slots: { '2026-04-01T00:10 manual': ran },
  },
]

async function settledRuns(world: World, job: JobBuilder): Promise<void> {
  const { uid } = await world.create(job)
  for (const slot of SETTLED) {
    const run = aRun({ slot, jobUid: uid })
    const ref = { kind: 'run' as const, namespace: '', name: runNameOf(run) }
    const { version } = await world.store.create(ref, runDocument(run))
    await world.store.seal(ref, runDocument(run), version)
  }
  const before = world.agent()
  await before.look()
  before.die()
}

/** Lives through a scenario; whoever dies is followed by a new process. Returns how many writes the first one made. */
async function live(world: World, { job = hourly, steps }: Scenario, death?: Death): Promise<number> {
  await settledRuns(world, job)
  const first = world.agent(death ? { death } : {})
  let agent: TestAgent = first
  const look = async () => {
    await agent.look().catch(() => undefined)
    if (!agent.store.isDead) return
    agent.die()
    agent = world.agent()
    await agent.look()
  }
  for (const { at, does } of steps) {
    await world.clock.advance(Date.parse(at) - world.clock.now().getTime())
    await agent.settled()
    await does?.(world, job)
    for (let looks = 0; looks < 4; looks++) await look()
  }
  const { writes } = first.store
  if (!death) return writes
  // Somebody looks at last, and sees nothing new.
  agent.die()
  agent = world.agent()
  await look()
  return writes
}

async function check(world: World, { slots }: Scenario, label: string): Promise<void> {
  const ended = new Map<string, string[]>()
  const add = (key: string, outcome: string) => ended.set(key, [...(ended.get(key) ?? []), outcome])
  const pages = await world.pages()
  const removing = new Set(pages.flatMap((page) => page.state.removing ?? []))
  const keyOf = (slot: string, trigger: string) => `${slot.slice(0, 16)}${trigger === 'manual' ? ' manual' : ''}`
  for (const entry of pages.flatMap((page) => page.entries)) {
    if (entry.type === 'run') add(keyOf(entry.slot, entry.trigger), entry.outcome)
    if (entry.type === 'slots')
      add(entry.count === 1 ? keyOf(entry.from, '') : `${entry.from.slice(0, 16)}..${entry.to.slice(11, 16)}`, entry.outcome)
  }
  const runs = await world.runs()
  for (const [name, run] of runs) if (!removing.has(name)) add(keyOf(run.slot, run.trigger), run.outcome ?? run.phase)
  const expected = new Set([...SETTLED.map((slot) => slot.slice(0, 16)), ...Object.keys(slots)])
  expect(new Set(ended.keys()), label).toEqual(expected)
  for (const [slot, outcomes] of ended) {
    expect(outcomes, `${label}: ${slot}`).toHaveLength(1)
    expect(outcomes[0], `${label}: ${slot}`).toMatch(slots[slot] ?? /^completed$/)
  }
  const started = world.tasks.of('run')
  expect(new Set(started).size, `${label}: no run is started twice`).toBe(started.length)
  const newest = pages.at(-1)
  const open = [...runs].flatMap(([name, run]) => (removing.has(name) || !run.outcome ? [] : [{ [run.outcome]: 1 }]))
  const counted = Object.values(sum(newest ? totals(newest) : {}, ...open)).reduce((all, one) => all + one, 0)
  const slotsOf = (key: string) => (key.includes('..') ? Number(key.slice(18, 20)) - Number(key.slice(11, 13)) + 1 : 1)
  expect(counted, `${label}: totals`).toBe([...expected].reduce((all, key) => all + slotsOf(key), 0))
}

describe('a process that dies at any write', () => {
  it.each(SCENARIOS)('$name', { timeout: 120_000 }, async (scenario) => {
    let writes = 0
    {
      await using world = await aWorld(START)
      writes = await live(world, scenario)
      await check(world, scenario, 'nobody dies')
    }
    expect(writes).toBeGreaterThan(3)
    for (let write = 1; write <= writes; write++)
      for (const when of ['before', 'after'] as const) {
        await using world = await aWorld(START)
        await live(world, scenario, { write, when })
        await check(world, scenario, `dies ${when} write ${write}`)
      }
  })
})
