import { createServer, type Server, type Socket } from 'node:net'
import { fail, reasonOf } from '../../core/errors.ts'
import { decodeMessages } from '../../core/task.ts'
import { refusedReach } from './confinement.ts'
import { connectionOf, type Connection } from './connection.ts'
import { MAX_LINE, type Spawn, ToRunner } from './messages.ts'
import { firstSecret } from './secret.ts'
import { type RunnerEdge, serveTask } from './serve-task.ts'
import type { TaskLife } from './task-life.ts'

/** Tasks at the same time. The agent's own limit is far below. */
const MAX_TASKS = 16
/** Tasks can reach the socket too: what they hold open is bounded, and given up soon when it says nothing. */
const MAX_CONNECTIONS = 64
const FIRST_WORD_MS = 5_000
const HANG_UP_MS = 2_000

export interface Runner {
  server: Server
  /** no new tasks; those at work are cancelled, and killed 5 s later. Resolves when all are gone. */
  stop(reason: string): Promise<void>
}

/** A server that starts a task for each connection that may. It is to be told where to listen. */
export function createRunner(workFolder: string, edge: RunnerEdge): Runner {
  const isKnown = firstSecret()
  const lives = new Set<TaskLife>()
  const working = new Set<Promise<void>>()
  let stopping: string | undefined

  const refusal = (request: Spawn): string | undefined => {
    if (!isKnown(request.secret)) return 'it obeys another agent: only a restart of the pod makes it forget'
    if (stopping !== undefined) return 'it is stopping'
    if (lives.size >= MAX_TASKS) return `it has ${MAX_TASKS} tasks at work, which is the most`
    return refusedReach(workFolder, request)
  }
  const refuse = async (connection: Connection, reason: string) => {
    edge.log.warn({ reason }, 'connection refused')
    await connection.close({ type: 'refused', reason })
  }
  const serve = async (socket: Socket) => {
    const connection = connectionOf(socket)
    // What is not understood is to be answered before the connection ends.
    const messages = decodeMessages(socket.iterator({ destroyOnReturn: false }), ToRunner, MAX_LINE)
    try {
      const request = await firstWord(messages, connection, edge)
      if (request === undefined) return connection.drop()
      const reason = refusal(request)
      if (reason !== undefined) return await refuse(connection, reason)
      let life: TaskLife | undefined
      await serveTask(request, messages, connection, edge, (started) => lives.add((life = started)))
      if (life) lives.delete(life)
    } catch (error) {
      await refuse(connection, reasonOf(error))
    } finally {
      await hangUp(connection, edge)
    }
  }
  const server = createServer((socket) => {
    const work = serve(socket).finally(() => working.delete(work))
    working.add(work)
  })
  server.maxConnections = MAX_CONNECTIONS
  return {
    server,
    async stop(reason) {
      stopping = reason
      server.close()
      for (const life of lives) life.stop(reason)
      await Promise.all(working)
    },
  }
}

/** The other side closes once it has read the last word; one that does not is not waited for. */
async function hangUp(connection: Connection, { clock }: RunnerEdge): Promise<void> {
  const gone = new AbortController()
  await Promise.race([connection.closed, clock.sleep(HANG_UP_MS, gone.signal).catch(() => undefined)])
  gone.abort()
  connection.drop()
}

/** Undefined when the connection ends, or says nothing for a while. Throws when it says something else. */
async function firstWord(
  messages: AsyncGenerator<ToRunner>,
  connection: Connection,
  { clock }: RunnerEdge,
): Promise<Spawn | undefined> {
  const said = new AbortController()
  clock.sleep(FIRST_WORD_MS, said.signal).then(connection.drop, () => undefined)
  try {
    const first = await messages.next()
    if (first.done) return undefined
    if (first.value.type !== 'spawn') throw fail('TASK_PROTOCOL', { reason: 'a connection begins with "spawn"' })
    return first.value
  } finally {
    said.abort()
  }
}
