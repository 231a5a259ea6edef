import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createObject } from '../../core/kube/objects.ts'
import { startControlPlane } from '../cluster/control-plane.ts'
import { startFakeKubelet } from '../cluster/fake-kubelet.ts'
import { newFolder } from '../cluster/sweep.ts'
import { type TestCluster, testCluster } from '../cluster/use-cluster.ts'
import { watched } from './cluster.ts'
import { type Figure, showFigures } from './figure.ts'

/** Logs of many pods through a real API server, from a node that only answers for logs; beside reading them raw. */

const CLI = join(import.meta.dirname, '..', '..', 'dist', 'kubectl-support_bundle_schedule.js')
const NAMESPACE = 'logs'
const CONNECTIONS = 4
const SPEC = `apiVersion: troubleshoot.sh/v1beta2
kind: SupportBundle
metadata: {name: bench}
spec: {collectors: [{logs: {name: app, namespace: ${NAMESPACE}}}, {clusterInfo: {exclude: true}}, {clusterResources: {exclude: true}}]}
`

const LINES = Array.from(
  { length: 8_000 },
  (_, line) =>
    `2026-01-01T00:00:00.000Z INFO [worker-${line % 16}] request id=${(line * 2654435761) >>> 0} path=/api/v1/orders took=${line % 311}ms status=200`,
).join('\n')

async function figures(): Promise<Figure[]> {
  const plane = await startControlPlane({ folder: newFolder() })
  const folder = mkdtempSync(join(tmpdir(), 'sbs-bench-'))
  const cluster = testCluster(plane)
  try {
    await createObject(cluster.admin, '/api/v1/namespaces', { metadata: { name: NAMESPACE } })
    await createObject(cluster.admin, `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: 'default' } })
    const kubelet = await startFakeKubelet(cluster, (_, __, response) => response.end(LINES))
    const names = Array.from({ length: 500 }, (_, pod) => `pod-${pod}`)
    for (const name of names) await kubelet.aPod(NAMESPACE, name)
    const spec = join(folder, 'spec.yaml')
    writeFileSync(spec, SPEC)
    const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: plane.kubeconfig }
    const floor = await readAll(cluster, names)
    const run = await watched([process.execPath, CLI, 'collect', spec, '--to', join(folder, 'b.tar.gz')], env, folder)
    await kubelet.close()
    const mib = (Buffer.byteLength(LINES) * names.length) / 2 ** 20
    return [
      {
        name: `logs of 500 pods, ${mib.toFixed(0)} MiB`,
        value: run.seconds,
        unit: 's',
        against: { name: 'reading them raw', value: floor },
      },
      { name: 'the same, CPU time of all processes', value: run.cpuSeconds, unit: 's' },
      { name: 'the same, peak memory of all processes', value: run.peakMib, unit: 'MiB', limit: 'flat' },
    ]
  } finally {
    await plane.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Seconds that it takes to read all logs, and do nothing with them. */
async function readAll(cluster: TestCluster, names: readonly string[]): Promise<number> {
  const client = cluster.client('admin', { maxSockets: CONNECTIONS })
  const begin = performance.now()
  const rest = names.values()
  const work = async () => {
    for (const name of rest)
      await client.bytes({ path: `/api/v1/namespaces/${NAMESPACE}/pods/${name}/log`, headers: { accept: '*/*' } })
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  client.close()
  return (performance.now() - begin) / 1000
}

if (import.meta.main) process.stdout.write(showFigures(await figures()))
