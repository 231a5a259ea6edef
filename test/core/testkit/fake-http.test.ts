import { describe, expect, it } from 'vitest'
import { CONTRACT, defineHostCollector, type HostContext, type HttpRequest } from '../../../core/contract/index.ts'
import { checkCollector, failed, fakeHttp, fakeNetwork, networkError, noAnswer } from '../../../core/testkit/index.ts'

const URL = 'https://x.example/a?b'
const text = async (
  request: HttpRequest,
  http = fakeHttp({ [URL]: { body: 'any' }, [`PUT ${URL}`]: { body: 'put' }, 'https://y.example': { body: { a: 1 } } }),
) => {
  const { status, body } = await http.send(request)
  return `${status} ${Buffer.from(body).toString()}`
}

describe('a made-up server', () => {
  it.each<[HttpRequest, string]>([
    [{ url: URL }, '200 any'],
    [{ method: 'PUT', url: URL }, '200 put'],
    [{ url: 'https://y.example/z' }, '200 {"a":1}'],
  ])('answers %j', async (request, answer) => {
    expect(await text(request)).toBe(answer)
  })

  it('answers as a function of the request, or not at all', async () => {
    const http = fakeHttp({ [URL]: ({ body }) => ({ status: 201, headers: { 'X-A': ['1', '2'], b: '3' }, body: body ?? '' }) })
    expect(await http.send({ method: 'POST', url: URL, body: 'b' })).toMatchObject({
      status: 201,
      headers: { 'x-a': ['1', '2'], b: ['3'] },
    })
    const refusal = {
      code: 'HTTP_NO_ANSWER',
      class: 'retryable',
      message: 'no answer from https://gone.example: connection refused',
      cause: { code: 'ECONNREFUSED' },
    }
    await expect(http.send({ url: 'https://gone.example/secret' })).rejects.toMatchObject(refusal)
    await expect(fakeHttp({ [URL]: noAnswer(URL, 'why', 'EPIPE') }).send({ url: URL })).rejects.toMatchObject({
      cause: { code: 'EPIPE' },
    })
  })
})

describe('a made-up network', () => {
  const network = fakeNetwork({
    tcp: { 'a:1': true, '[fd00::1]:2': networkError('ETIMEDOUT') },
    udp: { '0.0.0.0:53': true },
    arrivals: { 'http://lb': true, 'lb:80': true },
    datagrams: { 'ns:53': (message) => message },
  })
  const at = { host: '0.0.0.0', port: 9 }
  it.each<[string, () => Promise<unknown>]>([
    ['a connection', () => network.connect({ host: 'a', port: 1 }, 1)],
    ['a port', () => network.bindUdp({ host: '0.0.0.0', port: 53 })],
    ['an arrival', () => network.arrive(at, { host: 'lb', port: 80 }, 1)],
    ['an arrival by http', () => network.arrive(at, 'http://lb', 1)],
    ['a datagram', () => network.ask({ host: 'ns', port: 53 }, Buffer.from('x'), 1)],
  ])('has %s', async (_, work) => {
    await work()
  })
  it.each<[string, () => Promise<unknown>, string]>([
    ['a connection', () => network.connect({ host: 'b', port: 1 }, 1), 'ECONNREFUSED'],
    ['a late one', () => network.connect({ host: 'fd00::1', port: 2 }, 1), 'ETIMEDOUT'],
    ['a port', () => network.bindUdp({ host: '0.0.0.0', port: 54 }), 'ECONNREFUSED'],
    ['an arrival', () => network.arrive(at, 'http://other', 1), 'ECONNREFUSED'],
    ['a datagram', () => network.ask({ host: 'b', port: 53 }, Buffer.from('x'), 1), 'ECONNREFUSED'],
  ])('has not %s', async (_, work, code) => {
    await expect(work()).rejects.toMatchObject({ code })
  })
})

describe('a collector that swallows an abort', () => {
  const check = (work: (context: HostContext<unknown>) => Promise<unknown>) =>
    checkCollector(
      defineHostCollector<unknown>({
        manifest: {
          apiVersion: CONTRACT,
          kind: 'HostCollector',
          name: 'x',
          version: '1.0.0',
          summary: 's',
          specKey: 'x',
          permissions: [],
          outputs: ['x'],
          platforms: ['linux'],
        },
        configSchema: {
          '~standard': {
            version: 1,
            vendor: 'test',
            validate: (value) => ('noSuchKeyAtAll' in (value as object) ? { issues: [{ message: 'unknown' }] } : { value }),
          },
        },
        async *collect(context) {
          context.signal.throwIfAborted()
          const isThere = await work(context).then(
            () => true,
            () => false,
          )
          yield { type: 'file', path: 'x/a.txt', format: 'text', body: String(isThere) }
          if (!isThere) yield { type: 'warning', code: 'X', message: 'x' }
        },
      }),
      { folder: 'x', http: fakeHttp({ [URL]: {} }), network: fakeNetwork({ tcp: { 'a:1': true } }) },
    )
  it.each<[string, (context: HostContext<unknown>) => Promise<unknown>]>([
    ['a request', ({ http }) => http.send({ url: URL })],
    ['a connection', ({ network }) => network.connect({ host: 'a', port: 1 }, 1)],
  ])('during %s is found out', async (_, work) => {
    const lines = failed(await check(work))
    expect(lines).toHaveLength(2) // one for each entry that is tried
    expect(lines[0]).toContain('aborted at call 1, then came x/a.txt')
  })
})
