import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tokenCredentials } from '../../../core/kube/connection.ts'
import { settle } from '../../support/clock.ts'
import { aClient, type FakeServer, type Handler, json, startFakeServer, startTcpServer } from './fake-server.ts'

// a fake server: the real one is asked in cluster-*.test.ts; here it hangs, lies, and breaks off

let server: FakeServer
let handler: Handler
beforeEach(async () => {
  server = await startFakeServer((request, response, count) => handler(request, response, count))
})
afterEach(() => server.close())

const ok: Handler = (_, response) => json(response, { ok: true })
const thrown = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  )
/** Real sockets need real turns of the event loop: as many as it takes until the server has seen `count` requests. */
async function seen(count: number): Promise<void> {
  while (server.requests.length < count) await settle(1)
  await settle()
}

describe('a request', () => {
  it('carries method, query, body and headers', async () => {
    handler = ok
    const { client } = aClient(`${server.url}/prefix`, { headers: { 'impersonate-user': 'u', 'impersonate-group': ['g', 'h'] } })
    await client.json({
      method: 'PATCH',
      path: '/api/x',
      query: { limit: 0, watch: false, a: undefined, 'b c': 'ä&' },
      body: { a: 'ü' },
      contentType: 'application/merge-patch+json',
    })
    const [got] = server.requests
    expect(got).toMatchObject({ method: 'PATCH', url: '/prefix/api/x?limit=0&watch=false&b%20c=%C3%A4%26', body: '{"a":"ü"}' })
    expect(got?.headers).toMatchObject({
      authorization: 'Bearer t',
      'user-agent': 'test/1',
      accept: 'application/json',
      'content-type': 'application/merge-patch+json',
      'content-length': '10',
      'impersonate-user': 'u',
    })
    expect(got?.raw.filter((_, index, all) => all[index - 1] === 'impersonate-group')).toEqual(['g', 'h'])
    client.close()
  })

  it('shares connections with those before it, also of another user', async () => {
    handler = ok
    const { client } = aClient(server.url, { headers: { 'impersonate-user': 'u' } })
    const other = client.withCredentials(
      tokenCredentials(() => Promise.resolve('other')),
      'other',
    )
    for (let turn = 0; turn < 5; turn++) {
      await client.json({ path: '/' })
      await other.json({ path: '/' })
    }
    expect(server.connections).toBe(1)
    expect(server.requests[1]?.headers.authorization).toBe('Bearer other')
    expect(server.requests[1]?.headers['impersonate-user']).toBeUndefined()
    client.close()
  })

  it('waits for a free connection, unless it is long-lived', async () => {
    handler = (request, response) => (request.url === '/watch' ? response.writeHead(200).flushHeaders() : json(response, 1))
    const { client } = aClient(server.url, {}, { maxSockets: 2 })
    for (let watch = 0; watch < 4; watch++) await client.request({ path: '/watch', isLongLived: true })
    await Promise.all(Array.from({ length: 20 }, () => client.json({ path: '/' })))
    expect(server.connections).toBe(6)
    client.close()
  })

  it('unpacks gzip where it is asked for, and asks only then', async () => {
    handler = (request, response) => {
      if (request.headers['accept-encoding'] !== 'gzip') return json(response, 'plain')
      response.writeHead(200, { 'content-encoding': 'gzip' })
      return response.end(gzipSync('"packed"'))
    }
    const { client } = aClient(server.url)
    expect([await client.json({ path: '/' }), await client.json({ path: '/', compress: true })]).toEqual(['plain', 'packed'])
    const { client: never } = aClient(server.url, { mayCompress: false })
    expect(await never.json({ path: '/', compress: true })).toBe('plain')
    client.close()
    never.close()
  })
})

