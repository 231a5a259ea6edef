import { describe, expect, it } from 'vitest'
import { aJob, type JobBuilder } from '../../support/jobs.ts'
import { aWorld, type TestAgent, type World } from '../../support/agent.ts'
import type { Behaviour } from '../../support/fake-tasks.ts'

/** What happens at an instant of the day; the agent looks after it, unless it is down. */
interface Step {
  at: string
  edit?: JobBuilder
  remove?: true
  create?: JobBuilder
  request?: string
  /** the agent's process ends, without a word */
  down?: true
  /** a new process begins */
  up?: true
  /** how each slot of the day ended, so far */
  want: string[]
}
interface Case {
  name: string
  job?: JobBuilder
  behaviour?: Behaviour
  steps: Step[]
}

const hourly = aJob()
const slow: Behaviour = { does: 'complete', ms: 90 * 60_000 }

const CASES: Case[] = [
  {
    name: 'each slot is run once',
    steps: [
      { at: '00:59', want: [] },
      { at: '01:00', want: ['01:00 completed'] },
      { at: '01:00', want: ['01:00 completed'] },
      { at: '02:00', want: ['01:00 completed', '02:00 completed'] },
    ],
  },
  {
    name: 'a slot within the starting deadline is run late',
    steps: [{ at: '01:14', want: ['01:00 completed'] }],
  },
  {
    name: 'a slot past it is skipped, once',
    steps: [
      { at: '01:16', want: ['01:00 skipped-late'] },
      { at: '01:17', want: ['01:00 skipped-late'] },
      { at: '02:00', want: ['01:00 skipped-late', '02:00 completed'] },
    ],
  },
  {
    name: 'a slot that comes while a run is at work is skipped, and the next is not',
    behaviour: slow,
    steps: [
      { at: '01:00', want: ['01:00 running'] },
      { at: '02:00', want: ['01:00 running', '02:00 skipped-overlap'] },
      { at: '02:30', want: ['01:00 completed', '02:00 skipped-overlap'] },
      { at: '03:00', want: ['01:00 completed', '02:00 skipped-overlap', '03:00 running'] },
    ],
  },
  {
    name: 'after downtime the latest slot is caught up, and the older ones are one line',
    steps: [
      { at: '00:31', down: true, want: [] },
      { at: '05:05', up: true, want: ['01:00..04:00 missed-down x4', '05:00 completed'] },
    ],
  },
  {
    name: 'after downtime past the deadline nothing is run',
    steps: [
      { at: '00:31', down: true, want: [] },
      { at: '05:55', up: true, want: ['01:00..04:00 missed-down x4', '05:00 skipped-late'] },
    ],
  },
  {
    name: 'without catch-up all of it is missed',
    job: hourly.with({ catchUp: 'none' }),
    steps: [
      { at: '00:31', down: true, want: [] },
      { at: '05:05', up: true, want: ['01:00..04:00 missed-down x4', '05:00 missed-down'] },
    ],
  },
  {
    name: 'without catch-up a slot on time is run',
    job: hourly.with({ catchUp: 'none' }),
    steps: [
      { at: '00:31', want: [] },
      { at: '01:00', want: ['01:00 completed'] },
    ],
  },
  {
    name: 'slots during a pause are noted at the resume, and none is fired by it',
    steps: [
      { at: '01:00', want: ['01:00 completed'] },
      { at: '01:30', edit: hourly.paused(), want: ['01:00 completed'] },
      { at: '03:10', want: ['01:00 completed'] },
      { at: '03:12', edit: hourly, want: ['01:00 completed', '02:00..03:00 disabled x2'] },
      { at: '04:00', want: ['01:00 completed', '02:00..03:00 disabled x2', '04:00 completed'] },
    ],
  },
  {
    name: '"enabled: false" is a pause',
    job: hourly.with({ enabled: false }),
    steps: [
      { at: '00:31', want: [] },
      { at: '02:05', want: [] },
      { at: '02:06', edit: hourly, want: ['01:00..02:00 disabled x2'] },
    ],
  },
  {
    name: 'a pause first seen after downtime settles what was due before',
    steps: [
      { at: '00:31', down: true, want: [] },
      { at: '02:05', edit: hourly.paused(), up: true, want: ['01:00..02:00 not-observed x2'] },
    ],
  },
  {
    name: 'an edit of the schedule fires no slot of the past',
    steps: [
      { at: '00:31', down: true, want: [] },
      { at: '02:05', edit: hourly.every('*/30 * * * *'), up: true, want: ['01:00..02:00 not-observed x2'] },
      { at: '02:30', want: ['01:00..02:00 not-observed x2', '02:30 completed'] },
    ],
  },
  {
    name: 'an edit of anything else leaves a due slot to its run',
    steps: [
      { at: '00:31', down: true, want: [] },
      { at: '01:05', edit: hourly.with({ description: 'new' }), up: true, want: ['01:00 completed'] },
    ],
  },
  {
    name: 'an edit of the schedule during a pause calls the slots before it disabled',
    job: hourly.paused(),
    steps: [
      { at: '00:31', want: [] },
      { at: '02:05', edit: hourly.every('*/30 * * * *').paused(), want: ['01:00..02:00 disabled x2'] },
      { at: '02:40', edit: hourly.every('*/30 * * * *'), want: ['01:00..02:00 disabled x2', '02:30 disabled'] },
    ],
  },
  {
    name: 'an invalid job runs nothing, and goes on when it is mended',
    steps: [
      { at: '01:00', want: ['01:00 completed'] },
      { at: '01:30', edit: hourly.every('61 * * * *'), want: ['01:00 completed'] },
      { at: '02:10', want: ['01:00 completed'] },
      { at: '02:20', edit: hourly, want: ['01:00 completed', '02:00 not-observed'] },
      { at: '03:00', want: ['01:00 completed', '02:00 not-observed', '03:00 completed'] },
    ],
  },
  {
    name: 'a manual run does not move the schedule',
    steps: [
      { at: '00:45', request: 'abc', want: ['00:45 completed (manual)'] },
      { at: '01:00', want: ['00:45 completed (manual)', '01:00 completed'] },
    ],
  },
  {
    name: 'a manual run counts for overlap',
    behaviour: slow,
    steps: [
      { at: '00:45', request: 'abc', want: ['00:45 running (manual)'] },
      { at: '01:00', want: ['00:45 running (manual)', '01:00 skipped-overlap'] },
    ],
  },
  {
    name: 'a paused job runs what is asked for by hand',
    job: hourly.paused(),
    steps: [{ at: '00:45', request: 'abc', want: ['00:45 completed (manual)'] }],
  },
  {
    name: 'a manual run of an invalid job fails and says so',
    job: hourly.every('61 * * * *'),
    steps: [{ at: '00:45', request: 'abc', want: ['00:45 failed (manual)'] }],
  },
  {
    name: 'a new job fires no slot from before its creation',
    steps: [{ at: '00:40', want: [] }],
  },
  {
    name: 'a failed run is a failed slot',
    behaviour: { does: 'fail' },
    steps: [{ at: '01:00', want: ['01:00 failed'] }],
  },
  {
    name: 'a task that dies is an interrupted slot',
    behaviour: { does: 'crash' },
    steps: [{ at: '01:00', want: ['01:00 interrupted'] }],
  },
  {
    name: 'a run that its agent left at work is interrupted, once, and not repeated',
    behaviour: slow,
    steps: [
      { at: '01:00', want: ['01:00 running'] },
      { at: '01:05', down: true, want: ['01:00 running'] },
      { at: '01:06', up: true, want: ['01:00 interrupted'] },
      { at: '01:07', want: ['01:00 interrupted'] },
    ],
  },
  {
    name: 'a job that was deleted leaves its lines in the ledger',
    steps: [
      { at: '01:00', want: ['01:00 completed'] },
      { at: '01:30', remove: true, want: ['01:00 completed'] },
      { at: '02:30', want: ['01:00 completed'] },
    ],
  },
  {
    name: 'a job that is deleted during a run',
    behaviour: slow,
    steps: [
      { at: '01:00', want: ['01:00 running'] },
      { at: '01:30', remove: true, want: ['01:00 interrupted'] },
      { at: '02:30', want: ['01:00 interrupted'] },
    ],
  },
  {
    name: 'a job that is created again under its name begins anew',
    steps: [
      { at: '01:00', want: ['01:00 completed'] },
      { at: '01:30', remove: true, want: ['01:00 completed'] },
      { at: '01:40', create: hourly, want: ['01:00 completed'] },
      { at: '02:00', want: ['01:00 completed', '02:00 completed'] },
    ],
  },
]

async function take(world: World, agent: TestAgent, job: JobBuilder, step: Step): Promise<TestAgent> {
  const at = Date.parse(`2026-03-10T${step.at}:00Z`)
  await world.clock.advance(Math.max(0, at - world.clock.now().getTime()))
  await agent.settled()
  if (step.edit) await world.edit(step.edit)
  if (step.remove) await world.remove(job)
  if (step.create) await world.create(step.create)
  if (step.request) await world.request(job, step.request)
  if (step.down) agent.die()
  const now = step.up ? world.agent() : agent
  if (!now.store.isDead) await now.look()
  return now
}

describe('a job through the day', () => {
  it.each(CASES)('$name', async ({ job = hourly, behaviour = { does: 'complete' }, steps }) => {
    await using world = await aWorld()
    world.tasks.script = () => behaviour
    await world.create(job)
    let agent = world.agent()
    await agent.look()
    for (const step of steps) {
      agent = await take(world, agent, job, step)
      // What ended is seen by the next look.
      if (!agent.store.isDead) await agent.look()
      expect(await world.outcomes(), `at ${step.at}`).toEqual(step.want)
    }
    const runs = world.tasks.of('run')
    expect(new Set(runs).size, 'no run is started twice').toBe(runs.length)
  })
})
