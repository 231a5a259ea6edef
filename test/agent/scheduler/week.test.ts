import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LedgerEntry } from '../../../core/ledger.ts'
import { parseSchedule } from '../../../core/schedule/cron.ts'
import type { RunRequest, TaskRequest } from '../../../core/task.ts'
import { aJob, type JobBuilder } from '../../support/jobs.ts'
import { aWorld, type TestAgent, type World } from '../../support/agent.ts'
import type { Behaviour } from '../../support/fake-tasks.ts'

/** A month ends within the week, so that the ledger begins a new page. */
const START = '2026-03-28T12:17:00Z'
const WEEK_MS = 7 * 86_400_000
const SCHEDULES = ['0 */2 * * *', '30 2,14 * * *', '*/45 8-17 * * *', '7 1-23/3 * * *']

type Act =
  | { does: 'edit'; schedule: string }
  | { does: 'describe' | 'pause' | 'resume' | 'spoil' | 'request' | 'down' | 'up' | 'look' }
  | { does: 'die at'; write: number; when: 'before' | 'after' }
type Step = Act & { afterMinutes: number }

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ does: fc.constant('edit' as const), schedule: fc.constantFrom(...SCHEDULES) }) },
  {
    weight: 8,
    arbitrary: fc.record({ does: fc.constantFrom('describe', 'pause', 'resume', 'spoil', 'request', 'down', 'up', 'look') }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('die at' as const),
      write: fc.integer({ min: 1, max: 30 }),
      when: fc.constantFrom('before', 'after'),
    }),
  },
)
const step: fc.Arbitrary<Step> = fc
  .record({ act, afterMinutes: fc.integer({ min: 1, max: 9 * 60 }) })
  .map(({ act, afterMinutes }) => ({ ...act, afterMinutes }))

/** How the runs of the week go, by the sum of their names' digits. */
const BEHAVIOURS: Behaviour[] = [
  { does: 'complete' },
  { does: 'complete', ms: 20 * 60_000 },
  { does: 'fail', ms: 5 * 60_000 },
  { does: 'complete', ms: 5 * 3_600_000 },
  { does: 'crash' },
]
const behaviourOf = (request: TaskRequest): Behaviour => {
  const id = (request as RunRequest).run.id
  return (
    BEHAVIOURS[[...id].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0) % BEHAVIOURS.length] ?? {
      does: 'fail',
    }
  )
}

interface Plan {
  schedule: string
  isPaused: boolean
  isSpoilt: boolean
  description: string
}

class Week {
  readonly #world: World
  readonly edits: { at: Date; schedule: string }[] = []
  readonly #plan: Plan
  #agent: TestAgent
  #requests = 0

  constructor(world: World) {
    this.#world = world
    this.#agent = world.agent()
    this.#plan = { schedule: SCHEDULES[0] ?? '', isPaused: false, isSpoilt: false, description: '' }
    this.#note()
  }

  get job(): JobBuilder {
    const { schedule, isPaused, isSpoilt, description } = this.#plan
    const job = aJob()
      .every(isSpoilt ? 'not a schedule' : schedule)
      .with({ description })
    return isPaused ? job.paused() : job
  }

