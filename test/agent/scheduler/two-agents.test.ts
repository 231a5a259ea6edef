import { describe, expect, it } from 'vitest'
import { decodeLedger, type LedgerPage } from '../../../core/ledger.ts'
import { jobOf } from '../../../core/names.ts'
import { createFileStore } from '../../../core/store/file-store.ts'
import { aJob } from '../../support/jobs.ts'
import { aWorld, type World } from '../../support/agent.ts'
import { dice, randomTurns } from '../../support/dice.ts'

let uids = 0
const JOBS = ['a', 'b', 'c'].map((name) => aJob().named(name))

/** How often each slot of a job ended. */
async function endsOf(world: World, job: string): Promise<Map<string, number>> {
  const ends = new Map<string, number>()
  const add = (slot: string) => ends.set(slot, (ends.get(slot) ?? 0) + 1)
  const pages = await world.pages(job)
  const removing = new Set(pages.flatMap((page) => page.state.removing ?? []))
  for (const entry of pages.flatMap((page) => page.entries)) {
    if (entry.type === 'run') add(entry.slot)
    if (entry.type === 'slots')
      for (let slot = Date.parse(entry.from); slot <= Date.parse(entry.to); slot += 3_600_000) add(new Date(slot).toISOString())
  }
  for (const [name, run] of await world.runs(job)) if (!removing.has(name)) add(run.slot)
  return ends
}

describe('two agents that live at the same time', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('claim each slot once and start each run once, interleaved by dice %i', async (seed) => {
    await using world = await aWorld('2026-03-31T19:30:00Z')
    const roll = dice(seed)
    world.tasks.script = () => ({ does: roll() < 0.5 ? 'complete' : 'fail' })
    for (const job of JOBS) await world.create(job)
    const agents = [1, 2].map(() => world.agent({ pause: randomTurns(roll, 4) }))
    // The last ones are of the next month; two hours are slept through.
    for (const hours of [1, 1, 1, 3, 1, 1]) {
      await world.clock.advance(hours * 3_600_000 - (world.clock.now().getTime() % 3_600_000))
      for (let looks = 0; looks < 3; looks++) await Promise.all(agents.map((agent) => agent.look()))
    }
    expect(world.log.of('error').filter((message) => message !== 'run ended badly')).toEqual([])
    expect(world.log.of('warn'), 'nobody begins what another holds').not.toContain('run lost')
    const runs = world.tasks.of('run')
    expect(new Set(runs).size).toBe(runs.length)
    for (const { name } of JOBS) {
      const slots = Array.from({ length: 8 }, (_, hour) => new Date(Date.parse('2026-03-31T20:00:00Z') + hour * 3_600_000))
      expect([...(await endsOf(world, name))].toSorted()).toEqual(slots.map((slot) => [slot.toISOString(), 1]))
    }
  })

  it('on the files of one folder claim each slot once, and start each run once', async () => {
    await using world = await aWorld('2026-03-31T20:30:00Z')
    const agents = [1, 2].map((pid) => {
      const self = { pid, startId: `start-${pid}` }
      const processes = { self, isAlive: () => true }
      const newUid = () => `${pid}-${Math.trunc(world.clock.monotonicMs())}-${++uids}`
      const store = createFileStore({
        folder: world.folders.base,
        clock: world.clock,
        processes,
        newUid,
        onProblem: (problem) => world.log.error({ problem }, 'damage'),
      })
      return world.agent({ store })
    })
    const { store } = agents[0]?.works.edge ?? { store: world.store }
    for (const job of JOBS) await store.create(job.ref, job.document)
    for (let hour = 0; hour < 5; hour++) {
      await world.clock.advance(3_600_000 - (world.clock.now().getTime() % 3_600_000))
      for (let looks = 0; looks < 2; looks++) await Promise.all(agents.map((agent) => agent.look()))
    }
    expect(world.log.of('error')).toEqual([])
    const runs = world.tasks.of('run')
    expect(runs).toHaveLength(5 * JOBS.length)
    expect(new Set(runs).size).toBe(runs.length)
    for (const { name } of JOBS) {
      const pages: LedgerPage[] = []
      for await (const { name: page, text } of store.list('ledger', '')) if (jobOf(page) === name) pages.push(decodeLedger(text))
      expect(pages.map(({ month }) => month)).toEqual(['202603', '202604'])
      expect(pages.at(-1)?.state.removing ?? []).not.toHaveLength(0)
    }
  })

  it('leave each other alone: what a live process holds is not taken over', async () => {
    await using world = await aWorld()
    world.tasks.script = () => ({ does: 'hang' })
    await world.create(JOBS[0] ?? aJob())
    const [one, two] = [world.agent(), world.agent()]
    await world.pass(one, 30 * 60_000)
    await two.look()
    expect(await world.outcomes('a')).toEqual(['01:00 running'])
    one.die()
    await two.look()
    expect(await world.outcomes('a')).toEqual(['01:00 interrupted'])
    expect(world.tasks.of('run')).toHaveLength(1)
  })

  it('agree on a slot that both find too late: it is skipped once', async () => {
    await using world = await aWorld()
    await world.create(JOBS[0] ?? aJob())
    const agents = [1, 2, 3].map((seed) => world.agent({ pause: randomTurns(dice(seed), 3) }))
    await Promise.all(agents.map((agent) => agent.look()))
    await world.clock.advance(50 * 60_000)
    await Promise.all(agents.map((agent) => agent.look()))
    await Promise.all(agents.map((agent) => agent.look()))
    expect(await world.outcomes('a')).toEqual(['01:00 skipped-late'])
  })
})
