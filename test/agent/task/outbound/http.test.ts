import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createHttp, type HttpEdge } from '../../../../agent/task/outbound/http.ts'
import { guardConnections } from '../../../../agent/task/network-guard.ts'
import { systemClock } from '../../../../core/clock.ts'
import type { HttpRequest } from '../../../../core/contract/index.ts'
import { FakeClock, settle } from '../../../support/clock.ts'
import { type Answerer, certificates, type Running, serve, serveProxy, serveTcp } from './servers.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})
const open = async <Value extends { close(): Promise<void> }>(value: Promise<Value>) => {
  const one = await value
  opened.push(one)
  return one
}
const server = (answer: Answerer = (_, response) => response.end('ok')) => open(serve(answer))

const send = (request: HttpRequest, edge: Partial<HttpEdge> = {}) =>
  createHttp({ clock: systemClock, signal: new AbortController().signal, ...edge }).send(request)
const failure = (request: HttpRequest, edge: Partial<HttpEdge> = {}): Promise<Error & { code?: string; cause?: unknown }> =>
  send(request, edge).then(
    () => expect.fail('it was answered'),
    (error: Error) => error,
  )
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe('a request', () => {
  it('has method, headers and body as they were given, and the answer is whole', async () => {
    const { url, seen } = await server((_, response) => {
      response.writeHead(418, { 'x-a': ['1', '2'], 'content-type': 'text/plain' }).end('tea')
    })
    const answer = await send({ method: 'PUT', url: `${url}/p?q=1#f`, headers: { 'X-Key': 'k' }, body: 'ü' })
    expect(seen).toMatchObject([{ method: 'PUT', url: '/p?q=1', body: 'ü', headers: { 'x-key': 'k', 'content-length': '2' } }])
    expect(answer).toMatchObject({ status: 418, headers: { 'x-a': ['1', '2'], 'content-type': ['text/plain'] } })
    expect(text(answer.body)).toBe('tea')
  })

  it('leaves no timer behind', async () => {
    const clock = new FakeClock()
    await send({ url: (await server()).url }, { clock })
    await settle()
    expect(clock.sleeping).toBe(0)
  })

  it('sends user and password of its URL as authorization', async () => {
    const { url, seen } = await server()
    await send({ url: url.replace('//', '//u%40x:p%3A1@') })
    expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('u@x:p:1').toString('base64')}`)
  })

  it('unpacks what came compressed, unless the caller asked for it', async () => {
    const { url } = await server((_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('hello')))
    const plain = await send({ url })
    expect([text(plain.body), plain.headers['content-encoding'], plain.headers['content-length']]).toEqual([
      'hello',
      undefined,
      undefined,
    ])
    const packed = await send({ url, headers: { 'Accept-Encoding': 'gzip' } })
    expect(packed.headers['content-encoding']).toEqual(['gzip'])
    expect([...packed.body.subarray(0, 2)]).toEqual([0x1f, 0x8b])
  })

  it.each<[string, Answerer]>([
    ['plain', (_, response) => response.end('x'.repeat(1001))],
    ['unpacked', (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('x'.repeat(1001)))],
  ])('is given up when the %s body is longer than allowed', async (_, answer) => {
    const { url } = await server(answer)
    expect((await failure({ url, maxBytes: 1000 })).message).toBe(`no answer from ${url}: the answer is longer than 1000 bytes`)
    expect((await send({ url, maxBytes: 1001 })).body).toHaveLength(1001)
  })

  it.each<[string, HttpRequest, string]>([
    ['another protocol', { url: 'ftp://x/secret-path' }, 'the URL must begin with http:// or https://'],
    ['no URL', { url: 'secret-path' }, 'the URL must begin with http:// or https://'],
    [
      'a header over two lines',
      { url: 'http://127.0.0.1:9', headers: { 'x-a': 'secret\nx' } },
      'Invalid character in header content ["x-a"]',
    ],
    ['a method that is none', { url: 'http://127.0.0.1:9', method: 'G T' }, 'Method must be a valid HTTP token ["G T"]'],
    [
      'an authority that is none',
      { url: 'https://127.0.0.1:9', tls: { ca: 'secret' } },
      'its authority is no certificate in PEM',
    ],
    [
      'a proxy that is none',
      { url: 'http://127.0.0.1:9', proxy: 'gopher://u:secret@x' },
      'the proxy must be an http, https or socks5 address',
    ],
  ])('with %s is not sent', async (_, request, reason) => {
    const error = await failure(request)
    expect(error).toMatchObject({ code: 'HTTP_REQUEST', class: 'config' })
    expect(error.message).toContain(reason)
    expect(error.message).not.toContain('secret')
  })

  it('with a key that is none is not sent', async () => {
    const error = await failure({ url: 'https://127.0.0.1:9', tls: { cert: 'secret', key: 'secret' } })
    expect(error.message).toMatch(/its certificate or key cannot be used: (?!.*secret)/)
  })
})

describe('no answer', () => {
  it('is said with the origin alone, and Node’s code as cause', async () => {
    const gone = await serveTcp(() => undefined)
    await gone.close()
    const url = `http://user:hunter2@127.0.0.1:${gone.port}/hook/T0K3N?key=s3cr3t`
    const error = await failure({ url })
    expect(error).toMatchObject({ code: 'HTTP_NO_ANSWER', class: 'retryable', cause: { code: 'ECONNREFUSED' } })
    expect(error.message).toBe(`no answer from http://127.0.0.1:${gone.port}: connection refused`)
  })

  it('of a server that hangs up in the middle', async () => {
    const { url } = await server((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half')
      setImmediate(() => response.destroy())
    })
    expect((await failure({ url })).message).toBe(`no answer from ${url}: the connection was cut (EOF)`)
  })

  it.each([
    ['before the head', (() => undefined) as Answerer],
    ['in the body', ((_, response) => response.write('half')) as Answerer],
  ])('%s in time', async (_, answer) => {
    const { url, seen } = await server(answer)
    const clock = new FakeClock()
    const error = failure({ url, timeoutMs: 5000 }, { clock })
    while (seen.length === 0) await settle()
    await clock.advance(5000)
    expect(await error).toMatchObject({ code: 'HTTP_TIMED_OUT', message: `no whole answer from ${url} within 5 s` })
    expect(clock.sleeping).toBe(0)
  })

  it('after the run was aborted is its reason', async () => {
    const { url, seen } = await server(() => undefined)
    const stop = new AbortController()
    const reason = new Error('enough')
    const error = failure({ url }, { signal: stop.signal })
    while (seen.length === 0) await settle()
    stop.abort(reason)
    expect(await error).toBe(reason)
    expect(await failure({ url }, { signal: stop.signal })).toBe(reason)
    expect(seen).toHaveLength(1)
  })
})

