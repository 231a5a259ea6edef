import { describe, expect, it } from 'vitest'
import hostHttp from '../../collectors/host-http/index.ts'
import http from '../../collectors/http/index.ts'
import type { HttpRequest } from '../../core/contract/index.ts'
import {
  collectorContext,
  fakeHttp,
  type FakeAnswers,
  fakeKube,
  gather,
  type Gathered,
  hostContext,
  noAnswer,
} from '../../core/testkit/index.ts'
import { condition } from '../agent/analysis/run-analyzer.ts'
import { codes, issues, texts } from './collect.ts'

const URL = 'https://api.example/v1?token=s3cr3t'
const PEM = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n'
const encoded = (text: string) => Buffer.from(text).toString('base64')
const kube = fakeKube({
  objects: {
    '/api/v1/secrets': [
      {
        metadata: { name: 'tls', namespace: 'a' },
        data: { cacert: encoded('CA'), clientCert: encoded('CERT'), clientKey: encoded('KEY') },
      },
    ],
  },
})

async function run(entry: object, answers: FakeAnswers, plugin: typeof http | typeof hostHttp = http): Promise<Gathered> {
  const { value: config, issues: found } = (await plugin.configSchema['~standard'].validate(entry)) as {
    value: never
    issues?: unknown
  }
  expect(found).toBeUndefined()
  const options = { config, http: fakeHttp(answers) }
  return gather(plugin.collect({ ...hostContext(options), ...collectorContext({ ...options, kube }) }))
}

/** What reaches the server for an entry. */
async function requestOf(entry: object, plugin: typeof http | typeof hostHttp = http): Promise<HttpRequest | undefined> {
  let seen: HttpRequest | undefined
  const answer = (request: HttpRequest) => ((seen = request), { body: 'ok' })
  await run(entry, { 'https://api.example': answer }, plugin)
  return seen
}

