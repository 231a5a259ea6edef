import { describe, expect, it } from 'vitest'
import redis from '../../collectors/redis/index.ts'
import { ask, built, guarded } from './databases/ask.ts'
import { useServer } from './databases/servers.ts'

const server = await useServer('redis')
const { port, tlsPort, password, certificates } = server
const secret = encodeURIComponent(password)
const uri = (rest = '', host = `127.0.0.1:${port}`) => `redis://:${secret}@${host}${rest}`
const { ca, client, strangeCa } = certificates
const mutual = { cacert: ca, clientCert: client.cert, clientKey: client.key }
const secure = `127.0.0.1:${tlsPort}`

describe.skipIf(server.skipped)('redis, of a real server', () => {
  it.each<[name: string, entry: object]>([
    ['with a password', { uri: uri() }],
    ['with a user and a password', { uri: uri().replace('//:', '//app:') }],
    ['of another of its databases', { uri: uri('/3') }],
    ['with TLS', { uri: uri('', secure), tls: mutual }],
    ['with TLS of the scheme', { uri: uri('', secure).replace('redis', 'rediss'), tls: mutual }],
    [
      'with a certificate that is not looked at',
      { uri: uri('', secure), tls: { ...mutual, cacert: strangeCa, skipVerify: true } },
    ],
    ['with values in a v1beta3 spec', { uri: { value: uri() } }],
  ])('tells the version %s', async (_, entry) => {
    const { path, connection, warnings } = await ask(redis, entry)
    expect(path).toBe('redis/redis.json')
    expect(connection).toEqual({ isConnected: true, version: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
    expect(warnings).toEqual([])
  })

  it.each<[name: string, entry: object, error: RegExp]>([
    ['a wrong password', { uri: uri().replace('4711', '4712') }, /^WRONGPASS /],
    ['no password', { uri: `redis://127.0.0.1:${port}` }, /^NOAUTH /],
    ['a database that is not there', { uri: uri('/99') }, /^ERR DB index is out of range$/],
    ['a strange authority', { uri: uri('', secure), tls: { ...mutual, cacert: strangeCa } }, /verify|self-signed/],
    [
      'a certificate of a client that is missing',
      { uri: uri('', secure), tls: { cacert: ca } },
      /certificate required$|closed the connection/,
    ],
    ['a certificate of another name', { uri: uri('', `localhost:${tlsPort}`), tls: mutual }, /altnames|does not match/],
    ['a port where nothing listens', { uri: uri('', '127.0.0.1:1') }, /^connect ECONNREFUSED 127\.0\.0\.1:1$/],
  ])('tells of %s', async (_, entry, error) => {
    const { connection, warnings, told } = await ask(redis, entry)
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(error) })
    expect(warnings).toEqual([{ type: 'warning', code: 'DATABASE_NOT_CONNECTED', message: `redis redis: ${connection.error}` }])
    expect(told).not.toContain(password)
    expect(told).not.toContain(secret)
  })

  it('is let in as it is built', async () => {
    const { connection } = await ask(await built('redis'), { uri: uri('', secure), tls: mutual })
    expect(connection).toMatchObject({ isConnected: true, version: expect.stringMatching(/^\d/) })
  })

  it.each(['127.0.0.1', 'db.example'])('does not connect to %s when that is refused', async (host) => {
    const { connection } = await guarded(() => ask(redis, { uri: uri('', `${host}:${port}`) }))
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(/^a job may not connect to /) })
  })
})
