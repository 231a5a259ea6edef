import { readFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { decodeLedger } from '../../core/ledger.ts'
import { hostilePlugins } from './hostile-plugins.ts'
import { cliOf, installAgent, leader } from './installed.ts'
import { isAlive } from './processes.ts'
import { aTenant, collecting, isAtWork, podsOf, restarts, type Tenant } from './tenant.ts'
import { useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'

const node = useNode()
const cli = cliOf(node)
const HARMLESS = { collect: collecting({ data: { name: 'a', data: 'hello' } }) }
const hostile = (attack: string, given: object = {}) => ({ collect: collecting({ hostile: { attack, ...given } }) })
const said = (text: string) => process.stdout.write(`\n${text}\n`)

/** What a task does to memory, or what is done to it, costs its run and nothing else. Faults of the cluster: faults.test.ts. */
describe('one run alone is the price', () => {
  let bad: Tenant
  let good: Tenant
  const stopped = new Set<number>()
  beforeAll(async () => {
    await installAgent(node, {}, hostilePlugins())
    bad = await aTenant(node, 'limited')
    good = await aTenant(node, 'unharmed')
    await bad.create('harmless', HARMLESS)
    await good.create('nightly', HARMLESS)
  }, 240_000)
  afterEach(() => {
    for (const pid of stopped) if (isAlive(pid)) process.kill(pid, 'SIGCONT')
    stopped.clear()
  })
  const completed = { outcome: 'completed', bundle: { isPartial: false } }

  it.each([
    ['leak Buffers', { pauseMs: 5 }, '256Mi'],
    ['leak Buffers without a pause', {}, '1Gi'],
  ])(
    'of a child that is to %s',
    async (attack, given, memory) => {
      const job = attack.replaceAll(' ', '-').toLowerCase()
      const before = await restarts(node)
      await bad.create(job, { ...hostile(attack, given), limits: { memory } })
      const run = await bad.ask(job)
      const beside = await good.run('nightly')
      const ended = await bad.until(run, ({ phase }) => phase === 'finished')
      said(`${attack}: ${ended.error?.message}; ${ended.error?.remedy}`)
      expect(ended).toMatchObject({
        outcome: 'failed',
        error: { code: 'TASK_MEMORY', remedy: expect.stringContaining('limits.memory') },
      })
      expect((await cli('history', job, '-n', bad.name)).out).toContain('MiB of memory')
      expect(beside).toMatchObject(completed)
      expect(await bad.run('harmless')).toMatchObject(completed)
      expect(await good.run('nightly')).toMatchObject(completed)
      expect(await restarts(node)).toEqual(before)
    },
    120_000,
  )

  it('of a child that is stopped with its leader', async () => {
    await bad.create('stopped', hostile('wait', { ms: 600_000 }))
    const name = await bad.ask('stopped')
    const atWork = await bad.until(name, isAtWork)
    const { own } = await podsOf(node, atWork)
    const [agent, runner] = await Promise.all(['agent', 'runner'].map((container) => node.pidOf(own, container)))
    const task = await waitFor(
      'the task',
      () => childOf(runner ?? 0),
      (pid) => pid > 0,
    )
    const stop = (pid: number) => (stopped.add(pid), process.kill(pid, 'SIGSTOP'))
    const at = systemClock.monotonicMs()
    stop(agent ?? 0)
    stop(task)
    await waitFor(
      'the runner to end the task',
      () => isAlive(task),
      (is) => !is,
      { withinMs: 40_000 },
    )
    const killedMs = Math.round(systemClock.monotonicMs() - at)
    await waitFor(
      'another leader',
      () => leader(node),
      (pod) => pod !== '' && pod !== own.metadata.name,
      { withinMs: 60_000 },
    )
    const ledMs = Math.round(systemClock.monotonicMs() - at)
    const ended = await bad.until(name, ({ phase }) => phase === 'finished')
    said(
      `stopped: the task was dead after ${killedMs} ms, another led after ${ledMs} ms; ${ended.error?.message}; ${ended.error?.remedy}`,
    )
    expect(killedMs).toBeLessThan(20_000)
    // Its lease lasts 30 s; who waits for it looks each 10 s.
    expect(ledMs).toBeLessThan(45_000)
    expect(ended).toMatchObject({ outcome: 'interrupted' })
    expect(await good.run('nightly')).toMatchObject(completed)

    const versions = () => versionsOf(bad, 'stopped')
    const before = await versions()
    const continuedAt = systemClock.now()
    process.kill(agent ?? 0, 'SIGCONT')
    // Long enough for all that it had begun to be given up, or done.
    await systemClock.sleep(15_000)
    expect(await versions()).toEqual(before)
    const writes = node
      .auditEvents()
      .filter(
        ({ sourceIPs = [], requestReceivedTimestamp, objectRef }) =>
          sourceIPs.includes(own.status.podIP ?? '') &&
          Date.parse(requestReceivedTimestamp) >= continuedAt.getTime() &&
          objectRef?.namespace === bad.name,
      )
      .filter(({ verb }) => /create|update|patch|delete/.test(verb))
    said(`when it went on: ${writes.map((one) => `${one.verb} ${one.requestURI} ${one.responseStatus?.code}`).join(', ')}`)
    expect(writes.filter(({ responseStatus }) => responseStatus?.code !== 409)).toEqual([])
    expect(await outcomes(bad, 'stopped')).toEqual(['interrupted'])
    expect(await bad.run('harmless')).toMatchObject(completed)
    const { own: now } = await podsOf(node, await bad.run('harmless'))
    expect(now.metadata.name).not.toBe(own.metadata.name)
    said(`restarts: ${JSON.stringify(await restarts(node))}`)
  }, 240_000)
})

/** The task program that a runner has started; 0 = none. */
function childOf(runner: number): number {
  return Number(readFileSync(`/proc/${runner}/task/${runner}/children`, 'utf8').split(' ')[0])
}

/** All objects of a job in the versions that they have now, but for the status, which tells the time. */
async function versionsOf({ objects }: Tenant, job: string): Promise<string[]> {
  const all = [...(await objects.list('run')), ...(await objects.list('ledger'))]
  return all
    .filter(({ metadata }) => metadata.name.startsWith(`${job}.`))
    .map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`)
    .toSorted()
}

/** How the runs of a job ended: each way that it is told of. */
async function outcomes({ objects }: Tenant, job: string): Promise<string[]> {
  const pages = (await objects.list('ledger')).map(({ data }) => decodeLedger(data?.['ledger.json'] ?? ''))
  const lines = pages
    .filter((page) => page.job === job)
    .flatMap(({ entries }) => entries.flatMap((one) => ('outcome' in one ? [one.outcome] : [])))
  return [...(await objects.runsOf(job)).map((run) => String(run.outcome)), ...lines]
}