describe('an answer that is no success', () => {
  it('becomes an error with what the Status says', async () => {
    const details = { name: 'x', kind: 'configmaps', causes: [{ reason: 'FieldValueInvalid', field: 'a' }] }
    handler = (_, response) =>
      json(response, { kind: 'Status', reason: 'AlreadyExists', message: 'configmaps "x" already exists', details }, 409)
    const { client } = aClient(server.url)
    expect(await thrown(client.json({ method: 'POST', path: '/api/v1/namespaces/n/configmaps', body: {} }))).toMatchObject({
      code: 'API_CONFLICT',
      exitCode: 4,
      status: 409,
      reason: 'AlreadyExists',
      said: 'configmaps "x" already exists',
      message: 'POST /api/v1/namespaces/n/configmaps: configmaps "x" already exists',
      details,
    })
    client.close()
  })

  it.each<[string, number, string, string, string]>([
    ['text', 502, 'upstream gone\n', 'API_UNAVAILABLE', 'GET /: upstream gone'],
    ['a page of a proxy', 403, '<html>no</html>', 'API_FORBIDDEN', 'GET /: the server answered 403'],
    ['nothing', 404, '', 'API_NOT_FOUND', 'GET /: the server answered 404'],
    ['a redirect, which is not followed', 307, '', 'API_INVALID', 'GET /: the server answered 307'],
    ['huge', 500, 'x'.repeat(1_000_000), 'API_UNAVAILABLE', `GET /: ${'x'.repeat(500)}`],
  ])('%s is understood too', async (_, status, body, code, message) => {
    handler = (_request, response) => response.writeHead(status).end(body)
    const { client } = aClient(server.url)
    expect(await thrown(client.bytes({ path: '/' }))).toMatchObject({ status, code, message })
    client.close()
  })
})

describe('patience', () => {
  const busy =
    (times: number, headers: Record<string, string> = { 'retry-after': '2' }, status = 429): Handler =>
    (_, response, count) =>
      count <= times ? json(response, { kind: 'Status', message: 'busy' }, status, headers) : json(response, 'done')

  it('waits as long as the server asks, with jitter, and asks again', async () => {
    handler = busy(1)
    const { client, clock } = aClient(server.url)
    const answer = client.json({ path: '/' })
    await clock.untilAsleep(2_550)
    await clock.advance(2_540)
    expect(server.requests).toHaveLength(1)
    await clock.advance(20)
    expect(await answer).toBe('done')
    client.close()
  })

  it('reads dates too', async () => {
    handler = busy(1, { 'retry-after': 'Thu, 01 Jan 2026 00:00:04 GMT' }, 503)
    const { client, clock } = aClient(server.url)
    const answer = client.json({ path: '/' })
    await clock.untilAsleep(5_050)
    await clock.advance(4_900)
    expect(server.requests).toHaveLength(1)
    await clock.advance(200)
    expect(await answer).toBe('done')
    client.close()
  })

  it('reads the seconds that a Status names', async () => {
    const status = { kind: 'Status', reason: 'Timeout', details: { retryAfterSeconds: 2 } }
    handler = (_, response, count) => (count === 1 ? json(response, status, 504) : json(response, 'done'))
    const { client, clock } = aClient(server.url)
    const answer = client.json({ path: '/' })
    await clock.untilAsleep(2_550)
    await clock.advance(2_550)
    expect(await answer).toBe('done')
    client.close()
  })

  it('ends with its budget', async () => {
    handler = busy(Infinity, { 'retry-after': '11' })
    const { client, clock } = aClient(server.url)
    const answer = thrown(client.json({ path: '/' }))
    for (let wait = 1; wait <= 2; wait++) {
      await clock.untilAsleep(13_800)
      await clock.advance(13_800)
    }
    expect(await answer).toMatchObject({ status: 429, retryAfterMs: 11_000 })
    expect(server.requests).toHaveLength(3)
    client.close()
  })

  it.each<[string, Handler, object]>([
    ['what may not be sent twice', busy(1), { method: 'POST' }],
    ['a json-patch', busy(1), { method: 'PATCH', contentType: 'application/json-patch+json' }],
    ['what the caller says so of', busy(1), { isIdempotent: false }],
    ['5xx without Retry-After', busy(1, {}, 500), {}],
    ['refusals', busy(1, { 'retry-after': '1' }, 403), {}],
    ['longer than the budget', busy(1, { 'retry-after': '60' }), {}],
  ])('is not for %s', async (_, given, request) => {
    handler = given
    const { client } = aClient(server.url)
    expect(await thrown(client.json({ path: '/', ...request }))).toMatchObject({ name: 'ProductError' })
    expect(server.requests).toHaveLength(1)
    client.close()
  })

  it('is for every idempotent verb, and ends with the signal', async () => {
    handler = busy(Infinity)
    const { client, clock } = aClient(server.url)
    const abort = new AbortController()
    const answer = thrown(client.json({ method: 'DELETE', path: '/', signal: abort.signal }))
    await clock.untilAsleep(2_550)
    abort.abort(new Error('stop'))
    expect(await answer).toMatchObject({ message: 'stop' })
    client.close()
  })
})

