import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import mssql from '../../collectors/mssql/index.ts'
import { ask, built, guarded } from './databases/ask.ts'
import { makeCertificates } from './databases/certificates.ts'
import { mockServer } from './databases/mock-server.ts'
import { talkTds } from './databases/tds-mock.ts'

const PASSWORD = 'geheim-4711/@:ü%'
const SECRET = encodeURIComponent(PASSWORD)
const TEXT =
  'Microsoft SQL Server 2019 (RTM-CU27) - 15.0.4375.4 (X64) \n\tJun 10 2024 18:00:07 \n\tCopyright (C) 2019 Microsoft Corporation'
const folder = mkdtempSync(join(tmpdir(), 'sbs-mssql-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const { ca, server, strangeCa } = makeCertificates(folder)

const seen: string[] = []
const facts = { version: TEXT, password: PASSWORD, seen, tls: server }
const { tls: _, ...plainFacts } = facts
const secure = await mockServer((socket) => talkTds(socket, facts))
const plain = await mockServer((socket) => talkTds(socket, plainFacts))
const echoing = await mockServer((socket) => talkTds(socket, { ...facts, echoes: true }))
const uri = (rest = '', port = secure.port, host = '127.0.0.1') =>
  `sqlserver://app:${SECRET}@${host}:${port}?database=shop${rest}`

describe('mssql, of a mock', () => {
  it.each<[name: string, how: string, entry: object]>([
    ['encrypted, when the uri does not say how', 'encrypted', { uri: uri() }],
    ['plain, when the server has no TLS and need not', 'plain', { uri: uri('', plain.port) }],
    ['plain, when the uri says so', 'plain', { uri: uri('&encrypt=disable', plain.port) }],
    ['encrypted, with an authority', 'encrypted', { uri: uri('&encrypt=true'), tls: { cacert: ca } }],
    [
      'encrypted, with the name of the certificate',
      'encrypted',
      { uri: uri('&encrypt=true&hostNameInCertificate=db.example', secure.port, 'localhost'), tls: { cacert: ca } },
    ],
    [
      'encrypted, with a certificate that is not looked at',
      'encrypted',
      { uri: uri('&encrypt=true&TrustServerCertificate=true') },
    ],
    [
      'encrypted, with a certificate that the entry says not to look at',
      'encrypted',
      { uri: uri('&encrypt=true'), tls: { skipVerify: true } },
    ],
    [
      'by a list of settings',
      'encrypted',
      { uri: `Server=tcp:127.0.0.1,${secure.port};User Id=app;Password="${PASSWORD}";Initial Catalog=shop` },
    ],
    [
      'by a list of ODBC',
      'encrypted',
      { uri: `odbc:server=127.0.0.1;port=${secure.port};uid=app;pwd={${PASSWORD}};database=shop` },
    ],
    ['with values in a v1beta3 spec', 'encrypted', { uri: { value: uri() } }],
  ])('tells the version %s', async (_, how, entry) => {
    seen.length = 0
    const { path, connection, warnings } = await ask(mssql, entry)
    expect(path).toBe('mssql/mssql.json')
    expect(connection).toEqual({ isConnected: true, version: '15.0.4375.4' })
    expect(warnings).toEqual([])
    expect(seen.slice(-5, -2)).toEqual([how, 'app', 'shop'])
    expect(seen.at(-1)).toBe('select @@version')
  })

  it('follows a gateway to where the database is', async () => {
    const gateway = await mockServer((socket) =>
      talkTds(socket, { ...facts, gatewayTo: { host: 'localhost', port: secure.port } }),
    )
    seen.length = 0
    const { connection } = await ask(mssql, { uri: uri('', gateway.port) })
    expect(connection).toEqual({ isConnected: true, version: '15.0.4375.4' })
    expect(seen.filter((one) => one === 'encrypted')).toHaveLength(2)
    await expect.poll(() => gateway.open.size + secure.open.size).toBe(0)
  })

  it('tells a version that it does not know as such', async () => {
    const other = await mockServer((socket) => talkTds(socket, { ...facts, version: 'Something else 1.0' }))
    const { connection, warnings } = await ask(mssql, { uri: uri('', other.port) })
    expect(connection).toEqual({
      isConnected: true,
      version: 'Unknown',
      error: 'this is no version of SQL Server: Something else 1.0',
    })
    expect(warnings).toMatchObject([{ code: 'DATABASE_PARTLY_ASKED' }])
  })

  it.each<[name: string, entry: object, error: RegExp]>([
    ['a wrong password', { uri: uri().replace('4711', '4712') }, /^Login failed for user 'app'\.$/],
    ['a wrong password that is echoed', { uri: uri('', echoing.port).replace('4711', '4712') }, /with '\*\*\*HIDDEN\*\*\*'/],
    ['a strange authority', { uri: uri('&encrypt=true'), tls: { cacert: strangeCa } }, /verify|self-signed/],
    ['an authority that is not known', { uri: uri('&encrypt=true') }, /verify|self-signed/],
    ['a server without TLS', { uri: uri('&encrypt=true', plain.port) }, /did not negotiate encryption/],
    [
      'a certificate of another name',
      { uri: uri('&encrypt=true', secure.port, 'localhost'), tls: { cacert: ca } },
      /altnames|does not match/,
    ],
    ['a port where nothing listens', { uri: uri('', 1) }, /connect ECONNREFUSED 127\.0\.0\.1:1/],
  ])('tells of %s', async (_, entry, error) => {
    const { connection, warnings, told } = await ask(mssql, entry)
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(error) })
    expect(warnings).toEqual([{ type: 'warning', code: 'DATABASE_NOT_CONNECTED', message: `mssql mssql: ${connection.error}` }])
    expect(told).not.toContain('geheim')
  })

  it('is let in as it is built', async () => {
    const { connection } = await ask(await built('mssql'), { uri: uri('&encrypt=true'), tls: { cacert: ca } })
    expect(connection).toMatchObject({ isConnected: true, version: expect.stringMatching(/^\d/) })
  })

  it.each(['127.0.0.1', 'db.example'])('does not connect to %s when that is refused', async (host) => {
    const { connection } = await guarded(() => ask(mssql, { uri: uri('', secure.port, host) }))
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(/a job may not connect to /) })
  })

  it('leaves no connection open', async () => {
    await ask(mssql, { uri: uri() })
    await expect.poll(() => [secure.open.size, plain.open.size, echoing.open.size]).toEqual([0, 0, 0])
  })
})
