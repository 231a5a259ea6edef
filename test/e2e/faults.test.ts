import { existsSync, readdirSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { AGENT_NAMESPACE, COLLECTOR_ACCOUNT } from '../../core/names.ts'
import { nextMinute, onceAt } from '../cluster/config-maps.ts'
import { hostilePlugins } from './hostile-plugins.ts'
import { cliOf, installAgent } from './installed.ts'
import { aTenant, collecting, isAtWork, type KeptRun, openBundle, podsOf, type Tenant, troubles } from './tenant.ts'
import { useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'

const node = useNode()
const cli = cliOf(node)
const HARMLESS = { collect: collecting({ data: { name: 'a', data: 'hello' } }) }
const hostile = (attack: string, given: object = {}) => ({ hostile: { attack, ...given } })
const said = (text: string) => process.stdout.write(`\n${text}\n`)
const isFinished = ({ phase }: KeptRun) => phase === 'finished'

/** A real full disk that is nobody else's: a limit of an emptyDir on disk is only looked at now and then. */
const SMALL_WORK = [
  { op: 'test', path: '/spec/template/spec/volumes/3/name', value: 'work' },
  { op: 'replace', path: '/spec/template/spec/volumes/3/emptyDir', value: { medium: 'Memory', sizeLimit: '64Mi' } },
]

describe('a fault touches one job, or one moment', () => {
  let good: Tenant
  beforeAll(async () => {
    const { deployment = [], ...plugins } = hostilePlugins()
    await installAgent(node, {}, { ...plugins, deployment: [...deployment, ...SMALL_WORK] })
    good = await aTenant(node, 'sound')
    await good.create('nightly', HARMLESS)
  }, 240_000)
  const completed = { outcome: 'completed', bundle: { isPartial: false } }

  /** A tenant whose job lists pods for a while, and such a run at work. */
  async function atWork(name: string, ms: number) {
    const tenant = await aTenant(node, name)
    await tenant.create('job', { collect: collecting(hostile('list pods for a while', { ms })) })
    const run = await tenant.ask('job')
    await tenant.until(run, isAtWork)
    return { tenant, run }
  }
  const conditions = async (namespace: string, job = 'job') =>
    (await cli('status', job, '-n', namespace)).out.match(/Conditions:[^]*?\n\n/)?.[0] ?? ''

  /** What the report of a bundle says of the hostile entry. */
  const troublesOf = async (run: KeptRun) =>
    (await openBundle(node, run)).report.collectors
      .filter(({ key }) => key === 'hostile')
      .map(troubles)
      .join()

  it.each(['fill the disk', 'fill the bundle'])(
    'the work folder is full: %s',
    async (attack) => {
      const name = attack.replaceAll(' ', '-')
      const tenant = await aTenant(node, name)
      await tenant.create('job', { collect: collecting(hostile(attack, { ms: 4_000 })) })
      const run = await tenant.ask('job')
      await tenant.until(run, isAtWork)
      await systemClock.sleep(2_000)
      const beside = await good.run('nightly')
      const ended = await tenant.until(run, isFinished, 90_000)
      said(`${attack}: ${wordsOf(ended)}; beside it: ${wordsOf(beside)}`)
      expect(ended).toMatchObject({
        outcome: 'failed',
        error: { code: 'DISK_FULL', remedy: expect.stringContaining('free some space') },
      })
      expect(await conditions(name)).toMatch(/Collected=False Failed: no space left for .*; free some space/)
      // They share the disk: what one takes from the other is that moment.
      if (beside.outcome !== 'completed') expect(beside.error?.code).toBe('DISK_FULL')
      expect(await good.run('nightly')).toMatchObject(completed)
    },
    180_000,
  )

  it('its namespace is deleted mid-run', async () => {
    const { tenant, run } = await atWork('doomed', 8_000)
    const { own } = await podsOf(node, await tenant.look(run))
    await node.kubectl(['delete', 'namespace', 'doomed', '--wait=false'])
    expect(await good.run('nightly')).toMatchObject(completed)
    const gone = () => node.kubectl(['get', 'namespace', 'doomed']).catch(String)
    await waitFor('the namespace to be gone', gone, (text) => text.includes('NotFound'))
    const work = `/proc/${await node.pidOf(own, 'agent')}/root/work/namespaces/doomed/work`
    const left = () => (existsSync(work) ? readdirSync(work) : [])
    await waitFor('its work folder to be empty', left, (names) => names.length === 0)
    // Nothing is left of it that could carry a condition.
    const log = await node.kubectl(['logs', '-n', AGENT_NAMESPACE, own.metadata.name, '-c', 'agent'])
    expect(log).toMatch(/doomed.*namespace left/)
    expect(await good.run('nightly')).toMatchObject(completed)
  }, 120_000)

  it('its collecting ServiceAccount is deleted mid-run', async () => {
    const { tenant, run } = await atWork('unknown', 20_000)
    const { metadata: _, ...account } = await node.get<{ metadata: object }>('serviceaccount', COLLECTOR_ACCOUNT, '-n', 'unknown')
    await node.kubectl(['delete', 'serviceaccount', COLLECTOR_ACCOUNT, '-n', 'unknown'])
    expect(await good.run('nightly')).toMatchObject(completed)
    const ended = await tenant.until(run, isFinished)
    said(`without its ServiceAccount: ${wordsOf(ended)}; ${await troublesOf(ended)}`)
    expect(await troublesOf(ended)).toContain('API_UNAUTHORIZED')
    const next = await tenant.run('job')
    said(`the next run: ${wordsOf(next)}`)
    expect(next).toMatchObject({ outcome: 'failed', error: { code: 'TENANT_INCOMPLETE' } })
    expect(await conditions('unknown')).toMatch(/Collected=False Failed: .*is not there; .*install namespace unknown/)
    await node.kubectl(['create', '-f', '-'], { ...account, metadata: { name: COLLECTOR_ACCOUNT, namespace: 'unknown' } })
    await tenant.create('again', HARMLESS)
    expect(await tenant.run('again')).toMatchObject(completed)
  }, 120_000)

  it('its rights are taken away mid-run', async () => {
    const { tenant, run } = await atWork('narrowed', 8_000)
    await node.kubectl(['delete', 'rolebinding', COLLECTOR_ACCOUNT, '-n', 'narrowed'])
    expect(await good.run('nightly')).toMatchObject(completed)
    const ended = await tenant.until(run, isFinished)
    said(`without its rights: ${wordsOf(ended)}; ${await troublesOf(ended)}; ${await conditions('narrowed')}`)
    expect(ended).toMatchObject({ outcome: 'completed', bundle: { isPartial: true } })
    expect(await troublesOf(ended)).toContain('API_FORBIDDEN')
    expect(await conditions('narrowed')).toContain('Partial')
  }, 120_000)

  it('its namespace has no room for another ConfigMap', async () => {
    const tenant = await aTenant(node, 'quota')
    const slot = nextMinute(systemClock.now(), 8_000)
    await tenant.create('job', { ...HARMLESS, schedule: onceAt(slot) })
    await tenant.run('job')
    const { items } = await node.get<{ items: unknown[] }>('configmaps', '-n', 'quota')
    await node.kubectl(['create', 'quota', 'full', `--hard=count/configmaps=${items.length}`, '-n', 'quota'])
    const refused = () => cli('history', 'job', '-n', 'quota')
    await waitFor('a slot that ends as refused', refused, ({ out }) => out.includes('claim-refused'), { withinMs: 90_000 })
    said(`${(await refused()).out}${await conditions('quota')}`)
    expect(await good.run('nightly')).toMatchObject(completed)
    await node.kubectl(['delete', 'resourcequota', 'full', '-n', 'quota'])
    expect(await tenant.run('job')).toMatchObject(completed)
  }, 180_000)

  it('the API server is away mid-run', async () => {
    const { tenant, run } = await atWork('cut', 8_000)
    await node.stopApiServer()
    await systemClock.sleep(5_000)
    await node.startApiServer()
    const ended = await tenant.until(run, isFinished)
    said(`while the API server was away: ${wordsOf(ended)}; ${await troublesOf(ended)}`)
    // The entry that was cut and the two after it that got no answer: nothing worked, and what was seen of it is kept.
    expect(ended).toMatchObject({ outcome: 'failed', error: { code: 'COLLECTED_NOTHING' }, bundle: { isPartial: true } })
    // A server that ends accepts connections for a moment, and cuts them.
    expect(await troublesOf(ended)).toMatch(/ECONNREFUSED|ECONNRESET/)
    expect(await conditions('cut')).toContain('Failed')
    expect(await good.run('nightly')).toMatchObject(completed)
    expect(await tenant.objects.runsOf('job')).toHaveLength(1)
  }, 120_000)
})

/** How a run ended, with the reason and what mends it. */
const wordsOf = ({ outcome, error }: KeptRun): string => [outcome, error?.message, error?.remedy].filter(Boolean).join('; ')
