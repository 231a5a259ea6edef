import { execFileSync } from 'node:child_process'
import { ListObjectVersionsCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { decodeLedger } from '../../core/ledger.ts'
import { AGENT_NAME, AGENT_NAMESPACE, API_VERSION } from '../../core/names.ts'
import { type ConfigMaps, configMapsOf, nextMinute, onceAt } from '../cluster/config-maps.ts'
import { allowUploadsWith, optIn } from '../cluster/tenants.ts'
import { useMinio } from '../support/minio.ts'
import { installAgent, leader } from './installed.ts'
import { gateForPods, type Gate } from './object-store.ts'
import { useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'
import { aWorkload } from './workload.ts'

const node = useNode()
const minio = await useMinio()

const never = (why: string): never => {
  throw new Error(why)
}
/** Calls of the API server to the kubelet, such as for logs, hang while this holds. */
const hangLogs = (how: '-I' | '-D') => execFileSync('iptables', [how, 'OUTPUT', '-p', 'tcp', '--dport', '10250', '-j', 'DROP'])

describe('the leading pod is killed', () => {
  const namespace = 'handed-over'
  let jobs: ConfigMaps
  let gate: Gate
  let bucket: string
  let isHanging = false
  beforeAll(async () => {
    gate = await gateForPods(minio.url, node.info.nodeIp)
    bucket = await minio.newBucket()
    await minio.client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }))
    // One at a time: of two jobs that are due, one stays claimed.
    await installAgent(node, { networks: [{ allow: [node.info.nodeIp] }], defaultMaxConcurrent: 1 })
    await node.kubectl(['create', 'namespace', namespace])
    await node.kubectl(['apply', '-n', namespace, '-f', '-'], aWorkload('web'))
    await optIn(node.admin, namespace)
    const keys = Object.entries(minio.keys).map(([key, value]) => `--from-literal=${key}=${value}`)
    await node.kubectl(['create', 'secret', 'generic', 'keys', '-n', namespace, ...keys])
    await allowUploadsWith(node.admin, namespace, 'keys')
    jobs = configMapsOf(node.admin, namespace)
    await node.readyPods(namespace, 'app=web')
  }, 180_000)
  afterEach(() => {
    if (isHanging) hangLogs('-D')
    isHanging = false
    gate.open()
  })

  const create = (name: string, slot: Date, collectors: object[]) => {
    const config = { bucket, endpoint: gate.url, region: minio.region, allowInsecure: true }
    const inline = { apiVersion: 'troubleshoot.sh/v1beta2', kind: 'SupportBundle', metadata: { name }, spec: { collectors } }
    const job = {
      apiVersion: API_VERSION,
      schedule: onceAt(slot),
      collect: { specs: [{ inline }] },
      analyze: false,
      upload: [{ uploader: 's3', config, credentials: { secret: 'keys' } }],
    }
    return jobs.create(name, 'job', { data: { 'job.yaml': JSON.stringify(job) } })
  }
  const runOf = async (job: string) => (await jobs.runsOf(job).catch(() => []))[0]
  const until = (job: string, phase: string, withinMs = 90_000) =>
    waitFor(
      `${job} to be ${phase}`,
      () => runOf(job),
      (run) => run?.phase === phase,
      { withinMs, everyMs: 50, onLate: () => node.whatIsIn(AGENT_NAMESPACE) },
    )

  /** Kills it as a lost node does, and gives how long nobody led. */
  async function killLeader(): Promise<{ killed: string; leaderlessMs: number }> {
    const killed = await leader(node)
    const at = systemClock.monotonicMs()
    await node.killPod(AGENT_NAMESPACE, killed)
    await waitFor(
      'another leader',
      () => leader(node),
      (name) => name !== killed && name !== '',
      { withinMs: 60_000, everyMs: 200 },
    )
    return { killed, leaderlessMs: Math.round(systemClock.monotonicMs() - at) }
  }
  /** How a job's only slot ended, from its runs and its ledger: each way that it is told of. */
  async function outcomes(job: string): Promise<string[]> {
    const pages = (await jobs.list('ledger'))
      .map(({ data }) => decodeLedger(data?.['ledger.json'] ?? ''))
      .filter((page) => page.job === job)
    const lines = pages.flatMap(({ entries }) => entries.flatMap((entry) => ('outcome' in entry ? [entry.outcome] : [])))
    return [...(await jobs.runsOf(job)).map((run) => String(run.outcome)), ...lines]
  }
  const objects = async (job: string) => {
    const { Versions = [] } = await minio.client.send(new ListObjectVersionsCommand({ Bucket: bucket }))
    return Versions.filter(({ Key }) => Key?.includes(`/${job}/`))
  }

  it('just after the claim, and while it collects: the one runs once, the other is interrupted once', async () => {
    const slot = nextMinute(systemClock.now(), 4_000)
    await create('at-work', slot, [{ logs: { selector: ['app=web'], namespace } }])
    await create('claimed', slot, [{ data: { name: 'a', data: 'hello' } }])
    hangLogs('-I')
    isHanging = true
    const [first, second] = await Promise.all([
      waitFor(
        'a run at work',
        () => runOf('at-work'),
        (run) => run?.phase === 'running' || run?.phase === 'claimed',
        { withinMs: 90_000, everyMs: 50 },
      ),
      waitFor(
        'a claim',
        () => runOf('claimed'),
        (run) => run !== undefined,
        { withinMs: 90_000, everyMs: 50 },
      ),
    ])
    const { leaderlessMs } = await killLeader()
    hangLogs('-D')
    isHanging = false
    const ended = [await until('at-work', 'finished'), await until('claimed', 'finished')]
    process.stdout.write(
      `\nkilled with runs ${first?.phase} and ${second?.phase}: led again after ${leaderlessMs} ms; ${ended.map((run) => run?.outcome).join(', ')}\n`,
    )
    expect(leaderlessMs).toBeLessThan(40_000)
    for (const job of ['at-work', 'claimed']) {
      expect(await outcomes(job), job).toHaveLength(1)
      expect(new Set((await objects(job)).map(({ ETag }) => ETag)).size, job).toBeLessThanOrEqual(1)
    }
    expect(await outcomes('at-work')).toEqual(['interrupted'])
    expect(await outcomes('claimed')).toEqual(['completed'])
  }, 240_000)

  it('while it delivers: the bundle went with the pod, and is collected again', async () => {
    gate.close()
    const slot = nextMinute(systemClock.now(), 4_000)
    await create('delivering', slot, [{ data: { name: 'a', data: 'hello' } }])
    await until('delivering', 'delivering')
    const { leaderlessMs } = await killLeader()
    gate.open()
    const run = await until('delivering', 'finished', 180_000)
    process.stdout.write(`\nkilled while it delivered: led again after ${leaderlessMs} ms, attempt ${run?.attempt}\n`)
    expect(run).toMatchObject({ outcome: 'completed', attempt: 2 })
    expect(await outcomes('delivering')).toEqual(['completed'])
    expect(new Set((await objects('delivering')).map(({ Key }) => Key)).size).toBe(1)
  }, 300_000)

  it('by its process alone, without a word: led again when its lease is over', async () => {
    const before = await leader(node)
    const pods = await node.readyPods(AGENT_NAMESPACE, 'app.kubernetes.io/component=agent', 2)
    const pod = pods.find(({ metadata }) => metadata.name === before)
    const pid = await node.pidOf(pod ?? never('the leading pod is not ready'), 'agent')
    const holder = () => node.get<{ spec: { holderIdentity?: string } }>('lease', AGENT_NAME, '-n', AGENT_NAMESPACE)
    const { holderIdentity } = (await holder()).spec
    const at = systemClock.monotonicMs()
    process.kill(pid, 'SIGKILL')
    await waitFor('another holder', holder, ({ spec }) => spec.holderIdentity !== holderIdentity, {
      withinMs: 60_000,
      everyMs: 200,
    })
    const tookMs = Math.round(systemClock.monotonicMs() - at)
    process.stdout.write(`\nSIGKILL: led again after ${tookMs} ms\n`)
    expect(tookMs).toBeLessThan(45_000)
  }, 90_000)

  it('and told to stop: handed over in seconds', async () => {
    const before = await leader(node)
    const at = systemClock.monotonicMs()
    await node.kubectl(['delete', 'pod', before, '-n', AGENT_NAMESPACE, '--wait=false'])
    await waitFor(
      'another leader',
      () => leader(node),
      (name) => name !== before && name !== '',
      { withinMs: 30_000, everyMs: 100 },
    )
    const tookMs = Math.round(systemClock.monotonicMs() - at)
    process.stdout.write(`\ndeleted: led again after ${tookMs} ms\n`)
    expect(tookMs).toBeLessThan(20_000)
  }, 60_000)
})
