import { setImmediate as turn } from 'node:timers/promises'
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import clickhouse from '../../collectors/clickhouse/index.ts'
import mssql from '../../collectors/mssql/index.ts'
import mysql from '../../collectors/mysql/index.ts'
import postgres from '../../collectors/postgres/index.ts'
import redis from '../../collectors/redis/index.ts'
import type { CollectorPlugin } from '../../core/contract/index.ts'
import { forbidden } from '../../core/testkit/index.ts'
import { FakeClock } from '../support/clock.ts'
import { issues } from './collect.ts'
import { ask } from './databases/ask.ts'
import { incoming, mockServer } from './databases/mock-server.ts'

const PASSWORD = 'geheim-4711'

interface Database {
  collector: CollectorPlugin
  uri(port: number): string
  /** a server that says no, and quotes the password while it does */
  refuse(socket: Socket): unknown
  /** how a uri is written by who does not escape a password */
  careless: ((password: string) => string)[]
}

const UNTOLD = `the password ${PASSWORD} is wrong`

const DATABASES: Record<string, Database> = {
  postgres: {
    collector: postgres,
    uri: (port) => `postgres://app:${PASSWORD}@127.0.0.1:${port}/shop?sslmode=disable`,
    refuse(socket) {
      const fields = Buffer.from(`SFATAL\0C28P01\0M${UNTOLD}\0\0`)
      const length = Buffer.alloc(4)
      length.writeInt32BE(fields.length + 4)
      socket.once('data', () => socket.end(Buffer.concat([Buffer.from('E'), length, fields])))
    },
    careless: [
      (password) => `postgres://app:${password}@127.0.0.1:1/shop`,
      (password) => `host=127.0.0.1 port=1 user=app password=${password} dbname=shop`,
    ],
  },
  mysql: {
    collector: mysql,
    uri: (port) => `app:${PASSWORD}@tcp(127.0.0.1:${port})/shop`,
    refuse(socket) {
      const body = Buffer.concat([Buffer.from([0xff, 0x15, 0x04]), Buffer.from(UNTOLD)])
      socket.end(Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]))
    },
    careless: [(password) => `app:${password}@tcp(127.0.0.1:1)/shop`, (password) => `app:${password}@127.0.0.1:1/shop`],
  },
  mssql: {
    collector: mssql,
    uri: (port) => `sqlserver://app:${PASSWORD}@127.0.0.1:${port}`,
    refuse: (socket) => socket.end('no'),
    careless: [
      (password) => `sqlserver://app:${password}@127.0.0.1:1?database=shop`,
      (password) => `server=127.0.0.1,1;user id=app;password=${password};database=shop`,
      (password) => `odbc:server=127.0.0.1;port=1;uid=app;pwd=${password};database=shop`,
    ],
  },
  redis: {
    collector: redis,
    uri: (port) => `redis://app:${PASSWORD}@127.0.0.1:${port}`,
    refuse: (socket) => socket.once('data', () => socket.end(`-ERR ${UNTOLD}\r\n`)),
    careless: [(password) => `redis://app:${password}@127.0.0.1:1/2`],
  },
  clickhouse: {
    collector: clickhouse,
    uri: (port) => `clickhouse://app:${PASSWORD}@127.0.0.1:${port}`,
    refuse: (socket) => socket.once('data', () => socket.end('no')),
    careless: [
      (password) => `clickhouse://app:${password}@127.0.0.1:1/shop`,
      (password) => `http://app:${password}@127.0.0.1:1/shop`,
    ],
  },
}

