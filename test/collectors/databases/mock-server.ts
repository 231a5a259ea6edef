import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { afterAll } from 'vitest'

export interface Mock {
  port: number
  /** sockets that are open now */
  open: Set<Socket>
}

/** A server on loopback that is none: `talk` is all that it knows. It ends with the test file. With `tls` it begins with TLS. */
export async function mockServer(talk: (socket: Socket) => unknown, tls?: TlsOptions): Promise<Mock> {
  const open = new Set<Socket>()
  const answer = (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
    Promise.resolve(talk(socket)).catch(() => socket.destroy())
  }
  const server = tls ? createTlsServer(tls, answer) : createServer(answer)
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return { port: (server.address() as AddressInfo).port, open }
}

/** What comes in a stream. */
export interface Incoming {
  /** so many bytes; undefined when it ends before */
  exactly(count: number): Promise<Buffer | undefined>
  /** all that has not been read, as it comes */
  rest(): AsyncGenerator<Buffer>
}

/** Reads a stream, which nobody else may read any more. */
export function incoming(stream: AsyncIterable<Buffer>): Incoming {
  const chunks = stream[Symbol.asyncIterator]()
  let left: Buffer = Buffer.alloc(0)
  return {
    async exactly(count) {
      while (left.length < count) {
        const { value, done } = await chunks.next()
        if (done) return undefined
        left = Buffer.concat([left, value])
      }
      const taken = left.subarray(0, count)
      left = left.subarray(count)
      return taken
    },
    async *rest() {
      if (left.length > 0) yield left
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
    },
  }
}
