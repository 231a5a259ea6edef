import { describe, expect, it } from 'vitest'
import { claim } from '../../../agent/scheduler/claim.ts'
import { viewOf } from '../../../agent/scheduler/job-view.ts'
import { runDocument } from '../../../agent/scheduler/runs.ts'
import { fail } from '../../../core/errors.ts'
import { runName } from '../../../core/names.ts'
import { decodeRun } from '../../../core/run.ts'
import type { Store } from '../../../core/store/store.ts'
import { aJob, aRun } from '../../support/jobs.ts'
import { aWorld, type World } from '../../support/agent.ts'

const SLOT = new Date('2026-03-10T01:00:00Z')
const REF = { kind: 'run' as const, namespace: '', name: runName('nightly', SLOT) }

async function claimer(world: World, store: Store = world.store) {
  const job = await world.create(aJob())
  const { works } = world.agent({ store })
  await works.edge.mirror.load()
  return { edge: works.edge, job, view: viewOf(job) }
}

/** The world's store, with a create that goes wrong. */
const withCreate = (world: World, create: Store['create']): Store => ({
  create,
  list: (...where) => world.store.list(...where),
  get: (ref) => world.store.get(ref),
  update: (...what) => world.store.update(...what),
  seal: (...what) => world.store.seal(...what),
  remove: (...what) => world.store.remove(...what),
  watch: (...what) => world.store.watch(...what),
})

describe('a claim', () => {
  it('creates the run of the slot, named after it, with the job as its owner', async () => {
    await using world = await aWorld()
    const { edge, job, view } = await claimer(world)
    expect(await claim(edge, view, { slot: SLOT })).toBe('mine')
    const stored = await world.store.get(REF)
    expect(stored?.owner).toEqual({ name: 'nightly', uid: job.uid })
    expect(stored?.labels).toMatchObject({
      'support-bundle-schedule.io/job': 'nightly',
      'support-bundle-schedule.io/phase': 'claimed',
    })
    const slot = SLOT.toISOString()
    expect(decodeRun(stored?.text ?? '')).toMatchObject({
      phase: 'claimed',
      trigger: 'schedule',
      slot,
      jobUid: job.uid,
      holder: edge.holder,
    })
    expect(edge.mirror.of('run').has(REF.name), 'known without an event').toBe(true)
  })

  it('is taken when someone else has the slot', async () => {
    await using world = await aWorld()
    const { edge, view } = await claimer(world)
    expect(await claim(edge, view, { slot: SLOT })).toBe('mine')
    expect(await claim(world.agent().works.edge, view, { slot: SLOT })).toBe('taken')
  })

  it('names a manual run after its request', async () => {
    await using world = await aWorld()
    const { edge, view } = await claimer(world)
    expect(await claim(edge, view, { requestId: 'abc', askedAt: SLOT })).toBe('mine')
    expect(await claim(edge, view, { requestId: 'abc', askedAt: SLOT })).toBe('taken')
    expect([...(await world.runs()).keys()]).toEqual(['nightly.mabc'])
  })

  it('replaces the run of an earlier job of the same name', async () => {
    await using world = await aWorld()
    const { edge, job, view } = await claimer(world)
    await world.store.create(REF, runDocument(aRun({ slot: SLOT.toISOString(), jobUid: 'an-earlier-one' })))
    expect(await claim(edge, view, { slot: SLOT })).toBe('mine')
    expect((await world.store.get(REF))?.owner?.uid).toBe(job.uid)
  })

  it('is refused by an object that is nobody’s, and leaves it', async () => {
    await using world = await aWorld()
    const { edge, view } = await claimer(world)
    await world.store.create(REF, { text: '{"made": "by hand"}' })
    expect(await claim(edge, view, { slot: SLOT })).toBe('refused')
    expect((await world.store.get(REF))?.text).toBe('{"made": "by hand"}')
  })

  it.each([
    ['STORE_FORBIDDEN', fail('STORE_FORBIDDEN', { what: 'run', reason: 'exceeded quota' }), 'refused'],
    ['STORE_FULL', fail('STORE_FULL', { what: 'run' }), 'refused'],
  ])('is refused on %s', async (_, error, want) => {
    await using world = await aWorld()
    const { edge, view } = await claimer(
      world,
      withCreate(world, () => Promise.reject(error)),
    )
    expect(await claim(edge, view, { slot: SLOT })).toBe(want)
  })

  it('is neither refused nor taken while the store is away: it is asked again later', async () => {
    await using world = await aWorld()
    const away = fail('STORE_UNAVAILABLE', { what: 'store', reason: 'time-out' })
    const { edge, view } = await claimer(
      world,
      withCreate(world, () => Promise.reject(away)),
    )
    await expect(claim(edge, view, { slot: SLOT })).rejects.toBe(away)
  })

  it('that timed out but came through is known by reading the name', async () => {
    await using world = await aWorld()
    const lost: Store['create'] = async (...what) => {
      await world.store.create(...what)
      throw fail('STORE_UNAVAILABLE', { what: 'store', reason: 'time-out' })
    }
    const { edge, view } = await claimer(world, withCreate(world, lost))
    expect(await claim(edge, view, { slot: SLOT })).toBe('taken')
    expect(edge.mirror.of('run').get(REF.name)).toBeDefined()
  })

  it('that is refused is recorded, and the next slot is claimed as usual', async () => {
    await using world = await aWorld()
    let isFull = true
    const create: Store['create'] = (ref, document) =>
      ref.kind === 'run' && isFull
        ? Promise.reject(fail('STORE_FORBIDDEN', { what: 'run', reason: 'quota' }))
        : world.store.create(ref, document)
    await world.create(aJob())
    const agent = world.agent({ store: withCreate(world, create) })
    await world.pass(agent, 30 * 60_000)
    await agent.look()
    expect(await world.outcomes()).toEqual(['01:00 claim-refused'])
    isFull = false
    await world.pass(agent, 60 * 60_000)
    expect(await world.outcomes()).toEqual(['01:00 claim-refused', '02:00 completed'])
  })

  it('of a run asked for by hand that is refused is recorded, and said until a later one comes', async () => {
    await using world = await aWorld()
    let isFull = true
    const create: Store['create'] = (ref, document) =>
      ref.kind === 'run' && isFull
        ? Promise.reject(fail('STORE_FORBIDDEN', { what: 'run', reason: 'quota' }))
        : world.store.create(ref, document)
    await world.create(aJob())
    const agent = world.agent({ store: withCreate(world, create) })
    await world.request(aJob(), 'x')
    await agent.look()
    const refused = (await world.entries()).filter((entry) => entry.type === 'run')
    expect(refused).toMatchObject([{ run: 'nightly.mx', trigger: 'manual', outcome: 'claim-refused' }])
    expect(await world.all('request')).toEqual([])
    const degraded = async () => (await world.status()).conditions.find(({ type }) => type === 'Degraded')?.reason
    expect(await degraded()).toBe('ClaimRefused')
    isFull = false
    await world.pass(agent, 60_000)
    await world.request(aJob(), 'y')
    await agent.look()
    expect(await degraded()).toBeUndefined()
  })
})
