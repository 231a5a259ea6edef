import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { handOver } from '../../../core/kube/handed-connection.ts'
import type { DeliverRequest, PruneRequest, RunRequest } from '../../../core/task.ts'
import { connectionTo, useCluster } from '../../cluster/use-cluster.ts'
import { useMinio } from '../../support/minio.ts'
import { collectorModule } from '../../support/plugins.ts'
import { type RunnerProcess, startRunner } from '../../support/runner.ts'
import { makeWorkspace, mustHave, RUN, runRequest, spec, unpack, type Workspace } from '../../support/task.ts'
import { aBundle, contextFor, everythingIn } from '../../uploaders/s3-world.ts'
import s3 from '../../../uploaders/s3/index.ts'

/** What tasks have to do for their users they can do behind the runner too, which lets them touch hardly anything. */

const cluster = await useCluster()
const minio = await useMinio()
let runner: RunnerProcess
beforeAll(async () => void (runner = await startRunner(tmpdir())))
afterAll(() => runner.stop())
let space: Workspace
beforeEach(async () => void (space = await makeWorkspace()))
afterEach(() => space.remove())

const LIMITS = { timeoutMs: 60_000, memoryBytes: 2 ** 30 }

describe.skipIf(cluster.skipped)('a run behind the runner', () => {
  it('collects from a cluster over TLS, with a token that is renewed', async () => {
    const request: RunRequest = {
      ...runRequest(space),
      specs: [spec({ collectors: [{ clusterInfo: {} }, { clusterResources: { namespaces: ['default'] } }] })],
      cluster: { connection: await handOver(connectionTo(cluster.info, 'expired-token')), namespaces: ['*'] },
    }
    let asked = 0
    const outcome = await runner.starter().start(request, {
      ...LIMITS,
      onNeedToken: () => (asked++, Promise.resolve(cluster.info.adminToken)),
    })
    const { archive } = mustHave({ ...outcome, messages: [], text: '' })
    expect(asked).toBe(1)
    expect(archive.isPartial).toBe(false)
    const bundle = await unpack(archive.path)
    expect(JSON.parse(await bundle.read('cluster-info/cluster_version.json'))).toMatchObject({ string: 'v1.34.4' })
  })
})

describe.skipIf(minio.skipped)('a delivery behind the runner', () => {
  it('arrives at an object store, its state kept before it may be seen; retention removes it', async () => {
    const bucket = await minio.newBucket()
    const bundle = aBundle(12 * 2 ** 20)
    const path = join(space.work, bundle.fileName)
    await writeFile(path, bundle.bytes)
    const { fileName, size, sha256 } = bundle
    const target: DeliverRequest['target'] = {
      uploader: 's3',
      config: { bucket, prefix: 'prod/', region: minio.region, endpoint: minio.url, partSizeMiB: 5 },
      secrets: minio.keys,
    }
    const common = { run: { ...RUN, namespace: 'payments' }, target, timeoutMs: 60_000, pluginFolders: [space.plugins] }
    const request: DeliverRequest = { ...common, task: 'deliver', bundle: { path, fileName, size, sha256 } }
    const seen: unknown[] = []
    const { result, error } = await runner.starter({ targetEnv: { AWS_EC2_METADATA_DISABLED: 'true' } }).start(request, {
      ...LIMITS,
      onState: async (value) => void seen.push([value, (await everythingIn(minio, bucket, KEY)).join()]),
    })
    expect(error).toBeUndefined()
    expect(result).toMatchObject({ receipt: { verified: true, size } })
    expect(seen.at(-1)).toEqual([expect.objectContaining({ mayBeVisible: true }), `${KEY} unfinished`])
    expect(await everythingIn(minio, bucket, KEY)).toEqual([`${KEY} ${size}`])
    await s3.upload(contextFor(minio, bucket), aBundle(9, { fileName: 'newer.tar.gz' }))
    const prune: PruneRequest = { ...common, task: 'prune', retention: { keepLast: 1, maxAgeMs: 1e12, keepLastGood: false } }
    const pruned = await runner.starter().start(prune, LIMITS)
    expect(pruned.result).toEqual({ removed: [fileName] })
  })
})

const KEY = 'prod/payments/nightly/nightly-20260101T020000Z.tar.gz'

describe('other tasks behind the runner', () => {
  it('list what is there, and inspect a spec', async () => {
    // As a mounted ConfigMap is: links within; and a folder that is not there.
    const own = join(space.plugins, 'collectors/own')
    await mkdir(join(own, '..2026'), { recursive: true })
    await symlink('..2026', join(own, '..data'))
    await symlink('..data/index.js', join(own, 'index.js'))
    await writeFile(join(own, '..2026/index.js'), collectorModule('own', ''))
    const pluginFolders = [space.plugins, join(space.elsewhere, 'none')]
    const plugins = await runner.starter().start({ task: 'plugins', pluginFolders }, LIMITS)
    expect(plugins.error).toBeUndefined()
    expect(plugins.result?.problems).toEqual([])
    expect(plugins.result?.plugins.map(({ name }) => name)).toEqual(expect.arrayContaining(['s3', 'logs', 'host-copy', 'own']))
    const inspected = await runner.starter().start(
      {
        task: 'inspect-spec',
        sources: [{ name: 'x', value: spec({ collectors: [{ clusterInfo: {} }] }) }],
        targets: [],
        pluginFolders: [],
      },
      LIMITS,
    )
    expect(inspected.result?.collectors).toMatchObject([{ key: 'clusterInfo' }])
  })
})
