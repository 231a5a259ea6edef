import { describe, expect, it, vi } from 'vitest'
import postgres from '../../collectors/postgres/index.ts'
import { ask, built, guarded } from './databases/ask.ts'
import { useServer } from './databases/servers.ts'

const server = await useServer('postgres')
const { port, password, certificates } = server
const login = `app:${encodeURIComponent(password)}`
const uri = (rest = '', host = `127.0.0.1:${port}`) => `postgresql://${login}@${host}/postgres${rest}`
const { ca, client, strangeCa } = certificates
const mutual = { cacert: ca, clientCert: client.cert, clientKey: client.key }

describe.skipIf(server.skipped)('postgres, of a real server', () => {
  it.each<[name: string, entry: object]>([
    ['by a URL', { uri: uri() }],
    ['by a URL of the other scheme', { uri: uri().replace('postgresql', 'postgres') }],
    ['by a list of settings', { uri: `host=127.0.0.1 port=${port} user=app dbname=postgres password='${password}'` }],
    ['without TLS', { uri: uri('?sslmode=disable') }],
    ['with TLS', { uri: uri('?sslmode=require') }],
    ['with TLS and an authority', { uri: uri('?sslmode=verify-full'), tls: { cacert: ca } }],
    [
      'with TLS and an authority, whatever the name',
      { uri: uri('?sslmode=verify-ca', `localhost:${port}`), tls: { cacert: ca } },
    ],
    [
      'with a certificate that is not looked at',
      { uri: uri('?sslmode=verify-full'), tls: { skipVerify: true, cacert: strangeCa } },
    ],
    ['with a login by certificate', { uri: `postgres://app@127.0.0.1:${port}/template1`, tls: mutual }],
    ['at the second of two hosts', { uri: uri('', `127.0.0.1:1,127.0.0.1:${port}`) }],
    ['with values in a v1beta3 spec', { uri: { value: uri('?sslmode=verify-full') }, tls: { cacert: { value: ca } } }],
  ])('tells the version %s', async (_, entry) => {
    const { path, connection, warnings } = await ask(postgres, entry)
    expect(path).toBe('postgres/postgres.json')
    expect(connection).toEqual({ isConnected: true, version: expect.stringMatching(/^\d+\.\d+$/) })
    expect(warnings).toEqual([])
  })

  it('leaves no broken connections in the log of the server', async () => {
    await ask(postgres, { uri: uri('?sslmode=require') })
    await ask(postgres, { uri: uri('?sslmode=disable') })
    expect(server.log()).not.toMatch(/unexpected EOF|reset by peer/)
  })

  it.each<[name: string, entry: object, error: RegExp]>([
    ['a wrong password', { uri: uri().replace('4711', '4712') }, /^password authentication failed for user "app"$/],
    ['a database that is not there', { uri: uri().replace('/postgres', '/none') }, /^database "none" does not exist$/],
    ['a strange authority', { uri: uri('?sslmode=verify-full'), tls: { cacert: strangeCa } }, /unable to verify|self-signed/],
    [
      'a strange authority with sslmode=require',
      { uri: uri('?sslmode=require'), tls: { cacert: strangeCa } },
      /verify|self-signed/,
    ],
    ['no login without TLS', { uri: `postgres://app@127.0.0.1:${port}/template1?sslmode=disable` }, /^pg_hba.conf rejects/],
    [
      'a certificate of another name',
      { uri: uri('?sslmode=verify-full', `localhost:${port}`), tls: { cacert: ca } },
      /altnames|does not match/,
    ],
    ['a port where nothing listens', { uri: uri('', '127.0.0.1:1') }, /^connect ECONNREFUSED 127\.0\.0\.1:1$/],
  ])('tells of %s', async (_, entry, error) => {
    const { connection, warnings, told } = await ask(postgres, entry)
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(error) })
    expect(warnings).toEqual([
      { type: 'warning', code: 'DATABASE_NOT_CONNECTED', message: `postgres postgres: ${connection.error}` },
    ])
    expect(told).not.toContain(password)
    expect(told).not.toContain(encodeURIComponent(password))
  })

  it('looks for no password in the environment', async () => {
    vi.stubEnv('PGPASSWORD', password)
    const { connection } = await ask(postgres, { uri: uri().replace(login, 'app') })
    vi.unstubAllEnvs()
    expect(connection).toMatchObject({ isConnected: false, error: expect.stringContaining('password') })
  })

  it('is let in as it is built', async () => {
    const { connection } = await ask(await built('postgres'), { uri: uri('?sslmode=verify-full'), tls: { cacert: ca } })
    expect(connection).toMatchObject({ isConnected: true, version: expect.stringMatching(/^\d/) })
  })

  it.each(['127.0.0.1', 'db.example'])('does not connect to %s when that is refused', async (host) => {
    const { connection } = await guarded(() => ask(postgres, { uri: uri('', `${host}:${port}`) }))
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(/^a job may not connect to /) })
  })
})