describe('a redirect', () => {
  const SECRETS = { authorization: 'Bearer s', cookie: 'c=1', 'x-api-key': 'k', 'proxy-authorization': 'p' }
  const to =
    (location: string, status = 302): Answerer =>
    (request, response) =>
      request.url === '/' ? response.writeHead(status, { location }).end() : response.end('there')

  it('within one origin keeps all headers', async () => {
    const { url, seen } = await server(to('/next'))
    expect(text((await send({ url, headers: SECRETS })).body)).toBe('there')
    expect(seen.map((one) => [one.url, one.headers['x-api-key']])).toEqual([
      ['/', 'k'],
      ['/next', 'k'],
    ])
    expect(seen[1]?.headers).toMatchObject(SECRETS)
  })

  it('to another origin takes no credential along, whatever it is called', async () => {
    const far = await server()
    const near = await server(to(`${far.url}/x`))
    await send({ url: near.url, headers: { ...SECRETS, Accept: 'text/plain' } })
    expect(Object.keys(far.seen[0]?.headers ?? {}).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ])
    expect(far.seen[0]?.headers.accept).toBe('text/plain')
  })

  it.each([
    ['POST', 301, 'GET', ''],
    ['POST', 303, 'GET', ''],
    ['PUT', 302, 'GET', ''],
    ['POST', 307, 'POST', 'b'],
    ['PUT', 308, 'PUT', 'b'],
    ['HEAD', 303, 'HEAD', ''],
  ])('of a %s by %i is a %s', async (method, status, next, body) => {
    const { url, seen } = await server(to('/next', status))
    await send({ url, method, ...(method === 'HEAD' ? {} : { body: 'b', headers: { 'content-type': 'x/y' } }) })
    expect(seen[1]).toMatchObject({ method: next, body })
    expect(seen[1]?.headers['content-type']).toBe(body === '' ? undefined : 'x/y')
  })

  it('is followed ten times, or as often as it is said', async () => {
    const { url, seen } = await server((request, response) => response.writeHead(302, { location: `${request.url}a` }).end())
    expect((await failure({ url })).message).toContain('more than 10 redirects')
    expect(seen).toHaveLength(11)
    expect((await failure({ url, maxRedirects: 1 })).message).toContain('more than 1 redirects')
    expect(await send({ url, maxRedirects: 0 })).toMatchObject({ status: 302, headers: { location: ['/a'] } })
  })

  it('is not read to its end', async () => {
    let left: () => void = () => undefined
    const over = new Promise<void>((resolve) => (left = resolve))
    const { url } = await server((request, response) => {
      if (request.url !== '/') return void response.end('there')
      response.once('close', left).writeHead(302, { location: '/next' }).write('and so on')
    })
    expect(text((await send({ url })).body)).toBe('there')
    await over
  })

  it('to what is no web address is an error', async () => {
    const { url } = await server(to('file:///etc/passwd'))
    expect((await failure({ url })).message).toContain('it redirects to something that is no http or https address')
  })
})