describe('http', () => {
  it('keeps the answer as the peer does', async () => {
    const answer = {
      status: 201,
      headers: { 'x-request-id': ['1', '2'], 'content-type': 'application/json' },
      body: '{"a": 1.0}',
    }
    const gathered = await run({ get: { url: URL } }, { [`GET ${URL}`]: answer })
    expect(codes(gathered)).toEqual([])
    expect(JSON.parse(texts(gathered)['result.json'] ?? '')).toEqual({
      response: {
        status: 201,
        body: '{"a": 1.0}',
        headers: { 'Content-Type': 'application/json', 'X-Request-Id': '1,2' },
        raw_json: { a: 1 },
      },
    })
  })

  it.each([
    ['{"id":12345678901234567890,"x":[1e2,null,"1"]}', '{"id":12345678901234567890,"x":[1e2,null,"1"]}'],
    ['"text"', '"text"'],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}'],
  ])('keeps JSON as it came: %s', async (body, raw) => {
    const text = texts(await run({ get: { url: URL } }, { [URL]: { body } }))['result.json'] ?? ''
    expect(text.replaceAll(/\s/g, '')).toContain(`"raw_json":${raw}}}`)
  })

  it.each(['', 'no json', '{"a":1} x', '\uFEFF{}'])('has no raw_json of %j', async (body) => {
    const text = texts(await run({ get: { url: URL } }, { [URL]: { body } }))['result.json'] ?? ''
    expect(JSON.parse(text)).toEqual({ response: { status: 200, body, headers: {} } })
  })

  it.each<[object, string]>([
    [{}, 'result.json'],
    [{ collectorName: 'c' }, 'c.json'],
    [{ name: 'n' }, 'n/result.json'],
    [{ name: '/n/m/', collectorName: 'c' }, 'n/m/c.json'],
  ])('names its file after %j', async (names, path) => {
    expect(Object.keys(texts(await run({ ...names, get: { url: URL } }, { [URL]: {} })))).toEqual([path])
  })

  it.each<[object, Partial<HttpRequest>]>([
    [{ get: { url: URL, headers: { 'X-A': 'b' } } }, { method: 'GET', url: URL, headers: { 'X-A': 'b' }, timeoutMs: 60_000 }],
    [{ post: { url: URL, body: 'b', timeout: '1m30s' } }, { method: 'POST', body: 'b', timeoutMs: 90_000 }],
    [{ put: { url: URL, proxy: 'http://p:1' } }, { method: 'PUT', proxy: 'http://p:1' }],
    [{ put: { url: URL }, post: { url: URL }, get: { url: URL } }, { method: 'GET' }],
    [{ get: { url: URL } }, { tls: { isUnverified: false } }],
    [{ get: { url: URL, insecureSkipVerify: true } }, { tls: { isUnverified: true } }],
    [{ get: { url: URL, tls: { skipVerify: true } } }, { tls: { isUnverified: true } }],
    [
      { get: { url: URL, tls: { cacert: PEM, clientCert: PEM, clientKey: PEM } } },
      { tls: { ca: PEM, cert: PEM, key: PEM, isUnverified: false } },
    ],
  ])('asks what %j means', async (entry, request) => {
    for (const plugin of [http, hostHttp]) expect(await requestOf(entry, plugin)).toMatchObject(request)
  })

  it('reads certificates from a Secret', async () => {
    const entry = { get: { url: URL, tls: { secret: { name: 'tls', namespace: 'a' }, cacert: PEM } } }
    expect((await requestOf(entry))?.tls).toEqual({ ca: 'CA', cert: 'CERT', key: 'KEY', isUnverified: false })
  })

  it('asks nothing when the certificates cannot be had', async () => {
    const gathered = await run({ get: { url: URL, tls: { secret: { name: 'gone', namespace: 'a' } } } }, {})
    expect(JSON.parse(texts(gathered)['result.json'] ?? '')).toEqual({ error: { message: 'there is no secret a/gone' } })
    expect(codes(gathered)).toEqual(['HTTP_FAILED'])
  })

  it('keeps why there is no answer, in both places, without what can be a secret', async () => {
    const answers = { [URL]: noAnswer(URL, 'connection refused') }
    const gathered = await run({ get: { url: URL, headers: { authorization: 'hunter2' } } }, answers)
    const message = 'no answer from https://api.example: connection refused'
    expect(JSON.parse(texts(gathered)['result.json'] ?? '')).toEqual({ error: { message } })
    expect(gathered.warnings).toEqual([{ type: 'warning', code: 'HTTP_FAILED', message }])
    expect(JSON.stringify(gathered)).not.toMatch(/s3cr3t|hunter2/)
  })

  it.each<[object, string]>([
    [{}, 'get: is needed (or "post", or "put")'],
    [{ get: { url: '' } }, 'get.url: '],
    [{ get: { url: URL, body: 'x' } }, 'get.body: a get has no body'],
    [{ get: { url: URL, timeout: 'soon' } }, 'get.timeout: must be a duration, like "30s" or "1m30s"'],
    [{ get: { url: URL, tls: { cacert: '/etc/ssl/ca.pem' } } }, 'get.tls.cacert: must be PEM'],
    [{ get: { url: URL, verify: true } }, 'verify'],
  ])('refuses %j', async (entry, said) => {
    for (const plugin of [http, hostHttp]) expect((await issues(plugin, entry)).join('\n')).toContain(said)
  })
})

describe('host http', () => {
  it('writes below host-collectors, and says that there are no Secrets', async () => {
    const gathered = await run({ collectorName: 'c', get: { url: URL, tls: { secret: { name: 'x' } } } }, { [URL]: {} }, hostHttp)
    expect(Object.keys(texts(gathered))).toEqual(['host-collectors/http/c.json'])
    expect(codes(gathered)).toEqual(['HTTP_TLS_SECRET'])
  })
})

describe('our analyzers', () => {
  it.each([
    ['statusCode == 200', {}, 'held'],
    ['statusCode == 200', { status: 404 }, 'not'],
    ['error', noAnswer(URL, 'x'), 'held'],
    ['error', {}, 'not'],
  ])('understand the files: %s', async (when, answer, verdict) => {
    const [cluster, host] = [http, hostHttp].map((plugin) => run({ get: { url: URL } }, { [URL]: answer }, plugin))
    expect(condition('analyzers', 'http', when, texts(await cluster!))).toBe(verdict)
    expect(condition('hostAnalyzers', 'http', when, texts(await host!))).toBe(verdict)
  })
})
