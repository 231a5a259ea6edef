import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { AGENT_NAMESPACE, API_VERSION, LABEL_KIND } from '../../core/names.ts'
import { optIn } from '../cluster/tenants.ts'
import { anonymousBytes } from './containers.ts'
import { cleanCluster, IMAGE } from './installed.ts'
import { useNode } from './use-node.ts'
import { waitFor } from './wait-for.ts'

const node = useNode()
const MANIFESTS = join(import.meta.dirname, '..', '..', 'manifests')
const NAMESPACES = 20
const JOBS = 5
const IDLE_MS = 60_000

/** What docs/benchmarks.md tells of the agent in its pod. They are printed; what a slow machine makes of them is no failure. */
describe('an idle agent with 100 jobs in 20 namespaces', () => {
  const names = Array.from({ length: NAMESPACES }, (_, index) => `idle-${index}`)
  const statuses = async () =>
    (await node.get<{ items: unknown[] }>('configmaps', '-A', '-l', `${LABEL_KIND}=status`)).items.length
  const addJob = (namespace: string, name: string) => {
    const job = { apiVersion: API_VERSION, schedule: '0 2 * * *' }
    const metadata = { name, namespace, labels: { [LABEL_KIND]: 'job' } }
    const body = { metadata, data: { 'job.yaml': JSON.stringify(job) } }
    return node.admin.json({ method: 'POST', path: `/api/v1/namespaces/${namespace}/configmaps`, body })
  }
  let installMs: number
  beforeAll(async () => {
    await node.importImage(IMAGE)
    await cleanCluster(node)
    const [first = ''] = names
    await node.kubectl(['create', 'namespace', first])
    await optIn(node.admin, first)
    await addJob(first, 'job-0')
    const startedAt = systemClock.monotonicMs()
    await node.kubectl(['apply', '-k', MANIFESTS])
    await waitFor('the first accepted job', statuses, (count) => count > 0, { withinMs: 60_000, everyMs: 100 })
    installMs = Math.round(systemClock.monotonicMs() - startedAt)
    for (const name of names.slice(1)) {
      await node.kubectl(['create', 'namespace', name])
      await optIn(node.admin, name)
    }
    for (const name of names) for (let index = name === first ? 1 : 0; index < JOBS; index++) await addJob(name, `job-${index}`)
    await waitFor('all jobs accepted', statuses, (count) => count === NAMESPACES * JOBS, { withinMs: 120_000 })
  }, 240_000)

  it('costs little', async () => {
    await systemClock.sleep(IDLE_MS / 2)
    const from = systemClock.now()
    await systemClock.sleep(IDLE_MS)
    const pods = await node.readyPods(AGENT_NAMESPACE, 'app.kubernetes.io/component=agent', 2)
    const events = node
      .auditEvents()
      .filter(
        ({ stage, requestReceivedTimestamp }) =>
          stage === 'ResponseComplete' && Date.parse(requestReceivedTimestamp) >= from.getTime(),
      )
    const figures = []
    for (const pod of pods) {
      const [agent, runner] = await Promise.all(
        ['agent', 'runner'].map(async (name) => anonymousBytes(await node.pidOf(pod, name))),
      )
      const own = events.filter(({ sourceIPs = [] }) => sourceIPs.includes(pod.status.podIP ?? ''))
      const leases = own.filter(({ objectRef }) => objectRef?.resource === 'leases').length
      const kinds = Object.entries(Object.groupBy(own, ({ verb, objectRef }) => `${verb} ${objectRef?.resource}`)).map(
        ([what, all]) => `${what}: ${all?.length}`,
      )
      figures.push(
        `${pod.metadata.name}: agent ${mb(agent)}, runner ${mb(runner)} anonymous; ${own.length - leases} requests a minute and ${leases} of leases (${kinds.join(', ')})`,
      )
      expect(own.length - leases).toBeLessThanOrEqual(60)
    }
    process.stdout.write(`\ninstall to first accepted job: ${installMs} ms\n${figures.join('\n')}\n`)
  }, 240_000)
})

const mb = (bytes: number | undefined) => `${((bytes ?? 0) / 1e6).toFixed(1)} MB`
