import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { decodeLedger, type LedgerPage } from '../../core/ledger.ts'
import { jobOf, ledgerName, monthOf, runName } from '../../core/names.ts'
import { decodeRun } from '../../core/run.ts'
import { decodeStatus, type JobStatus } from '../../core/status.ts'
import { writeCollectors } from '../support/plugins.ts'
import { type AgentProcess, eventually, startAgentProcess } from './agent-process.ts'
import { type ConfigMaps, cheapJob, configMapsOf, nextMinute, onceAt } from './config-maps.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { type FaultProxy, type FaultRule, startFaultProxy } from './fault-proxy.ts'
import { newFolder } from './sweep.ts'
import { optIn } from './tenants.ts'
import { type TestCluster, testCluster, useCluster } from './use-cluster.ts'

const { skipped } = await useCluster()

const CONFIG = { leaseDuration: '3s', checkInterval: '5s', defaultMaxConcurrent: 4 }
const NEVER = '0 0 29 2 *'

// Its own server: it is killed. The agent sees it through a proxy that makes trouble; the test does not.
describe.skipIf(skipped)('an agent whose API server makes trouble', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-faults-'))
  let server: ControlPlane
  let proxy: FaultProxy
  let cluster: TestCluster
  let agent: AgentProcess
  let well: ConfigMaps

  const optedIn = async () => configMapsOf(cluster.admin, await cluster.newTenant())
  /** How a run ended: as its own record, or what is left of it in the ledger. */
  const outcomeOf = async (maps: ConfigMaps, run: string, withinMs = 30_000) =>
    eventually(
      async () => {
        const object = await maps.get(run)
        if (object) return object.immutable ? decodeRun(object.data?.['run.json'] ?? '').outcome : undefined
        const line = (await ledgerOf(maps, jobOf(run)))?.entries.find((entry) => entry.type === 'run' && entry.run === run)
        return line?.type === 'run' ? line.outcome : undefined
      },
      `the end of ${run}`,
      [agent],
      withinMs,
    )
  const statusOf = async (maps: ConfigMaps, job: string): Promise<JobStatus | undefined> =>
    decodeStatus((await maps.get(`${job}.status`))?.data?.['status.json'] ?? '')
  const ledgerOf = async (maps: ConfigMaps, job: string): Promise<LedgerPage | undefined> => {
    const text = (await maps.get(ledgerName(job, monthOf(systemClock.now()))))?.data?.['ledger.json']
    return text === undefined ? undefined : decodeLedger(text)
  }
  /** How often each run of a namespace was begun, by the runs' own logs. */
  const beginnings = async ({ namespace }: ConfigMaps) => {
    const logs = join(folder, 'namespaces', namespace, 'logs', 'runs')
    const files = await readdir(logs).catch(() => [])
    return Promise.all(files.map(async (file) => (await readFile(join(logs, file), 'utf8')).split('"run started"').length - 1))
  }

  beforeAll(async () => {
    server = await startControlPlane({ folder: newFolder() })
    cluster = testCluster(server)
    proxy = await startFaultProxy({ server: server.server, ca: server.ca })
    const config = JSON.parse(readFileSync(server.kubeconfig, 'utf8')) as { clusters: object[] }
    config.clusters = [{ name: 'test', cluster: { server: proxy.url } }]
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, JSON.stringify(config))
    await writeCollectors(join(folder, 'plugins'), { nap: `await new Promise((resolve) => setTimeout(resolve, 60_000))` })
    well = await optedIn()
    await well.create('steady', 'job', cheapJob(NEVER))
    agent = startAgentProcess({ folder, kubeconfig, namespace: await cluster.newNamespace(), config: CONFIG })
    await eventually(() => statusOf(well, 'steady'), 'the first status', [agent])
  }, 120_000)
  afterAll(async () => {
    agent?.kill('SIGKILL')
    await agent?.ended
    cluster?.admin.close()
    await proxy?.close()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const CONFIG_MAPS = /\/configmaps/
  const troubles: { name: string; rules: FaultRule[]; forMs: number }[] = [
    { name: 'hangs', rules: [{ fault: { kind: 'hang' } }], forMs: 8_000 },
    { name: 'answers 429 with Retry-After', rules: [{ fault: { kind: 'status', status: 429, retryAfter: '1' } }], forMs: 5_000 },
    { name: 'answers 500', rules: [{ fault: { kind: 'status', status: 500 } }], forMs: 5_000 },
    {
      name: 'cuts watches each second',
      rules: [{ fault: { kind: 'cut', afterMs: 1_000, abruptly: true }, path: /watch=true/ }],
      forMs: 4_000,
    },
    {
      name: 'does what it was asked, but its answers are lost',
      rules: [{ fault: { kind: 'reset', afterServer: true }, method: 'POST', path: CONFIG_MAPS, times: 2 }],
      forMs: 3_000,
    },
    {
      name: 'loses answers to changes',
      rules: [{ fault: { kind: 'reset', afterServer: true }, method: 'PUT', path: CONFIG_MAPS, times: 3 }],
      forMs: 3_000,
    },
    { name: 'ends its answers in the middle', rules: [{ fault: { kind: 'truncate', bytes: 700 }, method: 'GET' }], forMs: 3_000 },
  ]
  it.each(troubles)(
    'runs what is asked once, when the server $name',
    async ({ name, rules, forMs }) => {
      const id = `t${troubles.findIndex((trouble) => trouble.name === name)}`
      proxy.rules(...rules)
      await well.request('steady', `${id}a`)
      await systemClock.sleep(forMs)
      proxy.rules()
      await well.request('steady', `${id}b`)
      // Whose moment it was may have been interrupted, and says so; what comes after is as ever.
      expect(['completed', 'interrupted']).toContain(await outcomeOf(well, `steady.m${id}a`))
      expect(await outcomeOf(well, `steady.m${id}b`)).toBe('completed')
      expect(Math.max(...(await beginnings(well)))).toBe(1)
    },
    90_000,
  )

  it('goes on after the server was killed and came back', async () => {
    await server.stopApiServer()
    await systemClock.sleep(4_000)
    await server.startApiServer()
    await well.request('steady', 'restart')
    expect(await outcomeOf(well, 'steady.mrestart')).toBe('completed')
    expect(Math.max(...(await beginnings(well)))).toBe(1)
  }, 60_000)

  it('serves all other namespaces while it may not read one', async () => {
    const barred = configMapsOf(cluster.admin, await cluster.newNamespace())
    const path = `/api/v1/namespaces/${barred.namespace}/configmaps`
    proxy.rules({ fault: { kind: 'status', status: 403, reason: 'Forbidden' }, path })
    await optIn(cluster.admin, barred.namespace)
    await barred.create('barred', 'job', cheapJob(NEVER))
    await barred.request('barred', 'late')
    await well.request('steady', 'meanwhile')
    expect(await outcomeOf(well, 'steady.mmeanwhile')).toBe('completed')
    expect(await barred.runs()).toEqual([])
    expect(agent.log()).toMatch(new RegExp(`"namespace":"${barred.namespace}".*STORE_FORBIDDEN.*namespace cannot be served yet`))
    proxy.rules()
    expect(await outcomeOf(barred, 'barred.mlate')).toBe('completed')
  }, 60_000)

  it('ends the run of a job that is deleted meanwhile, and notes both', async () => {
    const maps = await optedIn()
    const inline = {
      apiVersion: 'troubleshoot.sh/v1beta2',
      kind: 'SupportBundle',
      metadata: { name: 'nap' },
      spec: { collectors: [{ nap: {} }] },
    }
    await maps.create('gone', 'job', cheapJob(NEVER, { collect: { specs: [{ inline }] } }))
    await maps.request('gone', 'nap')
    await eventually(async () => ((await maps.runsOf('gone'))[0]?.phase === 'running' ? true : undefined), 'the run', [agent])
    await maps.remove('gone')
    const page = await eventually(
      async () => {
        const found = await ledgerOf(maps, 'gone')
        return found?.entries.at(-1)?.type === 'deleted' ? found : undefined
      },
      'the end of the ledger',
      [agent],
    )
    expect(page.entries.map((entry) => ('outcome' in entry ? entry.outcome : entry.type))).toEqual([
      'created',
      'interrupted',
      'deleted',
    ])
    expect((await maps.runsOf('gone')).filter((run) => run.bundle)).toEqual([])
  }, 60_000)

  it('touches nothing of others, and says whose names and which quota are in the way', async () => {
    const [maps, full] = [await optedIn(), await optedIn()]
    const slot = nextMinute(systemClock.now(), 8_000)
    const schedule = onceAt(slot)
    const inTheWay = [runName('run-taken', slot), 'status-taken.status', ledgerName('ledger-taken', monthOf(slot))]
    for (const name of inTheWay) await maps.create(name, undefined, { data: { app: 'mine' } })
    const before = await Promise.all(inTheWay.map((name) => maps.get(name)))
    for (const job of ['run-taken', 'status-taken', 'ledger-taken', 'free']) await maps.create(job, 'job', cheapJob(schedule))
    await full.create('cramped', 'job', cheapJob(schedule))
    await eventually(() => statusOf(full, 'cramped'), 'a status', [agent])
    await exhaust(full)
    await full.create('too-many', 'job', cheapJob(schedule)).then(
      () => expect.fail('the quota does not hold'),
      () => undefined,
    )
    await systemClock.sleep(slot.getTime() - systemClock.now().getTime())
    expect(await outcomeOf(maps, runName('free', slot))).toBe('completed')
    expect(await outcomeOf(maps, runName('status-taken', slot))).toBe('completed')
    const refused = { outcome: 'claim-refused', from: slot.toISOString(), count: 1 }
    for (const [where, job] of [
      [maps, 'run-taken'],
      [full, 'cramped'],
    ] as const) {
      await eventually(
        async () => (await ledgerOf(where, job))?.entries.some((entry) => 'outcome' in entry) || undefined,
        'a line',
        [agent],
      )
      expect((await ledgerOf(where, job))?.entries.at(-1)).toMatchObject(refused)
      const status = await eventually(
        async () => {
          const found = await statusOf(where, job)
          return found?.conditions.some(({ type }) => type === 'Degraded') ? found : undefined
        },
        `a word about ${job}`,
        [agent],
      )
      expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Degraded', reason: 'ClaimRefused' }))
    }
    expect(await maps.runsOf('run-taken')).toEqual([])
    expect(await statusOf(maps, 'ledger-taken')).toMatchObject({
      state: 'invalid',
      conditions: expect.arrayContaining([expect.objectContaining({ reason: 'StoreNameTaken' })]) as unknown,
    })
    expect(agent.log()).toMatch(/"status-taken".*STORE_NAME_TAKEN/)
    expect(await Promise.all(inTheWay.map((name) => maps.get(name)))).toEqual(before)
    expect(Math.max(...(await beginnings(maps)))).toBe(1)
  }, 120_000)

  /** A full quota. Nobody counts here, as no controller runs: what is used is said by hand. */
  async function exhaust({ namespace }: ConfigMaps): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/resourcequotas`
    const hard = { 'count/configmaps': '3' }
    await cluster.admin.json({ method: 'POST', path, body: { metadata: { name: 'few' }, spec: { hard } } })
    const status = { hard, used: { 'count/configmaps': '3' } }
    const body = { metadata: { name: 'few' }, status }
    await cluster.admin.json({ method: 'PATCH', path: `${path}/few/status`, body, contentType: 'application/merge-patch+json' })
  }
})
