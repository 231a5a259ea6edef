import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createHost } from '../../../../agent/task/host.ts'
import { type RunEdge, runTask } from '../../../../agent/task/run.ts'
import { systemClock } from '../../../../core/clock.ts'
import type { RunRequest } from '../../../../core/task.ts'
import { sourceLoader } from '../../../support/source-loader.ts'
import { runRequest, spec, unpack } from '../../../support/task.ts'
import { serve, serveProxy } from './servers.ts'

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})
const open = async <Value extends { close(): unknown }>(value: Promise<Value>) => {
  const one = await value
  opened.push(one)
  return one
}

/** What a run without a cluster collects for these entries: reads a file of it. */
async function collect(entries: object[], change: Partial<RunRequest> = {}, edge: Partial<RunEdge> = {}) {
  const work = mkdtempSync(join(tmpdir(), 'outbound-run-'))
  opened.push({ close: () => rmSync(work, { recursive: true }) })
  const quiet = () => undefined
  const { signal } = new AbortController()
  const request = runRequest(
    { work, plugins: work },
    { specs: [spec({ hostCollectors: entries })], pluginFolders: [], ...change },
  )
  await runTask(request, {
    clock: systemClock,
    loader: await sourceLoader(),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    version: '0.0.0-test',
    platform: 'linux',
    say: quiet,
    signal,
    host: () => createHost({ root: '/', platform: 'linux', env: {}, clock: systemClock, signal }),
    cpuMs: () => 0,
    random: () => 0.5,
    fetch,
    needToken: () => Promise.resolve(''),
    nodes: () => expect.fail('no nodes are asked for'),
    ...edge,
  })
  const { read } = await unpack(join(work, request.fileName))
  return async (path: string) => JSON.parse(await read(`host-collectors/${path}`)) as unknown
}

it('a run gives its collectors the way out', async () => {
  const far = await open(serve((_, response) => response.end('{"a":1}')))
  const read = await collect([{ http: { get: { url: far.url } } }, { tcpConnect: { address: `127.0.0.1:${far.port}` } }])
  expect(await read('http/result.json')).toMatchObject({ response: { status: 200, raw_json: { a: 1 } } })
  expect(await read('connect/connect.json')).toEqual({ status: 'connected', message: '' })
})

it('by the proxy of the environment', async () => {
  const proxy = await open(serveProxy())
  const read = await collect([{ http: { get: { url: 'http://far.example/' } } }], {}, { proxyFor: () => proxy.url })
  expect(await read('http/result.json')).toMatchObject({ response: { body: 'by the proxy' } })
})

it('but not to the API server', async () => {
  const server = await open(serve((_, response) => response.end('ok')))
  const network = { refused: [], allowed: [], server: `127.0.0.1:${server.port}` }
  const read = await collect([{ http: { get: { url: server.url } } }], { network })
  expect(await read('http/result.json')).toEqual({
    error: { message: `a job may not connect to 127.0.0.1:${server.port}` },
  })
  expect(server.seen).toEqual([])
})