describe('401', () => {
  const only =
    (token: string): Handler =>
    (request, response) =>
      request.headers.authorization === `Bearer ${token}`
        ? json(response, 'in')
        : json(response, { kind: 'Status', message: 'Unauthorized' }, 401)

  it('asks for new credentials and tries once more', async () => {
    handler = only('2')
    let token = '1'
    const credentials = tokenCredentials(
      () => Promise.resolve(token),
      () => ((token = '2'), true),
    )
    const { client } = aClient(server.url, { credentials })
    expect(await client.json({ method: 'POST', path: '/', body: {} })).toBe('in')
    expect(server.requests).toHaveLength(2)
    client.close()
  })

  it('is final where nothing new can come, and the second time', async () => {
    handler = only('3')
    const { client } = aClient(server.url)
    expect(await thrown(client.json({ path: '/' }))).toMatchObject({ code: 'API_UNAUTHORIZED', exitCode: 5 })
    expect(server.requests).toHaveLength(1)
    const { client: other } = aClient(server.url, {
      credentials: tokenCredentials(
        () => Promise.resolve('x'),
        () => true,
      ),
    })
    expect(await thrown(other.json({ path: '/' }))).toMatchObject({ status: 401 })
    expect(server.requests).toHaveLength(3)
    client.close()
    other.close()
  })
})

describe('a server that fails', () => {
  it('is named with the reason when nothing listens', async () => {
    const { client } = aClient('http://127.0.0.1:1')
    expect(await thrown(client.json({ path: '/' }))).toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: 'http://127.0.0.1:1 cannot be reached: nothing listens there',
    })
  })

  it('is given up when it accepts and says nothing', async () => {
    handler = () => undefined
    const { client, clock } = aClient(server.url)
    const answer = thrown(client.json({ path: '/', timeoutMs: 5_000 }))
    await seen(1)
    await clock.advance(15_000)
    expect(await answer).toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringContaining('no answer within 5 s') as string,
    })
    client.close()
  })

  it('is given up when it stops in the middle, but not while the reader is busy', async () => {
    handler = (_, response) => response.writeHead(200, { 'content-length': '100' }).write('half')
    const { client, clock } = aClient(server.url)
    const { body } = await client.request({ path: '/', timeoutMs: 5_000 })
    const pieces = body[Symbol.asyncIterator]()
    expect(String((await pieces.next()).value)).toBe('half')
    await clock.advance(60_000)
    const next = thrown(pieces.next())
    await clock.advance(10_000)
    expect(await next).toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringContaining('stopped in the middle of an answer for 5 s') as string,
    })
    client.close()
  })

  it('is not given up because its reader takes long', async () => {
    let goOn = () => undefined as unknown
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': '8' }).write('half')
      goOn = () => response.end('rest')
    }
    const { client, clock } = aClient(server.url)
    const { body } = await client.request({ path: '/', timeoutMs: 5_000 })
    const pieces = body[Symbol.asyncIterator]()
    await pieces.next()
    await clock.advance(60_000)
    goOn()
    expect(String((await pieces.next()).value)).toBe('rest')
    expect((await pieces.next()).done).toBe(true)
    client.close()
  })

  it.each<[string, Record<string, string>]>([
    ['with a length', { 'content-length': '100' }],
    ['in chunks', {}],
  ])('is not taken for whole when it breaks off: %s', async (_, headers) => {
    handler = (_request, response) => {
      response.writeHead(200, headers)
      response.write('{"half":', () => response.destroy())
    }
    const { client } = aClient(server.url)
    expect(await thrown(client.json({ path: '/' }))).toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringContaining('cut in the middle') as string,
    })
    client.close()
  })

  it('is not taken for whole when packed data breaks off', async () => {
    handler = (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(gzipSync('"packed"').subarray(0, 15))
    }
    const { client } = aClient(server.url)
    expect(await thrown(client.json({ path: '/', compress: true }))).toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    client.close()
  })

  it('that sends something else than JSON is no API server', async () => {
    handler = (_, response) => response.end('<html>')
    const { client } = aClient(server.url)
    expect(await thrown(client.json({ path: '/' }))).toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringContaining('not JSON') as string,
    })
    client.close()
  })

  it('that switches to another protocol, unasked, is no API server', async () => {
    const { port, close } = await startTcpServer((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n')),
    )
    const { client } = aClient(`http://127.0.0.1:${port}`)
    expect(await thrown(client.json({ path: '/' }))).toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringContaining('another protocol, unasked') as string,
    })
    client.close()
    await close()
  })

  it('harms nobody with a body that nobody reads', async () => {
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => response.destroy())
    }
    const { client } = aClient(server.url)
    const { body } = await client.request({ path: '/' })
    await settle(20)
    body.cancel()
    client.close()
  })

  it('may close a kept connection under a request: sent again if that is safe', async () => {
    // answers the first request of each connection, and cuts it at the second
    const { port, close } = await startTcpServer((socket) => {
      let count = 0
      socket.on('data', () => {
        if (++count > 1) socket.resetAndDestroy()
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1')
      })
    })
    const { client } = aClient(`http://127.0.0.1:${port}`)
    expect(await client.json({ path: '/' })).toBe(1)
    expect(await client.json({ path: '/' })).toBe(1)
    expect(await thrown(client.json({ method: 'POST', path: '/' }))).toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    client.close()
    await close()
  })
})

