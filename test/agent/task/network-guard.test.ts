import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { type AddressInfo, BlockList, connect, createConnection, Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { connect as tlsConnect } from 'node:tls'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { guardConnections, judgeOf } from '../../../agent/task/network-guard.ts'
import type { NetworkPolicy } from '../../../core/task.ts'

const CLUSTER = ['10.0.0.0/8', 'fc00::/7']

describe('an address', () => {
  const mayReach = judgeOf({ refused: CLUSTER, allowed: ['10.20.0.0/16', '127.0.0.9', '127.8.0.0/16', 'fd12::/16'] })
  it.each([
    ['8.8.8.8', true],
    ['2606:4700::1111', true],
    ['10.1.2.3', false],
    ['10.20.1.2', true],
    ['fd12::1', true],
    ['fd13::1', false],
    ['127.0.0.1', false],
    ['127.0.0.9', true],
    ['127.8.0.1', false],
    ['127.255.1.2', false],
    ['0.0.0.0', false],
    ['169.254.169.254', false],
    ['100.100.100.200', false],
    ['168.63.129.16', false],
    ['fd00:ec2::254', false],
    ['::1', false],
    ['::', false],
    ['fe80::1', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:a9fe:a9fe', false],
    ['::ffff:10.1.2.3', false],
    ['::ffff:8.8.8.8', true],
    ['64:ff9b::7f00:1', false],
    ['2002:7f00:1::', false],
    ['::7f00:1', false],
    ['not an address', false],
    ['', false],
  ])('%s: %s', (address, expected) => {
    expect(mayReach(address)).toBe(expected)
  })

  it('that nobody may reach is not made reachable by a config', () => {
    const all = judgeOf({ refused: [], allowed: ['0.0.0.0/0', '::/0'] })
    fc.assert(
      fc.property(fc.nat(0xffffff), (low) => {
        const parts = [low >> 16, (low >> 8) & 255, low & 255]
        expect(all(`127.${parts.join('.')}`)).toBe(false)
        expect(all(`::ffff:127.${parts.join('.')}`)).toBe(false)
        expect(all(`169.254.${parts.slice(1).join('.')}`)).toBe(false)
      }),
    )
  })

  it('is judged as before when a plug-in changes how ranges are looked up', () => {
    const { check } = BlockList.prototype
    try {
      BlockList.prototype.check = () => false
      expect(mayReach('127.0.0.1')).toBe(false)
      expect(mayReach('10.1.2.3')).toBe(false)
    } finally {
      BlockList.prototype.check = check
    }
  })

  it('range that is none is said', () => {
    for (const range of ['10.0.0.0/99', 'example.com', ''])
      expect(() => judgeOf({ refused: [range], allowed: [] })).toThrow(/is no range/)
  })
})

const own = Object.values(networkInterfaces())
  .flat()
  .find((one) => one && !one.internal && one.family === 'IPv4')?.address

describe('connections of a process', () => {
  const original = Socket.prototype.connect
  const server = createServer((_, answer) => answer.end('here'))
  let port = 0
  beforeAll(async () => {
    server.listen(0, '0.0.0.0')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterEach(() => void (Socket.prototype.connect = original))
  afterAll(() => void server.close())

  const NAMES: Record<string, string[]> = {
    'metadata.example': ['169.254.169.254'],
    'local.example': ['127.0.0.1', '::1'],
    'mixed.example': ['127.0.0.1', own ?? '8.8.8.8'],
    'far.example': [own ?? '8.8.8.8'],
    localhost: ['127.0.0.1'],
  }
  const guard = (policy: Partial<NetworkPolicy> = {}) =>
    guardConnections(Socket, { refused: [], allowed: [], ...policy }, (host, _, done) => {
      const found = (NAMES[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      if (found.length === 0) done(new Error(`ENOTFOUND ${host}`))
      else done(null, found)
    })
  const outcome = (socket: Socket) =>
    new Promise<string>((resolve) => {
      socket.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
      socket.once('connect', () => (resolve('connected'), socket.destroy()))
    })
  const get = (url: string) =>
    new Promise<string>((resolve) => {
      const request = httpRequest(url, { agent: false }, (answer) => void answer.setEncoding('utf8').once('data', resolve))
      request.on('error', (error) => resolve('code' in error ? String(error.code) : error.message)).end()
    })

  it('to what nobody may reach are refused, however they are asked for', async () => {
    guard()
    const asked = [
      connect(port, '127.0.0.1'),
      connect({ port, host: '127.0.0.1' }),
      connect({ port }),
      connect(port),
      createConnection({ port, host: 'local.example', autoSelectFamily: false }),
      createConnection({ port, host: 'local.example', autoSelectFamily: true }),
      createConnection({ port, host: '::ffff:127.0.0.1' }),
      new Socket().connect(port, 'metadata.example'),
      new Socket().connect({ port, host: 'metadata.example', lookup: (_, __, done) => done(null, '127.0.0.1', 4) }),
      tlsConnect({ port, host: '169.254.169.254' }),
      connect('/tmp/a.sock'),
      connect({ path: '/tmp/a.sock' }),
    ]
    expect(await Promise.all(asked.map(outcome))).toEqual(asked.map(() => 'ADDRESS_REFUSED'))
    expect(await get(`http://127.0.0.1:${port}`)).toBe('ADDRESS_REFUSED')
    expect(await get(`http://[::ffff:127.0.0.1]:${port}`)).toBe('ADDRESS_REFUSED')
    expect(await get(`http://2130706433:${port}`)).toBe('ADDRESS_REFUSED')
    const answer = await fetch(`http://127.0.0.1:${port}`).catch((error: Error) => (error.cause as { code: string }).code)
    expect(answer).toBe('ADDRESS_REFUSED')
  })

  it('to a name that is not there fail as they do without it', async () => {
    guard()
    expect(await get(`http://nowhere.example:${port}`)).toBe('ENOTFOUND nowhere.example')
  })

  it('to the API server pass, and to no other port of it', async () => {
    guard({ server: `127.0.0.1:${port}` })
    expect(await get(`http://127.0.0.1:${port}`)).toBe('here')
    expect(await get(`http://127.0.0.1:${port + 1}`)).toBe('ADDRESS_REFUSED')
    expect(await get(`http://localhost:${port}`)).toBe('ADDRESS_REFUSED')
  })

  it.skipIf(own === undefined)('to elsewhere pass, by the addresses that may be reached', async () => {
    guard()
    expect(await get(`http://far.example:${port}`)).toBe('here')
    expect(await get(`http://mixed.example:${port}`)).toBe('here')
    expect(await get(`http://${own}:${port}`)).toBe('here')
    Socket.prototype.connect = original
    guard({ refused: [`${own}/32`] })
    expect(await get(`http://far.example:${port}`)).toBe('ADDRESS_REFUSED')
  })
})
