import { once } from 'node:events'
import type { Socket } from 'node:net'
import { encode, type FromRunner } from './messages.ts'

/** The agent, as the runner speaks to it. Nothing here rejects: a connection that is gone takes no words. */
export interface Connection {
  /** resolves when more may be said */
  say(message: FromRunner): Promise<void>
  /** the last word; resolves when it is on its way */
  close(message: FromRunner): Promise<void>
  /** at once, with whatever waits to be sent */
  drop(): void
  closed: Promise<void>
}

export function connectionOf(socket: Socket): Connection {
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return {
    closed,
    async say(message) {
      if (!socket.writable) return
      if (!socket.write(encode(message))) await Promise.race([once(socket, 'drain').catch(() => undefined), closed])
    },
    async close(message) {
      if (socket.writable) socket.end(encode(message))
    },
    drop: () => void socket.destroy(),
  }
}
