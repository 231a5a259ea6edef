import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Answer } from '../../../../core/kube/http/answer.ts'
import { HttpConnection, type Switched } from '../../../../core/kube/http/http-connection.ts'
import { settle } from '../../../support/clock.ts'
import { startTcpServer } from '../fake-server.ts'
import { answerBytes } from './answers.ts'

const ends: (() => unknown)[] = []
afterEach(() => Promise.all(ends.splice(0).map((end) => end())))

/** A connection to a server that does with each request what is asked. */
async function aConnection(serve: (socket: Socket, request: string) => void) {
  const { port, close } = await startTcpServer((socket) => socket.on('data', (text) => serve(socket, text.toString('latin1'))))
  ends.push(close)
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  const told: string[] = []
  const connection = new HttpConnection(socket, { onFree: () => told.push('free'), onGone: () => told.push('gone') })
  ends.push(() => connection.destroy())
  return { connection, socket, told }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`
const answerTo = async (connection: HttpConnection, path = '/') => (await connection.send(get(path))) as Answer

async function textOf(answer: Answer): Promise<string> {
  let text = ''
  for (;;) {
    const piece = answer.take()
    if (piece) text += piece.toString('latin1')
    else if (answer.failure) throw answer.failure
    else if (answer.isOver) return text
    else await answer.changed()
  }
}
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await settle(1)
}

describe('a connection', () => {
  it('carries one request after the other', async () => {
    const { connection, told } = await aConnection((socket, request) => socket.write(answerBytes(request.split(' ')[1] ?? '')))
    expect(connection.wasUsed).toBe(false)
    for (const path of ['/a', '/b']) {
      const answer = await answerTo(connection, path)
      expect(await textOf(answer)).toBe(path)
      expect(answer).toMatchObject({ status: 200, isOver: true, failure: undefined })
    }
    expect(connection).toMatchObject({ wasUsed: true, isOpen: true })
    expect(told).toEqual(['free', 'free'])
  })

  it('makes the server wait while nobody reads, and loses nothing', async () => {
    const body = 'x'.repeat(16 * 2 ** 20)
    let server: Socket | undefined
    const { connection } = await aConnection((socket) => {
      server = socket
      socket.write(answerBytes(body))
    })
    const answer = await answerTo(connection)
    await settle(50)
    const waiting = server?.writableLength ?? 0
    expect(waiting, 'bytes that the server cannot send').toBeGreaterThan(2 ** 20)
    expect((await textOf(answer)).length).toBe(body.length)
    expect(connection.isOpen).toBe(true)
    expect(await textOf(await answerTo(connection)), 'and goes on with the next').toHaveLength(body.length)
  })

  it('gives itself away with what a new protocol sent already, to be read as its reader likes', async () => {
    const { connection, told } = await aConnection((socket, request) => {
      if (request.startsWith('GET')) socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\nfirst')
      else socket.write(`you said ${request}`)
    })
    const { answer, socket } = (await connection.send(get('/'))) as Switched
    expect(answer).toMatchObject({ status: 101, headers: { upgrade: 'x' } })
    expect(told).toEqual(['gone'])
    await settle(10)
    let text = ''
    socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
    socket.write('hello')
    await until(() => text.includes('hello'))
    expect(text).toBe('firstyou said hello')
    socket.destroy()
  })
})

describe('a connection is given up', () => {
  it.each<[string, string]>([
    ['closes it after an answer', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'],
    ['tells no length', 'HTTP/1.1 200 OK\r\n\r\nok'],
  ])('when the server %s, which is whole', async (_, text) => {
    const { connection, told } = await aConnection((socket) => socket.end(text))
    expect(await textOf(await answerTo(connection))).toBe('ok')
    await until(() => !connection.isOpen)
    expect(told).toEqual(['gone'])
  })

  it.each<[string, string]>([
    ['a second answer', `${answerBytes('a').toString()}${answerBytes('b').toString()}`],
    ['the beginning of one', `${answerBytes('a').toString()}HTTP/1.1`],
  ])('when the server sends %s that nobody asked for', async (_, text) => {
    const { connection } = await aConnection((socket) => socket.write(text))
    expect(await textOf(await answerTo(connection))).toBe('a')
    await until(() => !connection.isOpen)
    await expect(connection.send(get('/'))).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('when something comes while it is free', async () => {
    let server: Socket | undefined
    const { connection, told } = await aConnection((socket) => {
      server = socket
      socket.write(answerBytes('a'))
    })
    await textOf(await answerTo(connection))
    server?.write(answerBytes('for someone else'))
    await until(() => !connection.isOpen)
    expect(told).toEqual(['free', 'gone'])
  })

  it.each<[string, string, object]>([
    ['an answer that is none', 'SSH-2.0-x\r\n\r\n', { code: 'NOT_HTTP' }],
    ['nothing', '', { code: 'ECONNRESET' }],
    ['half a head', 'HTTP/1.1 200 OK\r\na: ', { code: 'ECONNRESET' }],
  ])('with %s, and the request fails', async (_, text, error) => {
    const { connection, told } = await aConnection((socket) => socket.end(text))
    await expect(connection.send(get('/'))).rejects.toMatchObject(error)
    expect(told).toEqual(['gone'])
  })

  it('in the middle of an answer, of which nothing is lost that came', async () => {
    const { connection } = await aConnection((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'))
    const answer = await answerTo(connection)
    await until(() => answer.isOver)
    expect(answer.take()?.toString()).toBe('half')
    await expect(textOf(answer)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('by whoever wants no more of an answer; one that is whole costs nothing', async () => {
    const { connection } = await aConnection((socket, request) =>
      socket.write(request.includes('/half') ? 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf' : answerBytes('ok')),
    )
    const whole = await answerTo(connection)
    await until(() => whole.isOver)
    whole.destroy()
    expect(connection.isOpen).toBe(true)
    const half = await answerTo(connection, '/half')
    half.destroy(new Error('enough'))
    expect(connection.isOpen).toBe(false)
    expect(half.failure?.message).toBe('enough')
  })
})
