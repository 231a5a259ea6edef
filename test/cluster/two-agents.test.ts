import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListObjectVersionsCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { decodeLedger } from '../../core/ledger.ts'
import { jobOf } from '../../core/names.ts'
import { useMinio } from '../support/minio.ts'
import { dice } from '../support/dice.ts'
import { type AgentProcess, eventually, startAgentProcess } from './agent-process.ts'
import { type ConfigMaps, cheapJob, configMapsOf, nextMinute, onceAt } from './config-maps.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { newFolder } from './sweep.ts'
import { allowUploadsWith } from './tenants.ts'
import { type TestCluster, testCluster, useCluster } from './use-cluster.ts'

const { skipped } = await useCluster()
const minio = await useMinio()
const CLI = join(import.meta.dirname, '..', '..', 'dist', 'kubectl-support_bundle_schedule.js')

const JOBS = 50
const CONFIG = { leaseDuration: '2s', checkInterval: '1s', defaultMaxConcurrent: 3, networks: [{ allow: ['127.0.0.1'] }] }
const SEED = 20_261_124

// Its own server: it writes down who did what when.
describe.skipIf(skipped ?? minio.skipped)('two agent processes for 200 slots, killed at random', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-two-agents-'))
  const agents: (AgentProcess | undefined)[] = [undefined, undefined]
  const ended: AgentProcess[] = []
  const slots: Date[] = []
  let server: ControlPlane
  let cluster: TestCluster
  let tenants: ConfigMaps[]
  let home: string
  let bucket: string

  const begin = (which: number) =>
    (agents[which] = startAgentProcess({ folder, kubeconfig: server.kubeconfig, namespace: home, config: CONFIG }))
  const kill = async (which: number) => {
    const agent = agents[which]
    if (!agent) return
    agent.kill('SIGKILL')
    await agent.ended
    ended.push(agent)
    agents[which] = undefined
  }
  const allRuns = async () => (await Promise.all(tenants.map((tenant) => tenant.runs()))).flat()
  const allPages = async () => {
    const found = await Promise.all(tenants.map((tenant) => tenant.list('ledger')))
    return found.map((objects) => objects.map(({ data }) => decodeLedger(data?.['ledger.json'] ?? '')))
  }
  const cli = (...args: string[]) =>
    new Promise<{ items: Record<string, unknown>[] }>((resolve, reject) => {
      const env = { ...process.env, KUBECONFIG: server.kubeconfig }
      execFile(process.execPath, [CLI, ...args, '-o', 'json'], { env, maxBuffer: 2 ** 26 }, (error, out, err) =>
        error ? reject(new Error(err)) : resolve(JSON.parse(out) as { items: Record<string, unknown>[] }),
      )
    })

  beforeAll(async () => {
    server = await startControlPlane({ folder: newFolder(), audit: true })
    cluster = testCluster(server)
    bucket = await minio.newBucket()
    await minio.client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    home = await cluster.newNamespace()
    const names = [await cluster.newTenant(), await cluster.newTenant()]
    tenants = names.map((name) => configMapsOf(cluster.admin, name))
    const body = { metadata: { name: 'bucket-keys' }, stringData: minio.keys }
    for (const name of names) {
      await cluster.admin.json({ method: 'POST', path: `/api/v1/namespaces/${name}/secrets`, body })
      await allowUploadsWith(cluster.admin, name, 'bucket-keys')
    }
  }, 120_000)
  afterAll(async () => {
    await Promise.all([kill(0), kill(1)])
    cluster?.admin.close()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('gives every slot one outcome, and runs none twice', async () => {
    const roll = dice(SEED)
    const first = nextMinute(systemClock.now(), 8_000)
    slots.push(first, new Date(first.getTime() + 60_000))
    const schedule = onceAt(...slots)
    for (const tenant of tenants) {
      const config = { bucket, endpoint: minio.url, region: minio.region }
      const upload = [{ uploader: 's3', config, credentials: { secret: 'bucket-keys' } }]
      await Promise.all(
        Array.from({ length: JOBS }, (_, index) => tenant.create(`job-${index}`, 'job', cheapJob(schedule, { upload }))),
      )
    }
    begin(0)
    begin(1)
    await systemClock.sleep(first.getTime() - systemClock.now().getTime() - 500)
    const end = (slots[1]?.getTime() ?? 0) + 25_000
    let kills = 0
    while (systemClock.now().getTime() < end) {
      await systemClock.sleep(1_000 + roll() * 9_000)
      const which = roll() < 0.5 ? 0 : 1
      await kill(which)
      kills++
      // Now and then nobody is there.
      if (roll() < 0.2) await kill(1 - which)
      await systemClock.sleep(roll() * 1_500)
      if (!agents[0]) begin(0)
      if (!agents[1]) begin(1)
    }
    const current = () => agents.flatMap((agent) => agent ?? [])
    await eventually(
      async () => ((await allRuns()).every(({ run }) => run.phase === 'finished') ? true : undefined),
      'the end of all runs',
      current(),
      120_000,
    )

    // Each slot, from the store: a run of its name, or lines of the ledger.
    const runs = await allRuns()
    const pages = await allPages()
    const counts: Record<string, number> = {}
    const wrong: string[] = []
    tenants.forEach((tenant, at) => {
      const own = runs.filter(({ object }) => object.metadata.namespace === tenant.namespace)
      for (let index = 0; index < JOBS; index++)
        for (const slot of slots) {
          const job = `job-${index}`
          const page = pages[at]?.find((one) => one.job === job)
          const iso = slot.toISOString()
          const byRun = own
            .filter(({ name, run }) => jobOf(name) === job && run.slot === iso)
            .map(({ run }) => run.outcome ?? 'none')
          const lines = (page?.entries ?? []).filter((entry) =>
            entry.type === 'run' ? entry.slot === iso : entry.type === 'slots' && entry.from <= iso && iso <= entry.to,
          )
          const outcomes = [...byRun, ...lines.flatMap((entry) => ('outcome' in entry ? [entry.outcome] : []))]
          if (outcomes.length !== 1) wrong.push(`${tenant.namespace} ${job} ${iso}: ${outcomes.join(', ') || 'no outcome'}`)
          for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
        }
    })
    expect(wrong).toEqual([])

    // Each slot, from the bucket: every version of an object is of the one bundle that its run tells of.
    const versions = await allVersions()
    const byKey = Map.groupBy(versions, ({ key }) => key)
    const delivered = runs.filter(({ run }) => run.deliveries[0]?.state === 'delivered')
    expect([...byKey].filter(([, copies]) => new Set(copies.map(({ etag }) => etag)).size > 1)).toEqual([])
    expect(byKey.size).toBeLessThanOrEqual(runs.length)
    const found = [...byKey.keys()].join('\n')
    for (const { object, run } of delivered)
      expect(found).toContain(`${object.metadata.namespace}/${run.job}/${run.bundle?.fileName}`)
    expect(delivered.length).toBe(counts['completed'])

    // Each run was begun at most once, whoever did it.
    const begun = await beginnings()
    expect(begun.filter(({ times }) => times > 1)).toEqual([])

    const log = [...ended, ...current()].map((agent) => agent.log()).join('')
    const adopted = (phase: string) =>
      log.split('\n').filter((line) => line.includes('run taken over') && line.includes(`"${phase}"`)).length
    expect(adopted('claimed')).toBeGreaterThan(0)
    process.stdout.write(
      `\n200 slots: ${JSON.stringify(counts)}; ${kills} kills; adopted: ${adopted('claimed')} claimed, ${adopted('delivering')} delivering; ` +
        `${byKey.size} objects in ${versions.length} versions\n`,
    )
  }, 360_000)

  it('has the record before the bundle, and never changes it again', async () => {
    const created = new Map<string, number>()
    for (const line of readFileSync(join(server.folder, 'audit.log'), 'utf8').split('\n')) {
      const { verb, objectRef, responseStatus, stageTimestamp, requestURI } = JSON.parse(line || '{}') as AuditLine
      if (verb === 'create' && objectRef?.resource === 'configmaps' && responseStatus?.code === 201)
        created.set(`${objectRef.namespace}/${objectRef.name ?? requestURI}`, Date.parse(stageTimestamp))
    }
    const objects = new Map((await allVersions()).map(({ key, at }) => [key, at]))
    let compared = 0
    for (const { name, object, run } of await allRuns()) {
      expect(object.immutable).toBe(true)
      const claimedAt = created.get(`${object.metadata.namespace}/${name}`)
      const key = [...objects.keys()].find((one) =>
        one.endsWith(`${object.metadata.namespace}/${run.job}/${run.bundle?.fileName}`),
      )
      if (key === undefined) continue
      expect(claimedAt).toBeDefined()
      expect(claimedAt).toBeLessThan(objects.get(key) ?? 0)
      compared++
    }
    expect(compared).toBe(objects.size)
    const sealed = (await allRuns())[0]
    const body = { ...sealed?.object, data: { 'run.json': '{}' } }
    const path = `/api/v1/namespaces/${sealed?.object.metadata.namespace}/configmaps/${sealed?.name}`
    await expect(cluster.admin.json({ method: 'PUT', path, body })).rejects.toThrow(/immutable/)
  })

  it('makes the same list and history again when status objects and caches are gone', async () => {
    await Promise.all([kill(0), kill(1)])
    const look = async () => {
      const { items } = await cli('list', '-A')
      const histories = await Promise.all(tenants.map((tenant) => cli('history', 'job-7', '-n', tenant.namespace)))
      // Since when a condition holds is what a status alone knows.
      const rows = items.map((row) => ({
        ...row,
        conditions: (row['conditions'] as object[]).map((one) => ({ ...one, at: '' })),
      }))
      return { rows, histories: histories.map((history) => history.items) }
    }
    const before = await look()
    expect(before.rows).toHaveLength(2 * JOBS)
    for (const tenant of tenants) {
      rmSync(join(folder, 'namespaces', tenant.namespace, 'cache.json'))
      await cluster.admin.json({
        method: 'DELETE',
        path: `/api/v1/namespaces/${tenant.namespace}/configmaps`,
        query: { labelSelector: 'support-bundle-schedule.io/kind=status' },
      })
    }
    const agent = begin(0)
    const statuses = async () => (await Promise.all(tenants.map((tenant) => tenant.list('status')))).flat().length
    await eventually(async () => ((await statuses()) === 2 * JOBS ? true : undefined), 'the statuses', [agent], 60_000)
    expect(await look()).toEqual(before)
  }, 90_000)

  interface AuditLine {
    verb?: string
    requestURI?: string
    objectRef?: { resource?: string; namespace?: string; name?: string }
    responseStatus?: { code?: number }
    stageTimestamp: string
  }

  async function allVersions(): Promise<{ key: string; etag: string; at: number }[]> {
    const all: { key: string; etag: string; at: number }[] = []
    let KeyMarker: string | undefined
    let VersionIdMarker: string | undefined
    do {
      const page = await minio.client.send(new ListObjectVersionsCommand({ Bucket: bucket, KeyMarker, VersionIdMarker }))
      for (const one of page.Versions ?? [])
        all.push({ key: one.Key ?? '', etag: one.ETag ?? '', at: one.LastModified?.getTime() ?? 0 })
      KeyMarker = page.NextKeyMarker
      VersionIdMarker = page.NextVersionIdMarker
    } while (KeyMarker !== undefined)
    return all
  }

  /** From the runs' own logs, which all agents append to. */
  async function beginnings(): Promise<{ run: string; times: number }[]> {
    const logs = tenants.map((tenant) => join(folder, 'namespaces', tenant.namespace, 'logs', 'runs'))
    const files = (await Promise.all(logs.map(async (log) => (await readdir(log)).map((file) => join(log, file))))).flat()
    return Promise.all(
      files.map(async (file) => ({ run: file, times: (await readFile(file, 'utf8')).split('"run started"').length - 1 })),
    )
  }
})
