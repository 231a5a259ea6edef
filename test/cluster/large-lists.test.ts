import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fixedCredentials } from '../../core/kube/connection.ts'
import { handOver } from '../../core/kube/handed-connection.ts'
import { makeWorkspace, mustHave, runRequest, runTask, spec, unpack, type Workspace } from '../support/task.ts'

/** A list of hundreds of megabytes, by a server that knows no pages, read by the built task in a process of its own. */

const R = 'cluster-resources'
const MIB = 2 ** 20
const OBJECT_BYTES = 200_000
/** What one object more or less in flight, and the pace of garbage collection, may differ by. */
const NOISE_MIB = 90

const filler = 'all work and no play makes a long annotation; '.repeat(OBJECT_BYTES / 46)
const pod = JSON.stringify({
  metadata: { name: 'web-%', namespace: 'big', annotations: { filler } },
  spec: { containers: [{ name: 'web', env: [{ name: 'DB_PASSWORD', value: 'pl4nted' }] }] },
  status: { phase: 'Running', containerStatuses: [{ name: 'web', ready: true, state: { running: {} } }] },
}).split('%')

/** As many objects as make so many bytes, as fast as they are read. */
async function sendPods(response: ServerResponse, bytes: number): Promise<void> {
  response.write('{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[')
  let isGone = false
  let goOn = () => undefined as void
  response.on('drain', () => goOn()).on('close', () => ((isGone = true), goOn()))
  for (let index = 0; index * OBJECT_BYTES < bytes && !isGone; index++) {
    if (response.write(`${index === 0 ? '' : ','}${pod.join(String(index).padStart(6, '0'))}`)) continue
    await new Promise<void>((resolve) => void (goOn = resolve))
  }
  response.end(']}\n')
}

/** @param sendAgain how the list of the one namespace is answered, after that of all */
async function startServer(bytes: number, sendAgain = sendPods): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://server')
    response.setHeader('content-type', 'application/json')
    if (pathname === '/api/v1/pods') return void sendPods(response, bytes)
    if (pathname === '/api/v1/namespaces/big/pods') return void sendAgain(response, bytes)
    const namespaces = { kind: 'NamespaceList', metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'big' } }] }
    if (pathname === '/api/v1/namespaces') return void response.end(JSON.stringify(namespaces))
    response.writeHead(404).end(JSON.stringify({ kind: 'Status', code: 404, reason: 'NotFound', message: 'no such kind' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

describe('a list that is larger than the memory', () => {
  let space: Workspace
  beforeEach(async () => void (space = await makeWorkspace()))
  afterEach(() => space.remove())

  async function collect(bytes: number, sendAgain?: typeof sendPods) {
    const server = await startServer(bytes, sendAgain)
    const { port } = server.address() as AddressInfo
    const connection = await handOver({
      server: `http://127.0.0.1:${port}`,
      context: 'test',
      user: 'test',
      namespace: 'big',
      credentials: fixedCredentials({ authorization: 'Bearer a-token-of-a-test' }),
      tls: { ca: () => Promise.resolve(undefined), isUnverified: false, serverName: undefined },
      headers: {},
      proxy: undefined,
      mayCompress: false,
    })
    const request = runRequest(space, {
      specs: [spec({ collectors: [{ clusterInfo: { exclude: true } }, { clusterResources: {} }] })],
      cluster: { connection, namespaces: ['*'] },
      fileName: `of-${bytes}.tar.gz`,
      timeoutMs: 100_000,
    })
    const outcome = await runTask(request, { timeoutMs: 110_000 })
    server.closeAllConnections()
    server.close()
    return { result: mustHave(outcome), peakMib: outcome.peakRssBytes / MIB }
  }

  it('is there, masked, and takes as little memory as a tenth of it', { timeout: 240_000 }, async () => {
    const tenth = await collect(30_000_000)
    const whole = await collect(300_000_000)
    expect(whole.peakMib).toBeLessThan(tenth.peakMib + NOISE_MIB)
    const bundle = await unpack(whole.result.archive.path)
    const text = await bundle.read(`${R}/pods/big.json`)
    expect(text.length).toBeGreaterThan(300_000_000)
    expect(text.match(/"name": "web-\d{6}"/g)).toHaveLength(1500)
    expect(text).not.toContain('pl4nted')
    expect(JSON.parse(text)).toMatchObject({ kind: 'PodList' })
  })

  it('costs its own file when it breaks off while it is written', { timeout: 120_000 }, async () => {
    const cutAfter = async (response: ServerResponse, bytes: number) => {
      response.on('drain', () => response.socket?.bytesWritten && response.socket.bytesWritten > bytes / 2 && response.destroy())
      await sendPods(response, bytes)
    }
    const { result } = await collect(40_000_000, cutAfter)
    const bundle = await unpack(result.archive.path)
    expect(bundle.paths).not.toContain(`${R}/pods/big.json`)
    expect(bundle.paths).toContain(`${R}/namespaces.json`)
    expect(JSON.parse(await bundle.read(`${R}/pods-errors.json`))).toEqual({ big: expect.stringContaining('was cut') as string })
    expect(result.archive.isPartial).toBe(true)
    const { collectors } = await bundle.report()
    const told = collectors.flatMap(({ warnings }) => warnings.map(({ message }) => message)).join('\n')
    expect(told).toContain('the connection was cut')
    expect(await readdir(space.work)).toEqual([expect.stringMatching(/tar\.gz$/), expect.stringMatching(/^unpacked-/)])
  })
})
