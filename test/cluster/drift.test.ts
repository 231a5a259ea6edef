import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Comparison } from '../../agent/drift/compare.ts'
import { LABEL_KIND, LABEL_RUN } from '../../core/names.ts'
import type { RunRequest } from '../../core/task.ts'
import { spec } from '../support/task.ts'
import { collectFrom, removeCollected } from './collect-from.ts'
import { useCluster } from './use-cluster.ts'

const cluster = await useCluster()
afterAll(removeCollected)

type Report = Pick<Comparison, 'appeared' | 'gone' | 'changed' | 'flips'>

describe.skipIf(cluster.skipped)('runs of one job, on a real API server', () => {
  let namespace: string
  let kept: string | undefined
  const core = () => `/api/v1/namespaces/${namespace}`
  const apps = () => `/apis/apps/v1/namespaces/${namespace}/deployments`
  const batch = () => `/apis/batch/v1/namespaces/${namespace}`
  const create = (path: string, body: object) => cluster.admin.json({ method: 'POST', path, body })
  const merge = (path: string, body: object) =>
    cluster.admin.json({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' })

  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } }
  const ready = (count: number) => ({ status: { replicas: count, readyReplicas: count, availableReplicas: count } })

  /** One run; what it says of this test's namespace, since other tests change the cluster meanwhile. */
  async function run(change: Partial<RunRequest> = {}) {
    const outcomes = [{ fail: { when: '< 2', message: 'few' } }, { pass: { message: 'enough' } }]
    const analyzers = [{ deploymentStatus: { name: 'web', namespace, outcomes } }]
    const specs = [spec({ collectors: [{ clusterInfo: { exclude: true } }], analyzers })]
    const baseline = kept === undefined ? { reason: 'it is the first' } : { run: 'nightly.0', path: kept }
    const collected = await collectFrom(cluster, [], {
      namespaces: [namespace],
      change: { specs, analyze: true, baseline, ...change },
    })
    const folder = dirname(collected.archive)
    kept = join(folder, 'kept.json.gz')
    await copyFile(join(folder, 'drift.json.gz'), kept)
    const { drift } = collected.result
    if (drift?.state === 'no-baseline') return drift
    const { appeared, gone, changed, flips } = (await collected.json('support-bundle-schedule/drift-report.json')) as Report
    const ours = <Named extends { namespace: string }>(all: Named[]) => all.filter((one) => one.namespace === namespace)
    return { appeared: ours(appeared), gone: ours(gone), changed: ours(changed), flips }
  }
  const NOTHING = { appeared: [], gone: [], changed: [], flips: [] }

  beforeAll(async () => {
    namespace = await cluster.newNamespace()
    const selector = { matchLabels: { app: 'web' } }
    await create(apps(), { metadata: { name: 'web' }, spec: { replicas: 2, selector, template } })
    await merge(`${apps()}/web/status`, ready(2))
    await create(`${core()}/services`, { metadata: { name: 'old' }, spec: { ports: [{ port: 80 }] } })
    await create(`${core()}/configmaps`, { metadata: { name: 'settings' }, data: { color: 'red' } })
    const job = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a:1' }] } } }
    await create(`${batch()}/cronjobs`, {
      metadata: { name: 'hourly' },
      spec: { schedule: '0 * * * *', jobTemplate: { spec: job } },
    })
  })

  it('the first has no baseline', async () => {
    expect(await run()).toEqual({ state: 'no-baseline', reason: 'it is the first', lines: [] })
  })

  it('the second finds nothing, though the cluster ticks', async () => {
    // New versions, managed fields and generations; our own records; a lease, an event, and a Job that a CronJob makes.
    await merge(`${apps()}/web/status`, { status: { observedGeneration: 1 } })
    await merge(`${core()}/configmaps/settings`, {
      metadata: { annotations: { 'control-plane.alpha.kubernetes.io/leader': 'x' } },
    })
    await create(`${core()}/configmaps`, { metadata: { name: 'nightly.1', labels: { [LABEL_KIND]: 'run' } } })
    await create(`${core()}/pods`, {
      metadata: { name: 'collects', labels: { [LABEL_RUN]: 'nightly.1' } },
      spec: template.spec,
    })
    await create(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, {
      metadata: { name: 'leader' },
      spec: { holderIdentity: 'a', renewTime: '2026-01-01T00:00:00.000000Z' },
    })
    await create(`${core()}/events`, {
      metadata: { name: 'web.1' },
      involvedObject: { kind: 'Deployment', namespace, name: 'web' },
      reason: 'Scaled',
    })
    const { metadata } = (await cluster.admin.json({ method: 'GET', path: `${batch()}/cronjobs/hourly` })) as {
      metadata: { uid: string }
    }
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'hourly', uid: metadata.uid, controller: true }
    await create(`${batch()}/jobs`, {
      metadata: { name: 'hourly-1', ownerReferences: [owner] },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a:1' }] } } },
    })
    expect(await run()).toEqual(NOTHING)
  })

  it('the next finds what people did', async () => {
    await merge(`${apps()}/web`, { spec: { replicas: 1 } })
    await merge(`${apps()}/web/status`, ready(1))
    await create(`${core()}/configmaps`, { metadata: { name: 'new' } })
    await cluster.admin.json({ method: 'DELETE', path: `${core()}/services/old` })
    await merge(`${core()}/configmaps/settings`, { data: { color: 'blue' } })
    const replicas = [
      { fact: 'replicas', from: 2, to: 1 },
      { fact: 'ready', from: 2, to: 1 },
    ]
    expect(await run()).toEqual({
      appeared: [{ kind: 'ConfigMap', namespace, name: 'new' }],
      gone: [{ kind: 'Service', namespace, name: 'old' }],
      changed: [
        { kind: 'ConfigMap', namespace, name: 'settings', differences: [{ fact: 'spec' }] },
        { kind: 'Deployment', namespace, name: 'web', differences: replicas },
      ],
      flips: [{ analyzer: 'web Status', from: 'pass', to: 'fail' }],
    })
  })

  it('and the one after it finds nothing again', async () => {
    expect(await run()).toEqual(NOTHING)
  })
})
