import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { forwardPort } from '../../../core/kube/port-forward.ts'
import { encodeFrame } from '../../../core/kube/websocket-frames.ts'
import { startPortForwarder, type Peer, serverFrame } from './fake-port-forward.ts'
import type { FakeClock } from '../../support/clock.ts'
import { aClient } from './fake-server.ts'

// There is no kubelet here: the far side is a small fake of its protocol. test/e2e/port-forward.test.ts asks a real one.

const POD = { namespace: 'ns', pod: 'agent-0', port: 8080 }
const cleanUp: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const work of cleanUp.splice(0).toReversed()) await work()
})

async function forward(how: Parameters<typeof startPortForwarder>[0]) {
  const server = await startPortForwarder(how)
  const { client, clock } = aClient(server.url)
  cleanUp.push(
    () => server.close(),
    () => client.close(),
  )
  return { server, client, clock, stream: (signal?: AbortSignal) => forwardPort(client, POD, signal) }
}

/** A connection with a test at its far end. */
async function withPeer(): Promise<{ stream: Duplex; peer: Peer; clock: FakeClock }> {
  const { promise, resolve } = Promise.withResolvers<Peer>()
  const { stream, clock } = await forward({ onPeer: resolve })
  return { stream: await stream(), peer: await promise, clock }
}

const errorOf = (stream: Duplex) => new Promise<Error>((resolve) => stream.once('error', resolve))
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await systemClock.sleep(2)
}

