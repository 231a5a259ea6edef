import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { connect, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { guardConnections } from '../../../../agent/task/network-guard.ts'
import { openOutbound } from '../../../../agent/task/outbound/outbound.ts'
import { systemClock } from '../../../../core/clock.ts'
import type { Network } from '../../../../core/contract/index.ts'
import { FakeClock, settle } from '../../../support/clock.ts'
import { serve, serveTcp } from './servers.ts'

const opened: { close(): unknown }[] = []
const original = Socket.prototype.connect
afterEach(async () => {
  Socket.prototype.connect = original
  for (const one of opened.splice(0)) await one.close()
})
const open = async <Value extends { close(): unknown }>(value: Promise<Value>) => {
  const one = await value
  opened.push(one)
  return one
}
const network = (edge: { clock?: FakeClock; signal?: AbortSignal } = {}): Network =>
  openOutbound({ clock: systemClock, signal: new AbortController().signal, ...edge }).network
const failure = (attempt: Promise<unknown>): Promise<Error & { code?: string }> =>
  attempt.then(
    () => expect.fail('it worked'),
    (error: Error) => error,
  )
const local = (port: number) => ({ host: '127.0.0.1', port })
async function freePort(): Promise<number> {
  const { port, close } = await serveTcp(() => undefined)
  await close()
  return port
}

describe('a TCP connection', () => {
  it('is opened and closed', async () => {
    let ended: () => void = () => undefined
    const end = new Promise<void>((resolve) => (ended = resolve))
    const { port } = await open(
      serveTcp(
        (socket) =>
          void socket
            .resume()
            .on('close', ended)
            .on('error', () => undefined),
      ),
    )
    await network().connect(local(port), 5000)
    await end
  })

  it('is refused', async () => {
    expect(await failure(network().connect(local(await freePort()), 5000))).toMatchObject({
      code: 'ECONNREFUSED',
      message: 'connection refused',
    })
  })

  it('to a name that is not known', async () => {
    expect(await failure(network().connect({ host: 'no-such-name.invalid', port: 1 }, 5000))).toMatchObject({
      code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) as string,
    })
  })

  it('passes the guard', async () => {
    const { port } = await open(serveTcp(() => undefined))
    guardConnections(Socket, { refused: [], allowed: [] })
    expect(await failure(network().connect(local(port), 5000))).toMatchObject({ code: 'ADDRESS_REFUSED' })
  })

  it('that nobody takes up in time, and one of a run that was aborted', async () => {
    const clock = new FakeClock()
    // a socket that never hears anything
    Socket.prototype.connect = function (this: Socket) {
      return this
    }
    const late = failure(network({ clock }).connect(local(1), 5000))
    await clock.advance(5000)
    expect(await late).toMatchObject({ code: 'ETIMEDOUT', message: 'i/o timeout' })
    const stop = new AbortController()
    const aborted = failure(network({ signal: stop.signal }).connect(local(1), 5000))
    stop.abort(new Error('enough'))
    expect(await aborted).toBe(stop.signal.reason)
  })
})

describe('a UDP port', () => {
  it('is free, or in use', async () => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    expect(await failure(network().bindUdp(local(port)))).toMatchObject({ code: 'EADDRINUSE', message: 'address already in use' })
    socket.close()
    await once(socket, 'close')
    await network().bindUdp(local(port))
    await network().bindUdp(local(port))
  })

  it('of an address that is not ours', async () => {
    expect(await failure(network().bindUdp({ host: '192.0.2.77', port: 9 }))).toMatchObject({ code: 'EADDRNOTAVAIL' })
  })
})

