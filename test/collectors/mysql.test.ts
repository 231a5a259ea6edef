import { describe, expect, it } from 'vitest'
import mysql from '../../collectors/mysql/index.ts'
import { ask, built, guarded } from './databases/ask.ts'
import { useServer } from './databases/servers.ts'

const server = await useServer('mysql')
const { port, password, certificates } = server
const uri = (rest = '', user = 'app', host = `127.0.0.1:${port}`) => `${user}:${password}@tcp(${host})/shop${rest}`
const { ca, client, strangeCa } = certificates
const mutual = { cacert: ca, clientCert: client.cert, clientKey: client.key }

describe.skipIf(server.skipped)('mysql, of a real server', () => {
  it.each<[name: string, entry: object]>([
    ['without TLS', { uri: uri() }],
    ['without a database', { uri: uri().replace('/shop', '/') }],
    ['with TLS when there is some', { uri: uri('?tls=preferred&timeout=5s') }],
    ['with a certificate that is not looked at', { uri: uri('?tls=skip-verify') }],
    ['with a certificate that the entry says not to look at', { uri: uri(), tls: { skipVerify: true } }],
    ['with TLS and an authority', { uri: uri(), tls: { cacert: ca } }],
    ['with a certificate of a client', { uri: uri('', 'strict').replace('/shop', '/'), tls: mutual }],
    ['with values in a v1beta3 spec', { uri: { value: uri() }, tls: { cacert: { value: ca } } }],
  ])('tells the version %s', async (_, entry) => {
    const { path, connection, warnings } = await ask(mysql, entry)
    expect(path).toBe('mysql/mysql.json')
    expect(connection).toEqual({ isConnected: true, version: expect.stringMatching(/^\d+\.\d+\.\d+/) })
    expect(warnings).toEqual([])
  })

  it('tells variables that are asked for, of those that there are', async () => {
    const { path, connection } = await ask(mysql, {
      uri: uri(),
      collectorName: 'shop',
      parameters: ['character_set_server', 'max_connections', 'nothing_of_it'],
    })
    expect(path).toBe('mysql/shop.json')
    expect(connection.variables).toEqual({ character_set_server: 'utf8mb4', max_connections: '151' })
  })

  it('leaves no broken connections in the log of the server', async () => {
    await ask(mysql, { uri: uri() })
    await ask(mysql, { uri: uri(), tls: { cacert: ca } })
    expect(server.log()).not.toMatch(/Aborted connection .* user: 'app'/)
  })

  it.each<[name: string, entry: object, error: RegExp]>([
    [
      'a wrong password',
      { uri: uri().replace('4711', '4712') },
      /^Access denied for user 'app'@'127\.0\.0\.1' \(using password: YES\)$/,
    ],
    [
      'a database that may not be used',
      { uri: uri().replace('/shop', '/none') },
      /^Access denied for user 'app'@'.*' to database 'none'$/,
    ],
    [
      'a certificate of a client that is missing',
      { uri: uri('', 'strict'), tls: { cacert: ca } },
      /^Access denied for user 'strict'/,
    ],
    ['a strange authority', { uri: uri(), tls: { cacert: strangeCa } }, /verify|self-signed/],
    ['an authority that is not known', { uri: uri('?tls=true') }, /verify|self-signed/],
    [
      'a certificate of another name',
      { uri: uri('', 'app', `localhost:${port}`), tls: { cacert: ca } },
      /altnames|does not match/,
    ],
    ['a port where nothing listens', { uri: uri('', 'app', '127.0.0.1:1') }, /^connect ECONNREFUSED 127\.0\.0\.1:1$/],
  ])('tells of %s', async (_, entry, error) => {
    const { connection, warnings, told } = await ask(mysql, entry)
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(error) })
    expect(warnings).toEqual([{ type: 'warning', code: 'DATABASE_NOT_CONNECTED', message: `mysql mysql: ${connection.error}` }])
    expect(told).not.toContain(password)
  })

  it('is let in as it is built', async () => {
    const { connection } = await ask(await built('mysql'), { uri: uri(), tls: { cacert: ca }, parameters: ['max_connections'] })
    expect(connection).toMatchObject({ isConnected: true, version: expect.stringMatching(/^\d/) })
  })

  it.each(['127.0.0.1', 'db.example'])('does not connect to %s when that is refused', async (host) => {
    const { connection } = await guarded(() => ask(mysql, { uri: uri('', 'app', `${host}:${port}`) }))
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(/^a job may not connect to /) })
  })
})
