import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { LABEL_KIND } from '../../core/names.ts'
import { decodeRun, type Run } from '../../core/run.ts'
import { decodeStatus } from '../../core/status.ts'
import { type AgentProcess, eventually, startAgentProcess } from './agent-process.ts'
import { useCluster } from './use-cluster.ts'

const cluster = await useCluster()

describe.skipIf(cluster.skipped)('an agent process on a real API server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-agent-'))
  const agents: AgentProcess[] = []
  afterEach(async () => {
    for (const agent of agents) agent.kill('SIGKILL')
    await Promise.all(agents.splice(0).map((agent) => agent.ended))
    rmSync(folder, { recursive: true, force: true })
  })

  const path = (namespace: string, name = '') => `/api/v1/namespaces/${namespace}/configmaps${name ? `/${name}` : ''}`
  const create = (namespace: string, name: string, kind: string, data: Record<string, string>, uid?: string) =>
    cluster.admin.json({
      method: 'POST',
      path: path(namespace),
      body: {
        metadata: {
          name,
          labels: { [LABEL_KIND]: kind },
          ...(uid ? { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: name.split('.')[0], uid }] } : {}),
        },
        data,
      },
    }) as Promise<{ metadata: { uid: string } }>
  const read = async (namespace: string, name: string): Promise<Record<string, string> | undefined> =>
    (
      (await cluster.admin.json({ path: path(namespace, name) }).catch(() => undefined)) as
        | { data?: Record<string, string> }
        | undefined
    )?.data

  it('accepts a job, runs it when asked, and leaves an immutable record', async () => {
    const namespace = await cluster.newTenant()
    const home = await cluster.newNamespace()
    const agent = startAgentProcess({ folder, kubeconfig: cluster.info.kubeconfig, namespace: home })
    agents.push(agent)
    const job = await create(namespace, 'nightly', 'job', {
      'job.yaml': 'apiVersion: support-bundle-schedule.io/v1\nschedule: "0 2 * * *"\ntimeZone: Europe/Berlin\n',
    })
    const status = await eventually(
      async () => decodeStatus((await read(namespace, 'nightly.status'))?.['status.json'] ?? ''),
      'a status',
      agents,
    )
    expect(status).toMatchObject({ id: job.metadata.uid, state: 'pending', schedule: '0 2 * * *' })
    await create(namespace, 'nightly.request.abc', 'request', {
      'request.json': JSON.stringify({ schema: 1, action: 'run', requestedAt: '2026-11-24T00:00:00Z' }),
    })
    const run = await eventually(
      async (): Promise<Run | undefined> => {
        const text = (await read(namespace, 'nightly.mabc'))?.['run.json']
        const found = text === undefined ? undefined : decodeRun(text)
        return found?.phase === 'finished' ? found : undefined
      },
      'the end of the run',
      agents,
    )
    expect(run).toMatchObject({ outcome: 'completed', trigger: 'manual' })
    const listing = execFileSync('tar', ['tzf', run.bundle?.path ?? '']).toString()
    expect(listing).toContain('/cluster-info/cluster_version.json')
    expect(listing).toContain(`/cluster-resources/pods/${namespace}.json`)
    expect(await cluster.admin.json({ path: path(namespace, 'nightly.mabc') })).toMatchObject({ immutable: true })
    expect(await read(namespace, 'nightly.request.abc')).toBeUndefined()
  })
})