describe('a datagram', () => {
  it('is answered', async () => {
    const socket = createSocket('udp4')
    socket.on('message', (message, from) => socket.send(`re: ${String(message)}`, from.port))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const answer = await network().ask(local(socket.address().port), Buffer.from('hello'), 5000)
    expect(String(answer)).toBe('re: hello')
    socket.close()
  })

  it('is refused, or not answered in time', async () => {
    const silent = createSocket('udp4')
    silent.bind(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address()
    const clock = new FakeClock()
    const late = failure(network({ clock }).ask(local(port), Buffer.from('?'), 2000))
    await once(silent, 'message')
    await clock.advance(2000)
    expect(await late).toMatchObject({ code: 'ETIMEDOUT' })
    silent.close()
    await once(silent, 'close')
    expect(await failure(network().ask(local(port), Buffer.from('?'), 2000))).toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('what is sent to a load balancer', () => {
  /** Hands the connections that come, one after the other, to ports. */
  const balancer = (ports: number[]) =>
    open(
      serveTcp((socket) => {
        const far = connect({ host: '127.0.0.1', port: ports.length > 1 ? (ports.shift() ?? 0) : (ports[0] ?? 0) })
        for (const one of [socket, far]) one.on('error', () => [socket, far].forEach((other) => other.destroy()))
        socket.pipe(far).pipe(socket)
      }),
    )

  it('arrives', async () => {
    const port = await freePort()
    await network().arrive(local(port), local((await balancer([port])).port), 5000)
    await network().arrive(local(port), local(port), 5000)
  })

  it('arrives at a later try, when another machine got the first', async () => {
    const [own, other] = [await freePort(), await open(serveTcp((socket) => socket.end('not the answer')))]
    const clock = new FakeClock()
    const arrived = network({ clock }).arrive(local(own), local((await balancer([other.port, own])).port), 30_000)
    let isOver = false
    const done = arrived.finally(() => (isOver = true))
    for (let waits = 0; !isOver && waits < 2000; waits++) {
      await settle()
      if (clock.sleeping > 1) await clock.advance(1000)
    }
    await done
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(1000)
  })

  it('does not arrive at a server that gives back what it is told', async () => {
    const echo = await open(
      serveTcp((socket) => void socket.on('error', () => undefined).on('data', (question) => socket.end(question))),
    )
    const clock = new FakeClock()
    const late = failure(network({ clock }).arrive(local(await freePort()), local(echo.port), 3000))
    let isOver = false
    void late.then(() => (isOver = true))
    while (!isOver) {
      await settle()
      await clock.advance(1000)
    }
    expect(await late).toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('is refused', async () => {
    const [own, gone] = [await freePort(), await freePort()]
    expect(await failure(network().arrive(local(own), local(gone), 5000))).toMatchObject({ code: 'ECONNREFUSED' })
    expect(await failure(network().arrive(local(own), `http://127.0.0.1:${gone}`, 5000))).toMatchObject({ code: 'ECONNREFUSED' })
    // and what listened is closed
    await network().arrive(local(own), local(own), 5000)
  })

  it.each(['tcp', 'http'])('is not tried by %s when the port is in use', async (kind) => {
    const { port } = await open(serveTcp(() => undefined))
    const via = kind === 'tcp' ? local(port) : `http://127.0.0.1:${port}`
    expect(await failure(network().arrive(local(port), via, 5000))).toMatchObject({ code: 'EADDRINUSE' })
  })

  it('arrives by http', async () => {
    const port = await freePort()
    const balancing = createServer((incoming, response) => {
      const onward = httpRequest({ host: '127.0.0.1', port, method: incoming.method, path: '/' }, (answer) => {
        response.writeHead(answer.statusCode ?? 0)
        answer.pipe(response)
      })
      incoming.pipe(onward)
    })
    balancing.listen(0, '127.0.0.1')
    await once(balancing, 'listening')
    const { port: via } = balancing.address() as { port: number }
    await network().arrive(local(port), `http://127.0.0.1:${via}/lb`, 5000)
    balancing.closeAllConnections()
    balancing.close()
  })

  it('by http, and answered by another machine, has not arrived', async () => {
    const other = await open(serve(({ body }, response) => void response.end(body)))
    const clock = new FakeClock()
    const late = failure(network({ clock }).arrive(local(await freePort()), other.url, 3000))
    while (other.seen.length === 0) await settle()
    let isOver = false
    void late.then(() => (isOver = true))
    while (!isOver) {
      await settle()
      await clock.advance(500)
    }
    expect(await late).toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('is no longer tried once the run was aborted', async () => {
    const silent = await open(serveTcp(() => undefined))
    const stop = new AbortController()
    const aborted = failure(network({ signal: stop.signal }).arrive(local(await freePort()), local(silent.port), 60_000))
    await settle()
    stop.abort(new Error('enough'))
    expect(await aborted).toBe(stop.signal.reason)
  })
})

it('knows the addresses of this machine', async () => {
  expect(await network().addresses()).toContainEqual({ name: 'lo', address: '127.0.0.1', family: 'IPv4', isLoopback: true })
})
