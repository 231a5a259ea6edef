import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import clickhouse from '../../collectors/clickhouse/index.ts'
import { ask, built, guarded } from './databases/ask.ts'
import { makeCertificates } from './databases/certificates.ts'
import { talkClickhouse } from './databases/clickhouse-mock.ts'
import { mockServer } from './databases/mock-server.ts'

const PASSWORD = 'geheim-4711/@:ü%'
const SECRET = encodeURIComponent(PASSWORD)
const VERSION = '24.3.12.76'
const folder = mkdtempSync(join(tmpdir(), 'sbs-clickhouse-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const { ca, client, server, strangeCa } = makeCertificates(folder)
const mutual = { cacert: ca, clientCert: client.cert, clientKey: client.key }

const seen: string[] = []
const facts = { version: VERSION, password: PASSWORD, seen }
const plain = await mockServer((socket) => talkClickhouse(socket, facts))
const secure = await mockServer((socket) => talkClickhouse(socket, facts), server)
const demanding = await mockServer((socket) => talkClickhouse(socket, facts), { ...server, ca, requestCert: true })
const old = await mockServer((socket) => talkClickhouse(socket, { ...facts, revision: 54_213 }))
const echoing = await mockServer((socket) => talkClickhouse(socket, { ...facts, echoes: true }))
const uri = (rest = '', port = plain.port, host = '127.0.0.1') => `clickhouse://app:${SECRET}@${host}:${port}/shop${rest}`

describe('clickhouse, of a mock of the native protocol', () => {
  it.each<[name: string, entry: object]>([
    ['without TLS', { uri: uri() }],
    ['of an old server', { uri: uri('', old.port) }],
    ['with settings that do not matter here', { uri: uri('?dial_timeout=200ms&max_execution_time=60&compress=lz4') }],
    ['of any scheme', { uri: uri().replace('clickhouse:', 'tcp:') }],
    [
      'with a password among the settings',
      { uri: `clickhouse://127.0.0.1:${plain.port}?username=app&password=${SECRET}&database=shop` },
    ],
    ['at the second of two hosts', { uri: uri().replace('127.0.0.1', '127.0.0.1:1,127.0.0.1') }],
    ['with TLS that is not looked at', { uri: uri('?secure=true&skip_verify=true', secure.port) }],
    ['with TLS and an authority', { uri: uri('?secure=true', secure.port), tls: { cacert: ca } }],
    ['with TLS and a certificate of a client', { uri: uri('?secure=true', demanding.port), tls: mutual }],
    ['with TLS because of the certificates', { uri: uri('', secure.port), tls: mutual }],
    [
      'with the name of the certificate',
      { uri: uri('?secure=true&tls_server_name=db.example', secure.port, 'localhost'), tls: { cacert: ca } },
    ],
    ['with values in a v1beta3 spec', { uri: { value: uri('', secure.port) }, tls: { skipVerify: true } }],
  ])('tells the version %s', async (_, entry) => {
    seen.length = 0
    const { path, connection, warnings } = await ask(clickhouse, entry)
    expect(path).toBe('clickhouse/clickhouse.json')
    expect(connection).toEqual({ isConnected: true, version: VERSION })
    expect(warnings).toEqual([])
    expect(seen).toEqual(['support-bundle-schedule', '54429', 'shop', 'app', 'SELECT version()'])
  })

  it('is user "default" when the uri names none', async () => {
    seen.length = 0
    await ask(clickhouse, { uri: `clickhouse://127.0.0.1:${plain.port}` })
    expect(seen.slice(2)).toEqual(['', 'default'])
  })

  it.each<[name: string, entry: object, error: RegExp]>([
    ['a wrong password', { uri: uri().replace('4711', '4712') }, /^code 516: app: Authentication failed\.$/],
    [
      'a wrong password that is echoed',
      { uri: uri('', echoing.port).replace('4711', '4712') },
      /failed: \*\*\*HIDDEN\*\*\* is wrong/,
    ],
    ['a strange authority', { uri: uri('', secure.port), tls: { cacert: strangeCa } }, /verify|self-signed/],
    [
      'a certificate of a client that is missing',
      { uri: uri('', demanding.port), tls: { cacert: ca } },
      /^TLS: .*certificate required$/,
    ],
    ['TLS where there is none', { uri: uri('?secure=true&skip_verify=true') }, /wrong version number|closed the connection|SSL/],
    ['a certificate of another name', { uri: uri('', secure.port, 'localhost'), tls: { cacert: ca } }, /altnames|does not match/],
    ['a port where nothing listens', { uri: uri('', 1) }, /^connect ECONNREFUSED 127\.0\.0\.1:1$/],
    [
      'two hosts where nothing listens',
      { uri: uri('', 1).replace('127.0.0.1', '127.0.0.1:2,127.0.0.1') },
      /:2; connect ECONNREFUSED .*:1$/,
    ],
  ])('tells of %s', async (_, entry, error) => {
    const { connection, warnings, told } = await ask(clickhouse, entry)
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(error) })
    expect(warnings).toEqual([
      { type: 'warning', code: 'DATABASE_NOT_CONNECTED', message: `clickhouse clickhouse: ${connection.error}` },
    ])
    for (const form of [PASSWORD, SECRET]) expect(told).not.toContain(form.replace('4711', '4712'))
    expect(told).not.toContain('geheim')
  })

  it('tells of a server of another kind', async () => {
    const other = await mockServer((socket) => socket.end('HTTP/1.0 400 Bad Request\r\n\r\n'))
    const { connection } = await ask(clickhouse, { uri: uri('', other.port) })
    expect(connection.error).toBe('the server does not speak the protocol of ClickHouse')
  })

  it('tells of an answer without an end', async () => {
    const endless = await mockServer((socket) => {
      const more = () => socket.write(Buffer.alloc(65_536, 0xff), (error) => error ?? setImmediate(more))
      socket.once('data', more)
    })
    const { connection } = await ask(clickhouse, { uri: uri('', endless.port) })
    expect(connection.isConnected).toBe(false)
  })

  it('is let in as it is built', async () => {
    const { connection } = await ask(await built('clickhouse'), { uri: uri('?secure=true', secure.port), tls: { cacert: ca } })
    expect(connection).toMatchObject({ isConnected: true, version: expect.stringMatching(/^\d/) })
  })

  it.each(['127.0.0.1', 'db.example'])('does not connect to %s when that is refused', async (host) => {
    const { connection } = await guarded(() => ask(clickhouse, { uri: uri('', plain.port, host) }))
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(/^a job may not connect to /) })
  })

  it('leaves no connection open', async () => {
    await ask(clickhouse, { uri: uri() })
    await expect.poll(() => [plain.open.size, secure.open.size, echoing.open.size]).toEqual([0, 0, 0])
  })
})