describe.each(Object.entries(DATABASES))('%s', (key, { collector, uri, refuse, careless }) => {
  it('does not wait for a server that says nothing', async () => {
    const silent = await mockServer((socket) => socket.resume())
    const clock = new FakeClock()
    const asked = ask(collector, { uri: uri(silent.port) }, { clock })
    await expect.poll(() => silent.open.size).toBe(1)
    await clock.advance(10_000)
    const { connection } = await asked
    expect(connection).toEqual({ isConnected: false, error: 'there was no answer within 10 s' })
    await expect.poll(() => silent.open.size).toBe(0)
    expect(clock.sleeping).toBe(0)
  })

  it('ends with the run, and says nothing then', async () => {
    const silent = await mockServer((socket) => socket.resume())
    const controller = new AbortController()
    const asked = ask(collector, { uri: uri(silent.port) }, { clock: new FakeClock(), signal: controller.signal })
    await expect.poll(() => silent.open.size).toBe(1)
    controller.abort(new Error('the run is over'))
    await expect(asked).rejects.toThrow('0 files came')
    await expect.poll(() => silent.open.size).toBe(0)
  })

  it('tells no password, even if the server does', async () => {
    const echoing = await mockServer(refuse)
    const { connection, told } = await ask(collector, { uri: uri(echoing.port) })
    expect(connection.isConnected).toBe(false)
    expect(told).not.toContain(PASSWORD)
    if (['postgres', 'mysql', 'redis'].includes(key)) expect(connection.error).toContain('the password ***HIDDEN*** is wrong')
  })

  it('tells of a server that hangs up', async () => {
    const rude = await mockServer((socket) => socket.destroy())
    const clock = new FakeClock()
    const { connection } = await ask(collector, { uri: uri(rude.port) }, { clock })
    expect(clock.sleeping).toBe(0)
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(/closed|lost|terminated|hang up|ECONNRESET/i) })
  })

  it('has its uri from a Secret, and says why it has not', async () => {
    const rude = await mockServer((socket) => socket.destroy())
    const data = { uri: Buffer.from(uri(rude.port)).toString('base64') }
    const cluster = { objects: { '/api/v1/secrets': [{ metadata: { name: 'db', namespace: 'app' }, data }] } }
    const from = (ref: object) => ({ uri: { valueFrom: { secretKeyRef: { name: 'db', namespace: 'app', ...ref } } } })
    const found = await ask(collector, from({ key: 'uri' }), { cluster })
    expect(found.warnings).toMatchObject([{ code: 'DATABASE_NOT_CONNECTED' }])
    const lost = await ask(collector, from({ key: 'url' }), { cluster })
    expect(lost.connection).toEqual({ isConnected: false, error: 'secret app/db has no key "url"' })
    expect(lost.warnings).toEqual([
      { type: 'warning', code: 'DATABASE_NOT_ASKED', message: `${key} ${key}: secret app/db has no key "url"`, isLoss: false },
    ])
    const barred = { answers: { '/api/v1/namespaces/app/secrets/db': forbidden('secrets "db"') } }
    const refused = await ask(collector, from({ key: 'uri' }), { cluster: barred })
    expect(refused.connection.error).toBe('secret app/db: secrets "db" is forbidden')
    expect(refused.warnings).toMatchObject([{ isLoss: false }])
  })

  it('tells that there is no uri', async () => {
    const { connection, path } = await ask(collector, { collectorName: 'none' })
    expect(path).toBe(`${key}/none.json`)
    expect(connection).toEqual({ isConnected: false, error: 'the uri is empty' })
  })

  it('tells nothing of a password that breaks its uri', async () => {
    const pieces = [
      'a',
      '1',
      ':',
      '/',
      '@',
      '%',
      '%zz',
      '?',
      '#',
      '[',
      ']',
      '(',
      ')',
      '=',
      ';',
      '\\',
      ' ',
      "'",
      '"',
      '{',
      '}',
      ',',
      '\n',
    ]
    const noise = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(noise, noise, fc.constantFrom(...careless), async (before, after, form) => {
        const clock = new FakeClock()
        const asked = ask(collector, { uri: form(`${before}geheim${after}`) }, { clock })
        for (let isOver = false; !isOver; await turn()) {
          await clock.advance(10_000)
          isOver = await Promise.race([asked.then(() => true), turn(false)])
        }
        const { connection, told } = await asked
        expect(connection.isConnected).toBe(false)
        expect(told).not.toContain('geheim')
      }),
      { numRuns: 150 },
    )
  })

  it('takes all fields of the peer, in both versions', async () => {
    const ref = { name: 'a', key: 'b', namespace: 'c', optional: true }
    const source = { valueFrom: { secretKeyRef: ref, configMapKeyRef: ref } }
    const tls = {
      skipVerify: true,
      secret: { name: 'a', namespace: 'b' },
      cacert: 'x',
      clientCert: { value: 'x' },
      clientKey: source,
    }
    expect(await issues(collector, { collectorName: 'a', exclude: 'false', uri: source, parameters: ['a'], tls })).toEqual([])
    expect(await issues(collector, { uri: { valueFrom: { secretKeyRef: { name: 'a' } } } })).not.toEqual([])
    expect(await issues(collector, { uri: 'a', url: 'b' })).not.toEqual([])
  })
})