describe('a forwarded port', () => {
  it('asks for the port by the protocol of the kubelet', async () => {
    const { server, stream } = await forward({})
    ;(await stream()).destroy()
    const [asked] = server.requests
    expect(asked?.url).toBe('/api/v1/namespaces/ns/pods/agent-0/portforward?ports=8080')
    expect(asked?.method).toBe('GET')
    expect(asked?.headers).toMatchObject({
      authorization: 'Bearer t',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'v4.channel.k8s.io',
    })
  })

  it('is a socket to an HTTP client, for large bodies both ways', async () => {
    const pod = createServer((request, response) => {
      response.setHeader('x-path', request.url ?? '')
      request.pipe(response)
    })
    await new Promise<void>((resolve) => {
      pod.listen(0, '127.0.0.1', resolve)
    })
    cleanUp.push(() => void pod.close())
    const { stream } = await forward({ target: () => (pod.address() as AddressInfo).port })
    const body = 'x'.repeat(3_000_000)
    const socket = await stream()
    const answer = await new Promise<{ path: unknown; body: string }>((resolve, reject) => {
      const asked = httpRequest({ method: 'POST', path: '/echo', createConnection: () => socket }, (response) => {
        text(response).then((got) => resolve({ path: response.headers['x-path'], body: got }), reject)
      })
      asked.on('error', reject).end(body)
    })
    expect(answer.path).toBe('/echo')
    expect(answer.body === body).toBe(true)
    await until(() => socket.destroyed)
  })

  it('masks what it sends, in messages of the data channel', async () => {
    const { stream, peer } = await withPeer()
    stream.write(Buffer.alloc(200_000, 'a'))
    await until(() => Buffer.concat(peer.got).length === 200_000)
    expect(peer.frames.every(({ isMasked, opcode }) => isMasked && opcode === 2)).toBe(true)
    stream.destroy()
    await until(() => peer.frames.some(({ opcode }) => opcode === 8))
  })

  it('takes away the greeting, and joins pieces of a message', async () => {
    const { stream, peer } = await withPeer()
    peer.raw(serverFrame(2, Buffer.from('\0one '), false))
    peer.raw(serverFrame(0, Buffer.from('two '), true))
    peer.raw(serverFrame(2, Buffer.from('\0three')))
    peer.raw(serverFrame(2, Buffer.from('\x07of no channel')))
    peer.close()
    expect(await text(stream)).toBe('one two three')
  })

  it('takes a greeting that comes byte by byte, on each channel', async () => {
    const { server, stream } = await forward({ isSilent: true, onPeer: (peer) => peers.push(peer) })
    const peers: Peer[] = []
    const socket = await stream()
    await until(() => peers.length > 0)
    const [peer] = peers
    for (const text of ['\0', '\0\x90', '\x01\x90', '\0\x1fhello', '\x01\x1f'])
      peer?.raw(serverFrame(2, Buffer.from(text, 'latin1')))
    peer?.close()
    expect(await text(socket)).toBe('hello')
    expect(server.requests).toHaveLength(1)
  })

  it('answers a ping', async () => {
    const { stream, peer } = await withPeer()
    peer.raw(serverFrame(9, Buffer.from('there?')))
    await until(() => peer.frames.some(({ opcode }) => opcode === 10))
    stream.destroy()
  })

  it('holds the sender up while nobody reads', async () => {
    const { stream, peer } = await withPeer()
    let sent = 0
    while (sent < 400) {
      if (peer.socket.writableLength > 4_000_000) break
      peer.data(Buffer.alloc(100_000))
      sent++
      await systemClock.sleep(1)
    }
    expect(sent).toBeLessThan(400)
    expect(stream.readableLength).toBeLessThan(8_000_000)
    stream.destroy()
  })

  it('gives the complaint of the kubelet as its error', async () => {
    const { stream, peer } = await withPeer()
    const error = errorOf(stream)
    peer.error('error forwarding port 8080 to pod x: connection refused')
    peer.close()
    stream.resume()
    expect(await error).toMatchObject({
      code: 'POD_PORT_UNREACHABLE',
      message: expect.stringMatching(/^port 8080 of pod "agent-0" .* connection refused$/),
    })
  })

  it('is over for who ended it, also without a goodbye of the far side', async () => {
    const { stream, peer } = await withPeer()
    const closed = new Promise<unknown>((resolve) => stream.once('error', resolve).once('close', () => resolve('closed')))
    stream.resume().end()
    await until(() => peer.frames.some(({ opcode }) => opcode === 8))
    peer.socket.destroy()
    expect(await closed).toBe('closed')
  })

  it('is over when the far side is done, though it does not take what is still written', async () => {
    const { stream, peer, clock } = await withPeer()
    peer.socket.pause()
    for (let count = 0; count < 40; count++) stream.write(Buffer.alloc(1_000_000))
    const ended = new Promise((resolve) => stream.once('end', resolve))
    const closed = new Promise((resolve) => stream.once('close', resolve))
    stream.resume()
    peer.raw(serverFrame(8, Buffer.of(3, 232)))
    await ended
    await clock.advance(2_000)
    await closed
  })

  const cuts: [string, (peer: Peer) => void, string][] = [
    ['a cut connection', (peer) => peer.socket.destroy(), 'the connection was cut'],
    ['a masked frame', (peer) => peer.raw(encodeFrame(2, Buffer.from('x'), Buffer.alloc(4))), 'masked'],
    [
      'a frame without end',
      (peer) => peer.raw(Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0])),
      'a frame of 1099511627776 bytes',
    ],
    ['a ping that is too long', (peer) => peer.raw(serverFrame(9, Buffer.alloc(126))), 'a control frame'],
    ['a ping in pieces', (peer) => peer.raw(serverFrame(9, Buffer.of(1), false)), 'a control frame'],
    ['a frame of no kind', (peer) => peer.raw(serverFrame(5, Buffer.of(0))), 'of kind 5'],
    [
      'a goodbye for another reason',
      (peer) => peer.raw(serverFrame(8, Buffer.of(3, 233))),
      'ended the connection with code 1001',
    ],
    ['a compressed frame', (peer) => peer.raw(Buffer.from([0xc2, 1, 0])), 'extension'],
  ]
  it.each(cuts)('fails on %s', async (_, cut, reason) => {
    const { stream, peer } = await withPeer()
    const error = errorOf(stream)
    stream.resume()
    cut(peer)
    expect(await error).toMatchObject({ code: 'POD_PORT_UNREACHABLE', message: expect.stringContaining(reason) })
  })

  it('says what the API server says when it refuses', async () => {
    const status = JSON.stringify({
      kind: 'Status',
      reason: 'Forbidden',
      message: 'User "a" cannot get resource "pods/portforward"',
    })
    const { stream } = await forward({ refuse: `HTTP/1.1 403 Forbidden\r\nContent-Length: ${status.length}\r\n\r\n${status}` })
    await expect(stream()).rejects.toMatchObject({ code: 'API_FORBIDDEN', message: expect.stringContaining('pods/portforward') })
  })

  it.each([
    ['answers without switching', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    [
      'switches to something else',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n',
    ],
  ])('does not take a server that %s for one', async (_, refuse) => {
    const { stream } = await forward({ refuse })
    await expect(stream()).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
  })

  it('ends its connecting with the signal', async () => {
    const { stream } = await forward({})
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    await expect(stream(stop.signal)).rejects.toThrow('enough')
  })
})
