import { once } from 'node:events'
import { connect as openSocket, type Socket } from 'node:net'
import { type Clock, deadline } from '../../../core/clock.ts'
import type { Endpoint } from '../../../core/contract/index.ts'
import { firstCause, networkReason } from './reasons.ts'

export interface SocketEdge {
  clock: Clock
  signal: AbortSignal
}

/** An open TCP connection. Throws as `Network` does. */
export async function dial({ host, port }: Endpoint, timeoutMs: number, edge: SocketEdge): Promise<Socket> {
  return within(timeoutMs, edge, async (signal) => {
    const socket = openSocket({ host, port })
    try {
      await once(socket, 'connect', { signal })
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      socket.on('error', () => undefined) // a connection that is cut later ends nothing else
    }
    return socket
  })
}

/** Does something for at most so long. Throws ETIMEDOUT, the signal's reason, or what was thrown with one line for a message. */
export async function within<Value>(
  timeoutMs: number,
  { clock, signal }: SocketEdge,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  signal.throwIfAborted()
  const late = deadline(clock, timeoutMs, Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' }))
  try {
    return await work(AbortSignal.any([signal, late.signal]))
  } catch (error) {
    signal.throwIfAborted()
    throw told(late.signal.aborted ? late.signal.reason : error)
  } finally {
    late.stop()
  }
}

/** A failure as `Network` promises it: Node's code, and one line. */
export function told(error: unknown): unknown {
  const first = firstCause(error)
  const { code } = first as { code?: unknown }
  return first instanceof Error && typeof code === 'string' && /^E[A-Z]+$/.test(code)
    ? Object.assign(new Error(networkReason(first), { cause: error }), { code })
    : first
}
