import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { unpack } from '../support/task.ts'
import { type AgentProcess, startAgentProcess } from './agent-process.ts'
import { useCluster } from './use-cluster.ts'

const cluster = await useCluster()
const CLI = join(import.meta.dirname, '..', '..', 'dist', 'kubectl-support_bundle_schedule.js')
const DIGEST = `sha256:${'a'.repeat(64)}`

describe.skipIf(cluster.skipped)('auto, at a real API server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbs-auto-'))
  const agents: AgentProcess[] = []
  afterAll(async () => {
    for (const agent of agents) agent.kill('SIGKILL')
    await Promise.all(agents.map((agent) => agent.ended))
    rmSync(folder, { recursive: true, force: true })
  })
  const cli = (...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const env = { ...process.env, KUBECONFIG: cluster.info.kubeconfig, TROUBLESHOOT_SCHEDULER_DIR: folder }
      execFile(process.execPath, [CLI, ...args], { env }, (error, out, err) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, out, err }),
      )
    })

  /** A pod that runs, as a kubelet would say it. */
  async function addPod(namespace: string): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/pods`
    const spec = { containers: [{ name: 'web', image: 'registry.example:5000/shop/web:1.2' }] }
    await cluster.admin.json({ method: 'POST', path, body: { metadata: { name: 'web' }, spec } })
    const containerStatuses = [
      { name: 'web', image: 'x', imageID: `registry.example:5000/shop/web@${DIGEST}`, ready: true, restartCount: 0 },
    ]
    await cluster.admin.json({
      method: 'PATCH',
      path: `${path}/web/status`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { status: { phase: 'Running', containerStatuses } },
    })
  }

  it('of "collect" has all that its profile names', async () => {
    const namespace = await cluster.newNamespace()
    await addPod(namespace)
    const { code, err, out } = await cli('collect', '--auto=paranoid', '-n', namespace, '--to', join(folder, 'a.tar.gz'))
    expect([code, err]).toEqual([0, expect.stringMatching(/Analysis/)])
    const bundle = await unpack(out.trim())
    expect(JSON.parse(await bundle.read('images/images.json'))).toMatchObject([
      {
        registry: 'registry.example:5000',
        repository: 'shop/web',
        tag: '1.2',
        runningDigests: [DIGEST],
        usedBy: [{ namespace, owner: { kind: 'Pod', name: 'web' } }],
      },
    ])
    const { collectors } = await bundle.report()
    expect(collectors.map(({ key, state }) => [key, state])).toEqual(
      ['clusterResources', 'clusterInfo', 'secret', 'logs', 'images', 'helm', 'nodeMetrics'].map((key) => [key, 'ran']),
    )
  })

  it('of a job is what its agent collects with the rights of the namespace', async () => {
    const namespace = await cluster.newTenant()
    await addPod(namespace)
    agents.push(startAgentProcess({ folder, kubeconfig: cluster.info.kubeconfig, namespace: await cluster.newNamespace() }))
    const n = ['-n', namespace]
    expect(await cli('create', 'nightly', ...n, '--cron', '0 2 * * *', '--auto')).toMatchObject({ code: 0 })
    const ran = await cli('run', 'nightly', ...n, '--wait', '-o', 'json')
    const run = JSON.parse(ran.out) as { bundlePath: string }
    expect(run).toMatchObject({ outcome: 'completed', isPartial: false })
    const bundle = await unpack(run.bundlePath)
    expect(JSON.parse(await bundle.read('images/images.json'))).toMatchObject([{ runningDigests: [DIGEST] }])
    expect((await bundle.report()).collectors.map(({ key, state }) => [key, state])).toEqual(
      ['clusterResources', 'clusterInfo', 'logs', 'images'].map((key) => [key, 'ran']),
    )
    const analysis = JSON.parse(await bundle.read('analysis.json')) as { insight: { primary: string } }[]
    // nodes may not be listed with these rights, and so are not judged
    expect(analysis.map(({ insight }) => insight.primary)).toEqual(['Memory of containers'])
    expect((await cli('rbac', 'plan', 'nightly', ...n)).err).not.toContain('nodeMetrics')
    expect(await cli('create', 'deep', ...n, '--cron', '0 2 * * *', '--auto=comprehensive')).toMatchObject({ code: 0 })
    expect((await cli('rbac', 'plan', 'deep', ...n)).err).toContain('nodeMetrics')
    expect((await cli('list', ...n, '-o', 'jsonpath={.items[?(@.name=="nightly")].auto}')).out).toBe('standard')
  })
})
