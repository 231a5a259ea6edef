import { describe, expect, it } from 'vitest'
import { viewOf } from '../../../agent/scheduler/job-view.ts'
import { keep, readLedger } from '../../../agent/scheduler/ledger-book.ts'
import { type LedgerPage, record, totals } from '../../../core/ledger.ts'
import { aJob } from '../../support/jobs.ts'
import { aWorld, type World } from '../../support/agent.ts'

const clockEvent = (note: string) => ({ type: 'clock' as const, at: '2026-03-31T22:00:00.000Z', note })
const add = (note: string) => (page: LedgerPage) => record(page, [clockEvent(note)])
const notesOf = (pages: LedgerPage[]) =>
  pages.map((page) => page.entries.flatMap((entry) => ('note' in entry && entry.note ? [entry.note] : [])))

async function books(world: World) {
  const view = viewOf(await world.create(aJob()))
  const [one, other] = [world.agent().works.edge, world.agent().works.edge]
  await keep(one, view, (page) => page)
  for (const edge of [one, other]) await edge.mirror.load()
  return { view, one, other }
}

describe('a ledger', () => {
  it('is opened at a job’s first sight', async () => {
    await using world = await aWorld('2026-03-31T22:00:00Z')
    await books(world)
    expect(await world.pages()).toMatchObject([
      { month: '202603', entries: [{ type: 'created' }], state: { schedule: ['0 * * * *'] } },
    ])
  })

  it('is not written when nothing changes', async () => {
    await using world = await aWorld('2026-03-31T22:00:00Z')
    const { view, one } = await books(world)
    const [before] = await world.all('ledger')
    await keep(one, view, (page) => page)
    await keep(one, view, (page) => ({ ...page }))
    expect((await world.all('ledger'))[0]?.version).toBe(before?.version)
  })

  it('keeps what two wrote at the same time: who comes second changes what the first wrote', async () => {
    await using world = await aWorld('2026-03-31T22:00:00Z')
    const { view, one, other } = await books(world)
    await keep(one, view, add('one'))
    await keep(other, view, add('other'))
    expect(notesOf(await world.pages())).toEqual([['one', 'other']])
  })

  it('begins a page a month, which goes on from the one before; that one is closed', async () => {
    await using world = await aWorld('2026-03-31T22:00:00Z')
    const { view, one } = await books(world)
    await keep(one, view, (page) =>
      record(page, [
        {
          type: 'slots',
          from: '2026-03-31T21:00:00.000Z',
          to: '2026-03-31T21:00:00.000Z',
          count: 1,
          outcome: 'missed-down',
          at: '2026-03-31T22:00:00.000Z',
        },
      ]),
    )
    await world.clock.advance(3 * 3_600_000)
    const page = await keep(one, view, add('april'))
    expect(await world.all('ledger')).toMatchObject([
      { name: 'nightly.ledger.202603', isSealed: true },
      { name: 'nightly.ledger.202604', isSealed: false },
    ])
    expect(totals(page)).toEqual({ 'missed-down': 1 })
    expect(readLedger(one, 'nightly')?.month).toBe('202604')
  })

  it('loses nothing when someone adds to the old page while another begins the new one', async () => {
    await using world = await aWorld('2026-03-31T23:59:00Z')
    const { view, one, other } = await books(world)
    await keep(one, view, (page) => record(page, [], new Date('2026-03-31T23:59:30Z')))
    await world.clock.advance(120_000)
    // The other has not heard of it.
    const page = await keep(other, view, add('april'))
    expect(page.state.settledUpTo).toBe('2026-03-31T23:59:30.000Z')
    expect((await world.pages()).map(({ month }) => month)).toEqual(['202603', '202604'])
  })

  it('goes on after a crash between closing a page and beginning the next', async () => {
    await using world = await aWorld('2026-03-31T23:59:00Z')
    const { view } = await books(world)
    await world.clock.advance(120_000)
    // Its first write closes the page, and is its last.
    const dying = world.agent({ death: { write: 1, when: 'after' } }).works.edge
    await dying.mirror.load()
    await expect(keep(dying, view, add('lost'))).rejects.toThrow('killed')
    expect(await world.all('ledger')).toMatchObject([{ isSealed: true }])
    const next = world.agent().works.edge
    await next.mirror.load()
    await keep(next, view, add('april'))
    expect(notesOf(await world.pages())).toEqual([[], ['april']])
  })

  it('goes on from a closed page even when the clock went back into its month', async () => {
    await using world = await aWorld('2026-03-31T23:59:00Z')
    const { view, one } = await books(world)
    const [page] = await world.all('ledger')
    await world.store.seal(page ?? { kind: 'ledger', namespace: '', name: '' }, { text: page?.text ?? '' }, page?.version ?? '')
    await one.mirror.load()
    await keep(one, view, add('after'))
    expect((await world.pages()).map(({ month }) => month)).toEqual(['202603', '202604'])
  })

  it('goes on from the page before when the newest one was removed', async () => {
    await using world = await aWorld('2026-03-31T23:59:00Z')
    const { view, one } = await books(world)
    await keep(one, view, (page) => record(page, [], new Date('2026-03-31T23:59:30Z')))
    await world.clock.advance(120_000)
    await keep(one, view, add('april'))
    const newest = (await world.all('ledger'))[1]
    if (newest) await world.store.remove(newest)
    const page = await keep(one, view, add('again'))
    expect(page.state.settledUpTo).toBe('2026-03-31T23:59:30.000Z')
    expect(notesOf(await world.pages())).toEqual([[], ['again']])
  })

  it('that cannot be read is never written', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const { view, one } = await books(world)
    const [page] = await world.all('ledger')
    if (page) await world.store.update(page, { text: 'garbage' }, page.version)
    await one.mirror.load()
    await expect(keep(one, view, add('more'))).rejects.toMatchObject({ code: 'LEDGER_DAMAGED' })
    expect((await world.all('ledger'))[0]?.text).toBe('garbage')
  })

  it('that was lost with all its pages does not judge again what is past: the status tells when it was last seen', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    await world.create(aJob())
    const agent = world.agent()
    for (let hour = 0; hour < 6; hour++) await world.pass(agent, 3_600_000)
    for (const page of await world.all('ledger')) await world.store.remove(page)
    await world.pass(agent, 3_600_000)
    const [first] = await world.entries()
    expect(first).toMatchObject({ type: 'created', note: 'the record of the time before was lost' })
    expect(await world.outcomes()).toEqual(['03', '04', '05', '06', '07'].map((hour) => `${hour}:00 completed`))
    expect(new Set(world.tasks.of('run')).size).toBe(world.tasks.of('run').length)
  })
})