describe('clickhouse, of a mock of the HTTP interface', async () => {
  const requests: { url: string | undefined; login: string | undefined }[] = []
  const web = createServer(({ url, headers }, answer) => {
    requests.push({ url, login: headers.authorization })
    const isRight = headers.authorization === `Basic ${Buffer.from(`app:${PASSWORD}`).toString('base64')}`
    if (isRight) answer.end(`${VERSION}\n`)
    else
      answer
        .writeHead(403)
        .end(`Code: 516. DB::Exception: app: ${Buffer.from(String(headers.authorization).slice(6), 'base64').toString()}`)
  }).listen(0, '127.0.0.1')
  await once(web, 'listening')
  afterAll(() => void web.close())
  const { port } = web.address() as AddressInfo
  const http = (rest = '', host = '127.0.0.1') => `http://app:${SECRET}@${host}:${port}/shop${rest}`

  it('tells the version', async () => {
    const { connection } = await ask(clickhouse, { uri: http('?http_path=proxy') })
    expect(connection).toEqual({ isConnected: true, version: VERSION })
    expect(requests.at(-1)?.url).toBe('/proxy?query=SELECT+version%28%29&database=shop')
  })

  it('tells what the server says against the login, without the password', async () => {
    const { connection, told } = await ask(clickhouse, { uri: http().replace('4711', '4712') })
    expect(connection).toEqual({ isConnected: false, error: 'status 403: Code: 516. DB::Exception: app: app:***HIDDEN***' })
    expect(told).not.toContain('geheim')
  })

  it('tells that TLS is not for http://', async () => {
    const { connection } = await ask(clickhouse, { uri: http('?secure=true') })
    expect(connection.error).toBe('the uri cannot be used: "secure" wants https://')
  })

  it.each(['127.0.0.1', 'db.example'])('does not connect to %s when that is refused', async (host) => {
    const { connection } = await guarded(() => ask(clickhouse, { uri: http('', host) }))
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(/a job may not connect to /) })
  })
})
