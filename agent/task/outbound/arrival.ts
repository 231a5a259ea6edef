import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import type { Endpoint, Http } from '../../../core/contract/index.ts'
import { dial, type SocketEdge, within } from './sockets.ts'

/** Of one try: from a connection to its answer. */
const TRY_MS = 1_000
/** Between two tries: a load balancer may send the next one to another machine. */
const PAUSE_MS = 1_000
/** Longer than any token. */
const MAX_TOKEN = 1_024

export interface ArrivalEdge extends SocketEdge {
  http: Http
  /** fresh bytes that nobody can guess */
  token(): Uint8Array
}

/** What comes with a question that only we ask is answered with what only we know. */
interface Tokens {
  question: Buffer
  answer: Buffer
}

/** `Network.arrive`. Refused tries end it; those that are late, or answered by somebody else, are followed by others. */
export async function arrive(at: Endpoint, via: Endpoint | string, timeoutMs: number, edge: ArrivalEdge): Promise<void> {
  const tokens = { question: Buffer.from(edge.token()), answer: Buffer.from(edge.token()) }
  const server = typeof via === 'string' ? httpServer(tokens) : tcpServer(tokens)
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => open.delete(socket))
  })
  await within(timeoutMs, edge, async (signal) => {
    try {
      await listening(server, at)
      const aborting = { ...edge, signal }
      const tryOnce = typeof via === 'string' ? () => post(via, tokens, aborting) : () => send(via, tokens, aborting)
      while (!(await tryOnce())) await edge.clock.sleep(PAUSE_MS, signal)
    } finally {
      server.close()
      for (const socket of open) socket.destroy()
    }
  })
}

function listening(server: Server, { host, port }: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, resolve)
  })
}

function tcpServer({ question, answer }: Tokens): Server {
  return createServer((socket) => {
    let heard = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk])
      if (heard.includes(question)) socket.end(answer)
      else if (heard.length > MAX_TOKEN) socket.destroy()
    })
  })
}

function httpServer({ question, answer }: Tokens): Server {
  return createHttpServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => void (chunks.length < MAX_TOKEN && chunks.push(chunk)))
    request.once('end', () => {
      const isOurs = request.method === 'POST' && Buffer.concat(chunks).equals(question)
      response.writeHead(isOurs ? 200 : 404, { connection: 'close' }).end(isOurs ? answer : '')
    })
  })
}

/** True when our own server answered. Throws ECONNREFUSED, or what makes further tries useless. */
async function send(via: Endpoint, { question, answer }: Tokens, edge: ArrivalEdge): Promise<boolean> {
  try {
    return await within(TRY_MS, edge, async (signal) => {
      const socket = await dial(via, TRY_MS, { ...edge, signal })
      try {
        socket.write(question)
        const stop = () => void socket.destroy(signal.reason as Error)
        signal.addEventListener('abort', stop, { once: true })
        let heard = Buffer.alloc(0)
        for await (const chunk of socket as AsyncIterable<Buffer>) heard = Buffer.concat([heard, chunk]).subarray(0, MAX_TOKEN)
        return heard.includes(answer)
      } finally {
        socket.destroy()
      }
    })
  } catch (error) {
    edge.signal.throwIfAborted()
    if (AGAIN.has(codeOf(error))) return false
    throw error
  }
}

async function post(via: string, { question, answer }: Tokens, edge: ArrivalEdge): Promise<boolean> {
  try {
    const { body } = await edge.http.send({
      method: 'POST',
      url: via,
      body: question,
      timeoutMs: TRY_MS,
      maxRedirects: 0,
      maxBytes: MAX_TOKEN,
    })
    edge.signal.throwIfAborted()
    return answer.equals(body)
  } catch (error) {
    edge.signal.throwIfAborted()
    const { cause, code } = error as { cause?: unknown; code?: unknown }
    if (codeOf(cause) === 'ECONNREFUSED') throw cause
    if (code === 'HTTP_NO_ANSWER' || code === 'HTTP_TIMED_OUT') return false
    throw error
  }
}

const AGAIN = new Set<unknown>(['ETIMEDOUT', 'ECONNRESET', 'EPIPE'])
const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code
