import { execFileSync } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { KubeClient } from '../../../core/kube/client.ts'
import { tokenCredentials } from '../../../core/kube/connection.ts'
import { loadKubeconfig } from '../../../core/kube/kubeconfig.ts'
import { type ListPage, listPages } from '../../../core/kube/list.ts'
import { nodeKubeWorld } from '../../../core/kube/node-world.ts'
import { createObject, deleteObject } from '../../../core/kube/objects.ts'
import { resourcePath } from '../../../core/kube/path.ts'
import { compact, FORGETFUL } from '../../cluster/compact.ts'
import { type ControlPlane, startControlPlane } from '../../cluster/control-plane.ts'
import { startFaultProxy } from '../../cluster/fault-proxy.ts'
import { newFolder } from '../../cluster/sweep.ts'
import { type TestCluster, testCluster, useCluster } from '../../cluster/use-cluster.ts'
import { FakeClock } from '../../support/clock.ts'
import { follow } from './follow.ts'

// what needs a server that nobody else uses: it forgets its history, is killed, and knows client certificates

const { skipped } = await useCluster()

/** A certificate authority and two certificates by openssl, as Node makes none; undefined where there is no openssl. */
function certificates(folder: string): { ca: string } | undefined {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
  try {
    openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test-ca', '-days', '2')
    for (const name of ['dora', 'emil']) {
      openssl('req', ...ec, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/O=team/CN=${name}`)
      openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, ...signed)
    }
    return { ca: join(folder, 'ca.crt') }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

describe.skipIf(skipped)('a real API server', () => {
  let folder: string
  let issued: { ca: string } | undefined
  let server: ControlPlane
  let cluster: TestCluster
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'own-'))
    issued = certificates(folder)
    const clientCa = issued ? [`--client-ca-file=${issued.ca}`] : []
    server = await startControlPlane({ folder: newFolder(), apiServerFlags: [...FORGETFUL, ...clientCa] })
    cluster = testCluster(server)
  }, 120_000)
  afterAll(async () => {
    cluster.admin.close()
    await server.stop()
    rmSync(folder, { recursive: true })
  })

  describe('that forgets', () => {
    const COUNT = 30
    let path: string
    beforeAll(async () => {
      path = resourcePath({ version: 'v1', plural: 'configmaps', namespace: await cluster.newNamespace() })
      for (let index = 0; index < COUNT; index++) await createObject(cluster.admin, path, { metadata: { name: `cm-${index}` } })
    })

    async function pages(onExpired: 'continue' | 'restart', onPage: (page: number) => unknown): Promise<ListPage[]> {
      const all: ListPage[] = []
      for await (const page of listPages(cluster.admin, { path, limit: 12, onExpired })) {
        all.push(page)
        await onPage(all.length)
      }
      return all
    }
    const names = (all: ListPage[]) => all.flatMap((page) => page.items.map((item) => item.metadata.name ?? ''))
    const forget = async () => {
      for (let more = 0; more < 2; more++) await cluster.newNamespace()
      await compact(server.etcd)
    }

    it('lets a list go on with newer state, each object once', async () => {
      const all = await pages('continue', forget)
      expect(new Set(all.map((page) => page.resourceVersion)).size).toBeGreaterThan(1)
      expect(names(all)).toHaveLength(COUNT)
      expect(new Set(names(all)).size).toBe(COUNT)
      expect(all.every((page) => !page.isRestart)).toBe(true)
    })

    it('makes a list of one state start anew', async () => {
      const all = await pages('restart', (page) => (page === 2 ? forget() : undefined))
      const sizes = all.map((page) => [page.items.length, page.isRestart])
      expect(sizes).toEqual([
        [12, false],
        [12, false],
        [12, true],
        [12, false],
        [6, false],
      ])
    })

    it('makes a list of one state give up, when it forgets again and again', async () => {
      await expect(pages('restart', forget)).rejects.toMatchObject({ status: 410, code: 'API_EXPIRED' })
    })

    it('makes a watch list again', async () => {
      const namespace = await cluster.newNamespace()
      const templates = resourcePath({ version: 'v1', plural: 'podtemplates', namespace })
      const template = (name: string) => ({ metadata: { name }, template: { spec: { containers: [{ name: 'c', image: 'i' }] } } })
      await createObject(cluster.admin, templates, template('gone'))
      const proxy = await startFaultProxy(server)
      const client = cluster.client('admin', { server: proxy.url })
      const seen = follow(client, { path: templates })
      await seen.until(() => seen.resyncs() === 1)
      proxy.rules({ path: /watch=true/, fault: { kind: 'status', status: 503 } })
      proxy.cutAll()
      await seen.until(() => seen.problems.length > 1)
      await deleteObject(cluster.admin, `${templates}/gone`)
      await createObject(cluster.admin, templates, template('new'))
      await compact(server.etcd)
      proxy.rules()
      await seen.until(() => seen.resyncs() === 2)
      expect([...seen.world.keys()]).toEqual(['new'])
      expect(seen.problems.at(-1)).toMatchObject({ status: 410 })
      await seen.stop()
      client.close()
      await proxy.close()
    })
  })

  it('that is killed and comes back loses no watch', async () => {
    const path = resourcePath({ version: 'v1', plural: 'configmaps', namespace: await cluster.newNamespace() })
    await createObject(cluster.admin, path, { metadata: { name: 'a' } })
    const seen = follow(cluster.admin, { path })
    await seen.until(() => seen.resyncs() === 1)
    await server.stopApiServer()
    await seen.until(() => seen.problems.length >= 2)
    await server.startApiServer()
    await createObject(cluster.admin, path, { metadata: { name: 'b' } })
    await seen.until(() => seen.world.has('b'))
    expect([...seen.world.keys()].toSorted()).toEqual(['a', 'b'])
    await seen.stop()
  }, 60_000)

  it('takes us for the user of a client certificate, and for another after it was replaced', async (context) => {
    if (!issued) return context.skip('there is no openssl')
    const config = {
      clusters: [
        {
          name: 'c',
          cluster: { server: server.server, 'certificate-authority-data': Buffer.from(server.ca).toString('base64') },
        },
      ],
      users: [{ name: 'u', user: { 'client-certificate': 'dora.crt', 'client-key': 'dora.key' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }
    writeFileSync(join(folder, 'config'), JSON.stringify(config))
    const clock = new FakeClock()
    const world = nodeKubeWorld({ env: {}, homeFolder: folder, clock, interactive: false })
    const connection = await loadKubeconfig(world, { kubeconfig: join(folder, 'config') })
    const client = new KubeClient(connection, { clock: systemClock, random: Math.random, userAgent: 'test/1' })
    const whoami = async (who: KubeClient) => {
      const review = await who.json({ method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: {} })
      return (review as { status: { userInfo: { username: string } } }).status.userInfo.username
    }
    expect(await whoami(client)).toBe('dora')
    for (const part of ['crt', 'key']) renameSync(join(folder, `emil.${part}`), join(folder, `dora.${part}`))
    expect(await whoami(client)).toBe('dora')
    await clock.advance(300_000)
    expect(await whoami(client)).toBe('emil')
    // a user with a token must not be taken for the one whose certificate a connection has
    const token = tokenCredentials(() => Promise.resolve(server.tokens.alice))
    expect(await whoami(client.withCredentials(token, 'alice'))).toBe('alice')
    client.close()
    return undefined
  })
})
