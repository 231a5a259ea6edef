import { describe, expect, it } from 'vitest'
import { ledgerName, runName, statusName } from '../../../core/names.ts'
import type { Ref } from '../../../core/store/store.ts'
import { aJob } from '../../support/jobs.ts'
import { aWorld, type TestAgent, type World } from '../../support/agent.ts'

const HOUR = 3_600_000
const LEDGER: Ref = { kind: 'ledger', namespace: '', name: ledgerName('nightly', '202603') }
const STATUS: Ref = { kind: 'status', namespace: '', name: statusName('nightly') }
const runAt = (hour: number): Ref => ({
  kind: 'run',
  namespace: '',
  name: runName('nightly', new Date(Date.UTC(2026, 2, 10, hour))),
})

/** Puts a text where a document is, as a hand or a disk would. */
async function spoil(world: World, ref: Ref, text: string | ((before: string) => string)): Promise<void> {
  const stored = await world.store.get(ref)
  if (!stored) throw new Error(`${ref.name} is not there`)
  const { labels, annotations, owner } = stored
  const document = { text: typeof text === 'string' ? text : text(stored.text), labels, annotations, ...(owner ? { owner } : {}) }
  if (!stored.isSealed) return void (await world.store.update(ref, document, stored.version))
  await world.store.remove(ref)
  const { version } = await world.store.create(ref, document)
  await world.store.seal(ref, document, version)
}

const newer = (text: string) => JSON.stringify({ ...(JSON.parse(text) as object), schema: 2 })

async function twoJobs(world: World): Promise<TestAgent> {
  await world.create(aJob())
  await world.create(aJob().named('other'))
  const agent = world.agent()
  for (let hour = 1; hour <= 3; hour++) await world.pass(agent, HOUR)
  return agent
}

async function degraded(world: World) {
  return (await world.status()).conditions.find(({ type }) => type === 'Degraded')
}

/** The others do not notice, and nothing is ever started twice. */
async function othersGoOn(world: World, hours: readonly number[]): Promise<void> {
  const lines = hours.map((hour) => `${String(hour).padStart(2, '0')}:00 completed`)
  expect(await world.outcomes('other')).toEqual(lines)
  expect((await world.status('other')).state).toBe('completed')
  expect(new Set(world.tasks.of('run')).size).toBe(world.tasks.of('run').length)
}

describe('a ledger that cannot be read', () => {
  it.each([
    [
      'garbage',
      'not json',
      'LedgerDamaged',
      /ledger "nightly.ledger.202603" cannot be read: the ledger is not JSON/,
      /remove it/,
    ],
    ['of another shape', '{"schema": 1, "entries": 5}', 'LedgerDamaged', /cannot be read: the ledger: /, /remove it/],
    ['of a newer version', newer, 'StoreNewer', /was written by a newer version \(schema 2, this one knows 1\)/, /upgrade/],
  ])('%s: nothing is due, and the status says why and what to do', async (_, text, reason, message, remedy) => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await spoil(world, LEDGER, text)
    const before = await world.store.get(LEDGER)
    for (let hour = 4; hour <= 6; hour++) await world.pass(agent, HOUR)
    expect((await world.store.get(LEDGER))?.version, 'it is not written').toBe(before?.version)
    expect((await world.runs()).size).toBe(3)
    const status = await world.status()
    expect(status).toMatchObject({ state: 'invalid', nextSlots: [], runCount: 3 })
    expect(status.lastError).toMatch(message)
    expect(await degraded(world)).toMatchObject({
      status: 'True',
      reason,
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    })
    expect(world.log.of('error'), 'it is no news at each look').toEqual([])
    await othersGoOn(world, [1, 2, 3, 4, 5, 6])
  })

  it('holds the schedule, but not what is asked for by hand', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await spoil(world, LEDGER, 'garbage')
    await world.request(aJob(), 'abc')
    await agent.look()
    await agent.look()
    expect((await world.runs()).get('nightly.mabc')).toMatchObject({ phase: 'finished', outcome: 'completed' })
    expect(await world.all('request')).toEqual([])
  })

  it('goes on when the page is put back', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    const good = (await world.store.get(LEDGER))?.text ?? ''
    await spoil(world, LEDGER, 'garbage')
    await world.pass(agent, HOUR)
    await spoil(world, LEDGER, good)
    await world.pass(agent, HOUR)
    await agent.look()
    expect((await world.outcomes()).slice(-2)).toEqual(['04:00 missed-down', '05:00 completed'])
    expect(await degraded(world)).toBeUndefined()
    expect((await world.status()).state).toBe('completed')
  })

  it('goes on when the page is removed', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await spoil(world, LEDGER, 'garbage')
    await world.pass(agent, HOUR)
    await world.store.remove(LEDGER)
    await world.pass(agent, HOUR)
    await agent.look()
    expect((await world.outcomes()).at(-1)).toBe('05:00 completed')
    await othersGoOn(world, [1, 2, 3, 4, 5])
  })

  it('of a job that was deleted stays as it is, and is no trouble', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await spoil(world, LEDGER, 'garbage')
    await world.remove(aJob())
    await world.pass(agent, HOUR)
    expect((await world.store.get(LEDGER))?.text).toBe('garbage')
    expect(world.log.of('error')).toEqual([])
  })
})