  #note(): void {
    this.edits.push({ at: this.#world.clock.now(), schedule: this.#plan.schedule })
  }

  async #change(change: Partial<Plan>): Promise<void> {
    Object.assign(this.#plan, change)
    this.#note()
    await this.#world.edit(this.job)
  }

  /** As its loop does: at each slot, and whenever something happens. */
  async #advance(ms: number): Promise<void> {
    const { clock } = this.#world
    const end = clock.now().getTime() + ms
    const schedule = parseSchedule(this.#plan.schedule, 'UTC')
    while (clock.now().getTime() < end) {
      const slot = schedule.next(clock.now())?.getTime() ?? end
      await clock.advance(Math.min(slot, end) - clock.now().getTime())
      await this.#agent.settled()
      await this.look()
    }
  }

  async look(): Promise<void> {
    if (this.#agent.store.isDead) return
    await this.#agent.look().catch(() => undefined)
    if (this.#agent.store.isDead) this.#agent.die()
  }

  async take(step: Step): Promise<void> {
    await this.#advance(step.afterMinutes * 60_000)
    if (step.does === 'edit') await this.#change({ schedule: step.schedule, isSpoilt: false })
    if (step.does === 'describe') await this.#change({ description: String(this.edits.length) })
    if (step.does === 'pause') await this.#change({ isPaused: true })
    if (step.does === 'resume') await this.#change({ isPaused: false, isSpoilt: false })
    if (step.does === 'spoil') await this.#change({ isSpoilt: true })
    if (step.does === 'request') await this.#world.request(this.job, `r${++this.#requests}`)
    if (step.does === 'down') this.#agent.die()
    if (step.does === 'up') this.#up()
    if (step.does === 'die at') {
      this.#agent.die()
      this.#agent = this.#world.agent({ death: { write: step.write, when: step.when } })
    }
    await this.look()
  }

  #up(): void {
    if (this.#agent.store.isDead) this.#agent = this.#world.agent()
  }

  /** All is well again, and whatever is at work ends. */
  async finish(): Promise<void> {
    this.#agent.die()
    this.#agent = this.#world.agent()
    await this.#change({ isPaused: false, isSpoilt: false })
    for (let looks = 0; looks < 8; looks++) {
      await this.look()
      await this.#world.clock.advance(3_600_000)
      await this.#agent.settled()
    }
    await this.look()
    await this.look()
  }
}

/** What was due from the creation to `end`, under the schedule that held when it was looked at. */
function dueSlots(created: Date, end: Date, edits: Week['edits'], entries: LedgerEntry[]): number[] {
  const scheduleAt = (at: Date) => edits.findLast((edit) => edit.at <= at)?.schedule ?? ''
  const seen = entries.flatMap((entry) => (entry.type === 'edited' && entry.note === 'schedule' ? [new Date(entry.at)] : []))
  const borders = [created, ...seen, end]
  return borders.slice(1).flatMap((to, index) => {
    const from = borders[index] ?? created
    const schedule = scheduleAt(index === 0 ? created : from)
    return parseSchedule(schedule, 'UTC')
      .between(from, to, 100_000)
      .map((slot) => slot.getTime())
  })
}

async function judge(world: World, week: Week, created: Date): Promise<Map<string, number>> {
  const pages = await world.pages()
  const entries = pages.flatMap((page) => page.entries)
  const due = dueSlots(created, world.clock.now(), week.edits, entries)
  const ended = new Map<number, string[]>()
  const add = (slot: number, outcome: string) => ended.set(slot, [...(ended.get(slot) ?? []), outcome])
  for (const entry of entries) {
    if (entry.type === 'run' && entry.trigger === 'schedule') add(Date.parse(entry.slot), entry.outcome)
    if (entry.type !== 'slots') continue
    const within = due.filter((slot) => slot >= Date.parse(entry.from) && slot <= Date.parse(entry.to))
    expect([within[0], within.at(-1), within.length], JSON.stringify(entry)).toEqual([
      Date.parse(entry.from),
      Date.parse(entry.to),
      entry.count,
    ])
    for (const slot of within) add(slot, entry.outcome)
  }
  const removing = new Set(pages.flatMap((page) => page.state.removing ?? []))
  for (const [name, run] of await world.runs())
    if (run.trigger === 'schedule' && !removing.has(name)) add(Date.parse(run.slot), run.outcome ?? run.phase)
  const show = (slot: number) => `${new Date(slot).toISOString().slice(5, 16)} ${ended.get(slot)?.join(', ') ?? 'vanished'}`
  expect(due.filter((slot) => ended.get(slot)?.length !== 1).map(show), 'slots that did not end exactly once').toEqual([])
  expect([...ended.keys()].filter((slot) => !due.includes(slot)).map(show), 'slots that were not due').toEqual([])

  const starts = world.tasks.starts.filter(({ task }) => task === 'run')
  expect(new Set(starts.map(({ run }) => run)).size, 'no run is started twice').toBe(starts.length)
  for (const { request, at } of starts) {
    const { slot, trigger } = (request as RunRequest).run
    if (trigger === 'schedule') expect(at.getTime() - Date.parse(slot), 'started in time').toBeLessThanOrEqual(15 * 60_000)
  }
  const counts = new Map<string, number>()
  for (const [outcome] of ended.values()) counts.set(outcome ?? '', (counts.get(outcome ?? '') ?? 0) + 1)
  return counts
}

describe('a virtual week', () => {
  it('ends every slot in exactly one outcome, whatever happens', { timeout: 180_000 }, async () => {
    const seen = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 45 }), async (steps) => {
        await using world = await aWorld(START)
        world.tasks.script = behaviourOf
        const week = new Week(world)
        const created = (await world.create(week.job)).createdAt
        const end = created.getTime() + WEEK_MS
        for (const step of steps) if (world.clock.now().getTime() < end) await week.take(step)
        await week.finish()
        for (const [outcome, count] of await judge(world, week, created)) seen.set(outcome, (seen.get(outcome) ?? 0) + count)
      }),
      { seed: 2026, numRuns: 15 },
    )
    // The week is no use if something never happens in it.
    const usual = [
      'completed',
      'disabled',
      'failed',
      'interrupted',
      'missed-down',
      'not-observed',
      'skipped-late',
      'skipped-overlap',
    ]
    expect([...seen.keys()].toSorted()).toEqual(expect.arrayContaining(usual))
  })
})
