import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { decodeLedger } from '../../core/ledger.ts'
import type { Run } from '../../core/run.ts'
import { useMinio } from '../support/minio.ts'
import { type AgentProcess, eventually, startAgentProcess } from './agent-process.ts'
import { cheapJob, type ConfigMaps, configMapsOf } from './config-maps.ts'
import { allowUploadsWith } from './tenants.ts'
import { useCluster } from './use-cluster.ts'

const cluster = await useCluster()
const minio = await useMinio()
const LEASE_MS = 2_000

/** Two pods, each with its own files, and a bucket that takes nothing until the test says so. */
describe.skipIf(cluster.skipped ?? minio.skipped)('a bundle on its way from a replica', () => {
  const agents: AgentProcess[] = []
  let home: string
  let tenant: ConfigMaps
  let base: string
  let gate: Server
  let isOpen = false
  const podOf = (name: string) => ({ name: `agent-${name}`, uid: `uid-of-${name}` })
  const begin = (name: string) => {
    const config = { leaseDuration: `${LEASE_MS / 1000}s`, checkInterval: '1s', networks: [{ allow: ['127.0.0.1'] }] }
    const { kubeconfig } = cluster.info
    const agent = startAgentProcess({ folder: join(base, name), kubeconfig, namespace: home, config, replica: podOf(name) })
    agents.push(agent)
    return agent
  }
  const theRun = async (): Promise<Run | undefined> => (await tenant.runsOf('nightly'))[0]
  const runIn = (phase: Run['phase'], holder: string) =>
    eventually(
      async () => {
        const run = await theRun()
        return run?.phase === phase && run.holder.replica === podOf(holder).uid ? run : undefined
      },
      `a run that is ${phase}, of ${holder}`,
      agents,
    )
  const logged = (agent: AgentProcess, text: string) =>
    eventually(async () => (agent.log().includes(text) ? true : undefined), text, agents)

  beforeAll(async () => {
    const far = new URL(minio.url)
    gate = createServer((socket) => {
      socket.on('error', () => undefined)
      if (!isOpen) return void socket.destroy()
      const through = connect(Number(far.port), far.hostname).on('error', () => socket.destroy())
      socket.pipe(through).pipe(socket)
    })
    await new Promise<void>((resolve) => {
      gate.listen(0, '127.0.0.1', resolve)
    })
  })
  afterEach(async () => {
    for (const agent of agents) agent.kill('SIGKILL')
    await Promise.all(agents.splice(0).map((agent) => agent.ended))
    await cluster.admin.json({ method: 'DELETE', path: `/api/v1/namespaces/${tenant.namespace}` })
    rmSync(base, { recursive: true, force: true })
  })
  afterAll(() => void gate?.close())

  /** `a` leads and has collected; its bundle cannot be delivered yet. */
  async function delivering(): Promise<AgentProcess> {
    base = mkdtempSync(join(tmpdir(), 'sbs-replicas-'))
    isOpen = false
    home = await cluster.newNamespace()
    const namespace = await cluster.newTenant()
    tenant = configMapsOf(cluster.admin, namespace)
    const secret = { metadata: { name: 'keys' }, stringData: minio.keys }
    await cluster.admin.json({ method: 'POST', path: `/api/v1/namespaces/${namespace}/secrets`, body: secret })
    await allowUploadsWith(cluster.admin, namespace, 'keys')
    const config = {
      bucket: await minio.newBucket(),
      endpoint: `http://127.0.0.1:${(gate.address() as AddressInfo).port}`,
      region: minio.region,
    }
    const upload = [{ uploader: 's3', config, credentials: { secret: 'keys' } }]
    await tenant.create('nightly', 'job', cheapJob('0 2 * * *', { upload }))
    const first = begin('a')
    await logged(first, 'namespace joined')
    const request = { schema: 1, action: 'run', requestedAt: systemClock.now().toISOString() }
    await tenant.create('nightly.request.x', 'request', { data: { 'request.json': JSON.stringify(request) } })
    await runIn('delivering', 'a')
    return first
  }

  it('stays its own when another one leads, and arrives', async () => {
    const first = await delivering()
    const second = begin('b')
    first.kill('SIGSTOP')
    await logged(second, 'namespace joined')
    first.kill('SIGCONT')
    await logged(first, 'leadership lost')
    await logged(first, 'run taken over')
    isOpen = true
    const run = await runIn('finished', 'a')
    expect(run).toMatchObject({ outcome: 'completed', attempt: 1, deliveries: [{ state: 'delivered' }] })
    expect(run.holder).not.toHaveProperty('fence')
  })

  it('is collected again by another one when its pod is gone', async () => {
    const first = await delivering()
    const second = begin('b')
    first.kill('SIGKILL')
    await first.ended
    rmSync(join(base, 'a'), { recursive: true, force: true })
    await logged(second, 'namespace joined')
    // Until its Lease goes, the pod may come back.
    await systemClock.sleep(LEASE_MS)
    expect((await theRun())?.holder.replica).toBe(podOf('a').uid)
    const path = `/apis/coordination.k8s.io/v1/namespaces/${home}/leases/${podOf('a').name}`
    await cluster.admin.json({ method: 'DELETE', path })
    isOpen = true
    const run = await runIn('finished', 'b')
    expect(run).toMatchObject({ outcome: 'completed', attempt: 2, deliveries: [{ state: 'delivered' }] })
    const pages = (await tenant.list('ledger')).map(({ data }) => decodeLedger(data?.['ledger.json'] ?? ''))
    expect(pages.flatMap(({ entries }) => entries.map(({ type }) => type))).toContain('delivery-lost')
  })

  it('goes on in the same pod after its container was started again', async () => {
    const first = await delivering()
    first.kill('SIGKILL')
    await first.ended
    const again = begin('a')
    await logged(again, 'run taken over')
    isOpen = true
    expect(await runIn('finished', 'a')).toMatchObject({ outcome: 'completed', attempt: 1 })
  })

  it('is handed over at once when its replica is stopped', async () => {
    const first = await delivering()
    const second = begin('b')
    await logged(second, 'agent started')
    const stoppedAt = systemClock.monotonicMs()
    first.kill('SIGTERM')
    await logged(second, 'namespace joined')
    const tookMs = systemClock.monotonicMs() - stoppedAt
    // Its files go with the pod.
    rmSync(join(base, 'a'), { recursive: true, force: true })
    isOpen = true
    expect(await runIn('finished', 'b')).toMatchObject({ outcome: 'completed', attempt: 2 })
    process.stdout.write(`\nhanded over ${Math.round(tookMs)} ms after SIGTERM\n`)
  })
})
