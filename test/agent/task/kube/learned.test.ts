import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { handOver } from '../../../../core/kube/handed-connection.ts'
import { connectionTo, useCluster } from '../../../cluster/use-cluster.ts'
import { collectorModule, writePlugin } from '../../../support/plugins.ts'
import { makeWorkspace, mustHave, runRequest, runTask, spec, unpack, type Workspace } from '../../../support/task.ts'

const cluster = await useCluster()
const VALUE = 'Zk7-tunnel-Q4x'

describe.skipIf(cluster.skipped)('a run that reads Secrets', () => {
  let space: Workspace
  beforeEach(async () => void (space = await makeWorkspace()))
  afterEach(() => space.remove())

  it('masks their values in what it collects after that', { timeout: 60_000 }, async () => {
    const namespace = await cluster.newNamespace()
    await cluster.admin.request({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/secrets`,
      body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { pin: VALUE, username: 'operator-x' } },
    })
    const body = `
      await new Promise((resolve) => setTimeout(resolve, 2000))
      yield { type: 'file', path: 'late/text', format: 'text', body: 'it is ${VALUE} of operator-x, ${Buffer.from(VALUE).toString('base64')}\\n' }`
    await writePlugin(space.plugins, 'collectors', 'late', collectorModule('late', body))
    const outcome = await runTask(
      runRequest(space, {
        specs: [spec({ collectors: [{ secret: { name: 'db', namespace, includeAllData: true } }, { late: {} }] })],
        cluster: { connection: await handOver(connectionTo(cluster.info, cluster.info.adminToken)), namespaces: [namespace] },
      }),
    )
    const bundle = await unpack(mustHave(outcome).archive.path)
    expect(await bundle.read('late/text')).toBe('it is ***HIDDEN*** of operator-x, ***HIDDEN***\n')
    expect(await bundle.read(`secrets/${namespace}/db.json`)).not.toContain(VALUE)
    const files = await Promise.all(bundle.paths.map((path) => bundle.read(path)))
    expect(files.join('\n')).not.toContain(VALUE)
  })
})