describe('an abort', () => {
  it('before, while waiting and while reading gives its reason', async () => {
    handler = (_, response) => void response.writeHead(200).write('x')
    const { client } = aClient(server.url)
    const reason = new Error('stop')
    expect(await thrown(client.request({ path: '/', signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(server.requests).toHaveLength(0)

    const abort = new AbortController()
    const { body } = await client.request({ path: '/', signal: abort.signal })
    const pieces = body[Symbol.asyncIterator]()
    await pieces.next()
    const next = thrown(pieces.next())
    abort.abort(reason)
    expect(await next).toBe(reason)

    handler = () => undefined
    const early = new AbortController()
    const answer = thrown(client.request({ path: '/', signal: early.signal }))
    await seen(2)
    early.abort(reason)
    expect(await answer).toBe(reason)
    client.close()
  })

  it('gives its reason at whichever turn it comes', async () => {
    handler = () => undefined
    for (let turns = 0; turns < 30; turns++) {
      const { client } = aClient(server.url)
      handler = ok
      await client.json({ path: '/' })
      handler = () => undefined // on a kept connection there is nothing else to wait for
      const abort = new AbortController()
      const answer = thrown(client.request({ path: '/', signal: abort.signal }))
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      abort.abort(new Error('stop'))
      expect(await answer, `after ${turns} turns`).toMatchObject({ message: 'stop' })
      client.close()
    }
  })

  it('while the certificates are read sends nothing', async () => {
    handler = ok
    const reading = Promise.withResolvers<undefined>()
    const tls = { ca: () => reading.promise, isUnverified: false, serverName: undefined }
    const { client } = aClient(server.url, { tls })
    const abort = new AbortController()
    const answer = thrown(client.request({ path: '/', signal: abort.signal }))
    await settle()
    abort.abort(new Error('stop'))
    reading.resolve(undefined)
    expect(await answer).toMatchObject({ message: 'stop' })
    expect(server.requests).toHaveLength(0)
    client.close()
  })

  it('reaches a request that still waits for a connection, and so does close', async () => {
    handler = () => undefined
    const { client, clock } = aClient(server.url, {}, { maxSockets: 1 })
    const first = thrown(client.request({ path: '/' }))
    await seen(1)
    const abort = new AbortController()
    const second = thrown(client.request({ path: '/', signal: abort.signal }))
    const third = thrown(client.request({ path: '/' }))
    await clock.advance(59_000)
    abort.abort(new Error('stop'))
    expect(await second).toMatchObject({ message: 'stop' })
    client.close()
    expect(await third).toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringContaining('closed on our side') as string,
    })
    expect(await first).toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    expect(server.requests).toHaveLength(1)
  })

  it('leaves no listener behind on a signal that lives long', async () => {
    handler = ok
    const { client } = aClient(server.url)
    const { signal } = new AbortController()
    let listeners = 0
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args))
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args))
    for (let turn = 0; turn < 3; turn++) await client.json({ path: '/', signal })
    expect(listeners).toBe(0)
    client.close()
  })
})