describe('a proxy', () => {
  it('is given plain requests, with its own login', async () => {
    const proxy = await open(serveProxy())
    const answer = await send({ url: 'http://far.example/p?q', proxy: proxy.url.replace('//', '//u:pw@') })
    expect(text(answer.body)).toBe('by the proxy')
    expect(proxy.seen).toMatchObject([
      {
        method: 'GET',
        url: 'http://far.example/p?q',
        headers: { host: 'far.example', 'proxy-authorization': `Basic ${btoa('u:pw')}` },
      },
    ])
  })

  it('is asked for redirects, too', async () => {
    const proxy = await server((request, response) => {
      if (request.url === 'http://far.example/') return void response.writeHead(302, { location: 'http://other.example/' }).end()
      response.end('there')
    })
    expect(text((await send({ url: 'http://far.example', proxy: proxy.url })).body)).toBe('there')
    expect(proxy.seen.map(({ url }) => url)).toEqual(['http://far.example/', 'http://other.example/'])
  })

  it('of the environment is used when none is named', async () => {
    const proxy = await open(serveProxy())
    const asked: string[] = []
    const proxyFor = (url: string) => (asked.push(url), proxy.url)
    await send({ url: 'http://far.example/' }, { proxyFor })
    expect([asked, proxy.seen.length]).toEqual([['http://far.example/'], 1])
  })

  it('that says no is an answer of its own for plain requests', async () => {
    const proxy = await server((_, response) => response.writeHead(407).end())
    expect((await send({ url: 'http://far.example/', proxy: proxy.url })).status).toBe(407)
    const error = await failure({ url: 'https://far.example/', proxy: proxy.url.replace('//', '//u:hunter2@') })
    expect(error.message).toMatch(/^no answer from https:\/\/far.example: the proxy 127.0.0.1:\d+ /)
  })
})