describe('a run whose record cannot be read', () => {
  it.each([
    ['garbage', 'garbage', 'RunDamaged', /record of run "nightly.\d+" cannot be read: the run is not JSON/],
    ['of a newer version', newer, 'StoreNewer', /newer version/],
  ])('%s: its slot counts as run, the job goes on and says so', async (_, text, reason, message) => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await spoil(world, runAt(3), text)
    const spoilt = (await world.store.get(runAt(3)))?.version
    await agent.look()
    await world.pass(agent, HOUR)
    await agent.look()
    expect(await degraded(world)).toMatchObject({ status: 'True', reason, message: expect.stringMatching(message) })
    expect(
      (await world.entries()).some((entry) => entry.type === 'slots'),
      'the slot is not settled again',
    ).toBe(false)
    expect((await world.status()).state).toBe('completed')
    expect((await world.store.get(runAt(3)))?.version, 'it is left as it is').toBe(spoilt)
    await othersGoOn(world, [1, 2, 3, 4])
  })

  it('is not claimed or run again by a new process', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await spoil(world, runAt(3), 'garbage')
    agent.die()
    const next = world.agent()
    await next.look()
    await next.look()
    expect(world.tasks.of('run').filter((run) => run === runAt(3).name)).toHaveLength(1)
  })

  it('is forgotten once it is removed', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await spoil(world, runAt(3), 'garbage')
    await world.pass(agent, HOUR)
    await world.store.remove(runAt(3))
    await world.pass(agent, HOUR)
    expect(await degraded(world)).toBeUndefined()
  })
})

describe('a status', () => {
  it.each([
    ['garbage', 'garbage'],
    ['of a newer version', newer],
    ['with holes', (text: string) => JSON.stringify({ ...(JSON.parse(text) as object), conditions: [null] })],
    ['with a schedule that is none', (text: string) => JSON.stringify({ ...(JSON.parse(text) as object), schedule: 5 })],
    ['of another job', (text: string) => text.replace(/uid-\d+/, 'uid-0')],
  ])('%s is made again', async (_, text) => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await agent.look()
    const before = await world.status()
    await spoil(world, STATUS, text)
    await agent.look()
    const at = {
      updatedAt: expect.any(String) as string,
      conditions: before.conditions.map((one) => ({ ...one, at: expect.any(String) as string })),
    }
    expect(await world.status()).toEqual({ ...before, ...at })
    expect(world.log.of('error')).toEqual([])
  })

  it('that was deleted is made again, equal', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await agent.look()
    const before = await world.status()
    await world.store.remove(STATUS)
    agent.die()
    await world.agent().look()
    const after = await world.status()
    expect({ ...after, updatedAt: '', conditions: [] }).toEqual({ ...before, updatedAt: '', conditions: [] })
    expect(after.conditions.map(({ at: _, ...fact }) => fact)).toEqual(before.conditions.map(({ at: _, ...fact }) => fact))
  })
})

describe('a request', () => {
  it.each([
    ['garbage', 'garbage'],
    ['of a newer version', '{"schema": 2, "action": "dance"}'],
    ['for something unknown', '{"schema": 1, "action": "dance", "requestedAt": "2026-03-10T00:00:00.000Z"}'],
  ])('%s is refused, said, and removed', async (_, text) => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await world.store.create({ kind: 'request', namespace: '', name: 'nightly.request.x' }, { text })
    await agent.look()
    expect(await world.all('request')).toEqual([])
    expect(world.log.of('warn')).toEqual(['request refused'])
    expect(world.tasks.of('run')).toHaveLength(6)
  })
})

describe('a job', () => {
  it.each([
    ['that is no YAML', 'schedule: [', /job.yaml: line /],
    ['with an unquoted schedule', 'apiVersion: support-bundle-schedule.io/v1\nschedule: * * * * *', /put the schedule in quotes/],
    ['without a schedule', 'apiVersion: support-bundle-schedule.io/v1', /schedule is missing/],
    ['with a schedule that never comes', 'apiVersion: support-bundle-schedule.io/v1\nschedule: "0 0 31 2 *"', /it never comes/],
    [
      'with an unknown zone',
      'apiVersion: support-bundle-schedule.io/v1\nschedule: "@daily"\ntimeZone: Europe/Berln',
      /Europe\/Berlin/,
    ],
    [
      'with a key that would protect',
      'apiVersion: support-bundle-schedule.io/v1\nschedule: "@daily"\nredact: {files: []}',
      /redact\.files is not a known key/,
    ],
    [
      'of thousands of faults',
      `a: [${'x, '.repeat(5000)}]\n${Array.from({ length: 2000 }, (_, key) => `key${key}: 1`).join('\n')}`,
      /apiVersion/,
    ],
    ['of nothing', '', /expected object/],
  ])('%s is invalid, and says why', async (_, text, why) => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await spoil(world, aJob().ref, text)
    await world.pass(agent, HOUR)
    await world.pass(agent, HOUR)
    const status = await world.status()
    expect(status).toMatchObject({ state: 'invalid', nextSlots: [] })
    expect(status.conditions[0]).toMatchObject({
      type: 'Valid',
      status: 'False',
      reason: 'Invalid',
      message: expect.stringMatching(why),
    })
    expect(world.log.of('error')).toEqual([])
    await othersGoOn(world, [1, 2, 3, 4, 5])
  })

  it('with a key that this version does not know runs, as degraded', async () => {
    await using world = await aWorld('2026-03-10T00:00:00Z')
    const agent = await twoJobs(world)
    await world.edit(aJob().with({ notfy: [], collect: { specs: [], sinc: 'x' } }))
    await world.pass(agent, HOUR)
    await agent.look()
    expect((await world.outcomes()).at(-1)).toBe('04:00 completed')
    expect(await degraded(world)).toMatchObject({ reason: 'UnknownKey', message: 'ignored: collect.sinc, notfy' })
    await world.edit(aJob())
    await agent.look()
    expect(await degraded(world)).toBeUndefined()
  })
})