describe('mysql, of a server without TLS', async () => {
  const said: Buffer[] = []
  const { port } = await mockServer(async (socket) => {
    const [salt, rest] = [Buffer.alloc(8, 'a'), Buffer.alloc(13, 'b')]
    // protocol 10, version, thread, salt, capabilities 0xf7ff without TLS, charset, state, more capabilities, length of the salt
    const facts = [
      Buffer.from('\x0a5.7.0\0'),
      Buffer.alloc(4),
      salt,
      Buffer.from([0, 0xff, 0xf7, 33, 2, 0, 0x08, 0, 21]),
      Buffer.alloc(10),
    ]
    const greeting = Buffer.concat([...facts, rest, Buffer.from('mysql_native_password\0')])
    socket.write(Buffer.concat([Buffer.from([greeting.length, 0, 0, 0]), greeting]))
    for await (const chunk of incoming(socket).rest()) {
      said.push(chunk)
      const no = Buffer.concat([Buffer.from([0xff, 0x15, 0x04]), Buffer.from('we are closed')])
      socket.end(Buffer.concat([Buffer.from([no.length, 0, 0, 2]), no]))
    }
  })
  it.each<[setting: string, error: RegExp, logins: number]>([
    ['preferred', /^we are closed$/, 1],
    ['true', /secure connection/, 0],
    ['skip-verify', /secure connection/, 0],
  ])('tls=%s', async (setting, error, logins) => {
    said.length = 0
    const { connection } = await ask(mysql, { uri: `app:${PASSWORD}@tcp(127.0.0.1:${port})/?tls=${setting}` })
    expect(connection).toEqual({ isConnected: false, error: expect.stringMatching(error) })
    expect(said).toHaveLength(logins)
  })

  it('with certificates of the entry is not logged in to', async () => {
    said.length = 0
    const { connection } = await ask(mysql, { uri: `app@tcp(127.0.0.1:${port})/?tls=preferred`, tls: { skipVerify: true } })
    expect(connection.error).toMatch(/secure connection/)
    expect(said).toEqual([])
  })
})

describe('redis', () => {
  const answering = async (reply: string) => {
    const { port } = await mockServer((socket) => socket.once('data', () => socket.end(reply)))
    return (await ask(redis, { uri: `redis://127.0.0.1:${port}` })).connection
  }
  it.each<[name: string, reply: string, connection: object]>([
    ['no version', '$4\r\nabcd\r\n', { isConnected: true, version: '' }],
    ['one of several lines', '$37\r\n# Server\r\nredis_version:7.2.4\r\nother:1\r\n', { isConnected: true, version: '7.2.4' }],
    [
      'another protocol',
      'HTTP/1.1 400 Bad Request\r\n',
      { isConnected: false, error: 'the server does not speak the protocol of Redis' },
    ],
    ['half an answer', '$100\r\nredis_version:7', { isConnected: false, error: 'the server closed the connection' }],
    ['more than it can be', '$999999999\r\n', { isConnected: false, error: 'the answer is too long' }],
  ])('tells of %s', async (_, reply, connection) => {
    expect(await answering(reply)).toEqual(connection)
  })

  it('sends what the protocol wants, and nothing of a user without a password', async () => {
    let sent = ''
    const { port } = await mockServer(async (socket) => {
      for await (const chunk of incoming(socket).rest()) {
        sent += chunk.toString()
        if (sent.includes('server')) socket.end('+OK\r\n+OK\r\n$19\r\nredis_version:7.2.4\r\n')
      }
    })
    await ask(redis, { uri: `redis://app:a%20b@127.0.0.1:${port}/2` })
    expect(sent).toBe(
      '*3\r\n$4\r\nAUTH\r\n$3\r\napp\r\n$3\r\na b\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n',
    )
  })
})