const issued = certificates()
describe.skipIf(!issued)('TLS', () => {
  const { ca = '', server: own, client } = issued ?? {}
  const secure = (more: object = {}) =>
    open(
      serve(
        (_, response, incoming) => response.end((incoming.socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'nobody'),
        { cert: own?.cert ?? '', key: own?.key ?? '', ca, ...more },
      ),
    )

  it('is verified', async () => {
    const { url, seen } = await secure()
    expect((await failure({ url })).message).toContain('its certificate is signed by an unknown authority')
    expect((await failure({ url: url.replace('localhost', '127.0.0.1'), tls: { ca } })).message).toContain('altnames')
    expect(seen).toEqual([])
    expect((await send({ url, tls: { ca } })).status).toBe(200)
    expect((await send({ url: url.replace('localhost', '127.0.0.1'), tls: { ca, serverName: 'localhost' } })).status).toBe(200)
    expect((await send({ url, tls: { isUnverified: true } })).status).toBe(200)
  })

  it('tells who we are to the server that was named, and to no other', async () => {
    const far = await secure({ requestCert: true, rejectUnauthorized: false })
    const who = await send({ url: far.url, tls: { ca, ...client } })
    expect(text(who.body)).toBe('dora')
    const near = await server((_, response) => response.writeHead(302, { location: far.url }).end())
    expect(text((await send({ url: near.url, tls: { ca, ...client } })).body)).toBe('nobody')
  })

  it('goes through the tunnel of a proxy, and is verified there too', async () => {
    const [far, proxy] = [await secure(), await open(serveProxy())]
    expect((await send({ url: far.url, tls: { ca }, proxy: proxy.url })).status).toBe(200)
    expect(proxy.seen).toMatchObject([{ method: 'CONNECT', url: `localhost:${far.port}` }])
    expect((await failure({ url: far.url, proxy: proxy.url })).message).toContain(
      'its certificate is signed by an unknown authority',
    )
  })
})

describe('what may not be reached', () => {
  const { connect } = Socket.prototype
  let allowed: Running
  let closed: Running
  beforeAll(async () => {
    ;[allowed, closed] = [await serve((_, response) => response.end('ok')), await serve((_, response) => response.end('never'))]
  })
  afterAll(async () => {
    await allowed.close()
    await closed.close()
  })
  afterEach(() => {
    Socket.prototype.connect = connect
  })
  const guard = () =>
    guardConnections(Socket, { refused: [], allowed: [], server: `127.0.0.1:${allowed.port}` }, (host, _, done) =>
      host === 'inside.example' ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(new Error('no such name')),
    )

  it.each<[string, () => HttpRequest]>([
    ['an address', () => ({ url: closed.url })],
    ['a name that stands for one', () => ({ url: `http://inside.example:${closed.port}` })],
    ['a proxy that a job names', () => ({ url: 'http://far.example', proxy: closed.url })],
    ['a proxy with a tunnel', () => ({ url: 'https://far.example', proxy: `http://inside.example:${closed.port}` })],
    ['a socks proxy', () => ({ url: 'https://far.example', proxy: `socks5://127.0.0.1:${closed.port}` })],
  ])('is not: %s', async (_, request) => {
    guard()
    expect(await failure(request())).toMatchObject({ code: 'ADDRESS_REFUSED' })
    expect(closed.seen).toEqual([])
  })

  it('is not reached by a redirect', async () => {
    const near = await server((_, response) => response.writeHead(302, { location: closed.url }).end())
    guardConnections(Socket, { refused: [], allowed: [], server: `127.0.0.1:${near.port}` })
    expect(await failure({ url: near.url })).toMatchObject({ code: 'ADDRESS_REFUSED' })
    expect(closed.seen).toEqual([])
  })

  it('is the API server, to which the guard lets tasks go', async () => {
    guard()
    expect((await send({ url: allowed.url })).status).toBe(200)
    const edge = { server: `127.0.0.1:${allowed.port}` }
    expect(await failure({ url: allowed.url }, edge)).toMatchObject({ code: 'ADDRESS_REFUSED' })
    expect(await failure({ url: 'http://far.example', proxy: allowed.url }, edge)).toMatchObject({ code: 'ADDRESS_REFUSED' })
  })
})
