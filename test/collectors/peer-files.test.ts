import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createObject, mergePatch } from '../../core/kube/objects.ts'
import { peerTool } from '../agent/analysis/peer-tool.ts'
import { type Collected, collectFrom, removeCollected } from '../cluster/collect-from.ts'
import { type TestCluster, useCluster } from '../cluster/use-cluster.ts'
import { CERTIFICATES } from './certificates/pem.ts'
import { aSecret, encoded } from './helm/releases.ts'

const run = promisify(execFile)
const cluster = await useCluster()
/** The first build of the peer's tool takes minutes. */
const BUILD_MS = 1_200_000
const SUMMARY = '{"node": {"nodeName":"x","cpu":{"usageNanoCores":12}},\n "pods":[]}'

/** The API server goes to no node on a loopback address; undefined where this machine has no other. */
const ADDRESS = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address

/** A node that answers for its summary; the API server asks it as it asks a kubelet. */
async function aNode({ info, admin }: TestCluster, address: string): Promise<{ name: string; server: Server }> {
  const file = (name: string) => readFileSync(join(info.folder, 'pki', name))
  const server = createServer({ cert: file('apiserver.crt'), key: file('apiserver.key') }, (request, response) => {
    if (request.url !== '/stats/summary') return void response.writeHead(404).end()
    response.setHeader('content-type', 'application/json')
    response.end(SUMMARY)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, address, resolve)
  })
  const { port } = server.address() as AddressInfo
  const name = `summary-${port}`
  await createObject(admin, '/api/v1/nodes', { metadata: { name } })
  const status = {
    addresses: [{ type: 'InternalIP', address }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  }
  await mergePatch(admin, `/api/v1/nodes/${name}/status`, { status })
  return { name, server }
}

describe.skipIf(cluster.skipped)('the peer’s files and ours, of one cluster', () => {
  let [folder, namespace, peer] = ['', '', '']
  let node: Awaited<ReturnType<typeof aNode>> | undefined
  let ours: Collected
  beforeAll(async () => {
    peer = await peerTool('a comparison of collected files')
    folder = await mkdtemp(join(tmpdir(), 'sbs-peer-files-'))
    namespace = await cluster.newNamespace()
    if (ADDRESS !== undefined) node = await aNode(cluster, ADDRESS)
    const secrets = [
      aSecret({ namespace, version: 1, status: 'superseded', config: { image: { tag: null }, extra: ['<a>'] } }),
      aSecret({ namespace, version: 2, deployed: '2026-01-02T02:00:00.5Z' }),
      aSecret({ namespace, name: 'api', status: 'failed' }),
      { metadata: { name: 'web-tls' }, data: { 'tls.crt': encoded(CERTIFICATES.web + CERTIFICATES.authority), 'tls.key': '' } },
      { metadata: { name: 'replicated-support-metadata' }, data: { version: encoded('1.0.0'), app: encoded('shop') } },
    ]
    for (const secret of secrets) await createObject(cluster.admin, `/api/v1/namespaces/${namespace}/secrets`, secret)
    const ca = { metadata: { name: 'ca' }, data: { 'ca.crt': CERTIFICATES.long } }
    await createObject(cluster.admin, `/api/v1/namespaces/${namespace}/configmaps`, ca)
    const collectors = [
      { helm: { namespace, collectValues: true } },
      { helm: { namespace, releaseName: 'web' } },
      {
        certificates: {
          secrets: [{ name: 'web-tls', namespaces: [namespace, `${namespace}-gone`] }],
          configMaps: [{ name: 'ca', namespaces: [namespace] }],
        },
      },
      { supportBundleMetadata: { namespace } },
      ...(node ? [{ nodeMetrics: { nodeNames: [node.name] } }] : []),
    ]
    ours = await collectFrom(cluster, collectors, { namespaces: [namespace], redact: false })
    if (peer !== '') await collectWithPeer(collectors)
  }, BUILD_MS)
  afterAll(async () => {
    node?.server.closeAllConnections()
    node?.server.close()
    if (node) await cluster.admin.json({ method: 'DELETE', path: `/api/v1/nodes/${node.name}` })
    await removeCollected()
    await rm(folder, { recursive: true, force: true })
  })

  async function collectWithPeer(collectors: object[]): Promise<void> {
    // what a bundle has anyhow takes the peer a while
    const without = [{ clusterInfo: { exclude: true } }, { clusterResources: { exclude: true } }]
    const spec = {
      apiVersion: 'troubleshoot.sh/v1beta2',
      kind: 'SupportBundle',
      metadata: { name: 'x' },
      spec: { collectors: [...without, ...collectors] },
    }
    await writeFile(join(folder, 'spec.yaml'), JSON.stringify(spec))
    await mkdir(join(folder, 'theirs'))
    const flags = ['--interactive=false', '--auto-update=false', '--redact=false', '--output', join(folder, 'theirs.tar.gz')]
    await run(peer, [join(folder, 'spec.yaml'), ...flags], {
      cwd: folder,
      env: { HOME: folder, KUBECONFIG: cluster.info.kubeconfig },
    })
    await run('tar', ['xzf', join(folder, 'theirs.tar.gz'), '-C', join(folder, 'theirs'), '--strip-components=1'])
  }
  const theirs = async (path: string) => readFile(join(folder, 'theirs', path), 'utf8')

  it('are the same, letter by letter', async ({ skip }) => {
    if (peer === '') return skip()
    const ofNode = node ? [`node-metrics/${node.name}.json`] : []
    for (const path of ['metadata/cluster.json', ...ofNode])
      expect((await ours.text(path)).trim(), path).toBe((await theirs(path)).trim())
    for (const path of ofNode) expect(await ours.text(path)).toBe(SUMMARY)
  })

  it('are the same certificates', async ({ skip }) => {
    if (peer === '') return skip()
    const path = 'certificates/certificates.json'
    expect(await ours.json(path)).toEqual(JSON.parse(await theirs(path)))
  })

  it('are the same releases, in our order, with what the user set besides', async ({ skip }) => {
    if (peer === '') return skip()
    interface Release {
      releaseHistory: { revision: string; userValues?: object }[]
    }
    for (const path of [`helm/${namespace}.json`, `helm/${namespace}/web.json`]) {
      const found = ((await ours.json(path)) as Release[]).map(({ releaseHistory, ...release }) => ({
        ...release,
        releaseHistory: releaseHistory.map(({ userValues: _, ...revision }) => revision),
      }))
      const wanted = (JSON.parse(await theirs(path)) as Release[]).map(({ releaseHistory, ...release }) => ({
        ...release,
        releaseHistory: releaseHistory.toSorted((a, b) => Number(b.revision) - Number(a.revision)),
      }))
      expect(found).toEqual(wanted)
    }
  })

  it('of ours are without errors', () => {
    expect(ours.paths.filter((path) => path.includes('error'))).toEqual([])
  })
})
