import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Answer } from '../../../../core/kube/http/answer.ts'
import { ConnectionPool } from '../../../../core/kube/http/connection-pool.ts'
import type { HttpConnection } from '../../../../core/kube/http/http-connection.ts'
import { FakeClock, settle } from '../../../support/clock.ts'
import { startTcpServer } from '../fake-server.ts'
import { answerBytes } from './answers.ts'

const ends: (() => unknown)[] = []
afterEach(() => Promise.all(ends.splice(0).map((end) => end())))

/** A pool to a server that answers at once; `dials` are told how the next connections fare. */
async function aPool(max: number, dials: ((dial: () => Promise<Socket>, signal: AbortSignal) => Promise<Socket>)[] = []) {
  const sockets: Socket[] = []
  const { port, close } = await startTcpServer((socket) => {
    sockets.push(socket)
    // Held in this process only for the test.
    socket.unref()
    socket.on('data', () => socket.write(answerBytes('ok')))
  })
  ends.push(close)
  const clock = new FakeClock()
  let opened = 0
  const dial = (signal: AbortSignal) => {
    const plain = () =>
      new Promise<Socket>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket))
      })
    const special = dials[opened++]
    return special ? special(plain, signal) : plain()
  }
  const pool = new ConnectionPool({ dial, clock, max })
  ends.push(() => pool.close(new Error('the end')))
  return { pool, clock, sockets, opened: () => opened }
}

const take = (pool: ConnectionPool, signal?: AbortSignal) => pool.take(signal)
async function use(connection: HttpConnection): Promise<void> {
  const answer = (await connection.send('GET / HTTP/1.1\r\nhost: x\r\n\r\n')) as Answer
  while (!answer.isOver) await answer.changed()
}
const refused = () => Promise.reject(new Error('refused'))

describe('a pool', () => {
  it('opens as many connections as it may, and lets the others wait for one, in their order', async () => {
    const { pool, opened } = await aPool(2)
    const [first, second] = await Promise.all([take(pool), take(pool)])
    const order: number[] = []
    const later = [1, 2].map((number) => take(pool).then((connection) => (order.push(number), connection)))
    await settle(10)
    expect([order, opened()]).toEqual([[], 2])
    await use(first)
    expect(await later[0]).toBe(first)
    await use(second)
    expect(await later[1]).toBe(second)
    expect(order).toEqual([1, 2])
  })

  it('gives the connection that was used last', async () => {
    const { pool, opened } = await aPool(2)
    const [first, second] = await Promise.all([take(pool), take(pool)])
    await use(second)
    await use(first)
    expect(await take(pool)).toBe(first)
    expect(await take(pool)).toBe(second)
    expect(opened()).toBe(2)
  })

  it('keeps none that was idle for long', async () => {
    const { pool, clock, opened } = await aPool(1)
    const connection = await take(pool)
    await use(connection)
    await clock.advance(44_000)
    expect(await take(pool)).toBe(connection)
    await use(connection)
    await clock.advance(46_000)
    expect(await take(pool)).not.toBe(connection)
    expect([connection.isOpen, opened()]).toEqual([false, 2])
  })

  it('forgets one that its server closed', async () => {
    const { pool, sockets, opened } = await aPool(1)
    const connection = await take(pool)
    await use(connection)
    sockets[0]?.end()
    while (connection.isOpen) await settle(1)
    await use(await take(pool))
    expect(opened()).toBe(2)
  })

  it('opens another for who waits when one in use breaks, or cannot be opened', async () => {
    const { pool, opened } = await aPool(1, [(dial) => dial(), refused])
    const broken = await take(pool)
    const [refusedOne, lucky] = [take(pool).catch((error: Error) => error.message), take(pool)]
    broken.destroy()
    expect(await refusedOne).toBe('refused')
    await use(await lucky)
    expect(opened()).toBe(3)
  })

  it('does not keep the process alive by a connection that is free', async () => {
    const { pool } = await aPool(1)
    const held = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const before = held()
    const connection = await take(pool)
    expect(held()).toBe(before + 1)
    await use(connection)
    expect(held()).toBe(before)
    await take(pool)
    expect(held()).toBe(before + 1)
  })
})

describe('who gives up', () => {
  it('while waiting for others hears its reason, and takes no connection from anybody', async () => {
    const { pool } = await aPool(1)
    const first = await take(pool)
    const abort = new AbortController()
    const second = take(pool, abort.signal).catch((error: Error) => error.message)
    const third = take(pool)
    abort.abort(new Error('stop'))
    expect(await second).toBe('stop')
    await use(first)
    expect(await third).toBe(first)
  })

  it('while its connection opens leaves it to others', async () => {
    let open = (): void => undefined
    const slowly = async (dial: () => Promise<Socket>) => {
      await new Promise<void>((resolve) => (open = resolve))
      return dial()
    }
    const { pool, opened } = await aPool(1, [slowly])
    const abort = new AbortController()
    const first = take(pool, abort.signal).catch((error: Error) => error.message)
    const second = take(pool)
    abort.abort(new Error('stop'))
    expect(await first).toBe('stop')
    open()
    await use(await second)
    expect(opened()).toBe(1)
  })

  it('before it asks takes nothing, and does not wait for ever', async () => {
    const { pool, opened } = await aPool(1)
    await expect(take(pool, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop')
    expect(opened()).toBe(0)
    const first = await take(pool)
    // Also while another has the only connection.
    await expect(take(pool, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop')
    await use(first)
  })

  it('leaves no listener behind', async () => {
    const { pool } = await aPool(1)
    const { signal } = new AbortController()
    let listeners = 0
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args))
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args))
    for (let turn = 0; turn < 2; turn++) await use(await take(pool, signal))
    expect(listeners).toBe(0)
  })
})

describe('a pool that', () => {
  it('is closed ends what is open, under way and waited for', async () => {
    const never = (_: unknown, signal: AbortSignal) =>
      new Promise<Socket>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    const { pool, opened } = await aPool(2, [(dial) => dial(), never])
    const open = await take(pool)
    const asked = open.send('GET').catch((error: Error) => error.message)
    const others = [take(pool), take(pool)].map((one) => one.catch((error: Error) => error.message))
    pool.close(new Error('closed'))
    expect(await Promise.all([asked, ...others])).toEqual(['closed', 'closed', 'closed'])
    expect(opened(), 'no more for who waited').toBe(2)
  })

  it('is retired lets what is under way end, and keeps nothing', async () => {
    const { pool } = await aPool(2)
    const [free, busy] = await Promise.all([take(pool), take(pool)])
    await use(free)
    pool.retire()
    expect([free.isOpen, busy.isOpen]).toEqual([false, true])
    await use(busy)
    expect(busy.isOpen).toBe(false)
  })
})
