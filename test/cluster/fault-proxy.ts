import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { systemClock } from '../../core/clock.ts'

/** What goes wrong with a request. */
export type Fault =
  /** the answer comes, but later */
  | { kind: 'delay'; ms: number }
  /** the connection is cut before an answer; the server never sees the request, unless `afterServer` */
  | { kind: 'reset'; afterServer?: boolean }
  /** an answer that the server never gave; a Status object, unless `body` says otherwise */
  | { kind: 'status'; status: number; retryAfter?: string; reason?: string; message?: string; body?: string }
  /** no answer, ever; with `afterHead` the head comes, and no body */
  | { kind: 'hang'; afterHead?: boolean }
  /** the first bytes of the body only; then the connection is cut, or with `quietly` the answer ends as if it were whole */
  | { kind: 'truncate'; bytes: number; quietly?: boolean }
  /** the answer ends after a while, as watches do behind load balancers; `abruptly` = a cut connection */
  | { kind: 'cut'; afterMs: number; abruptly?: boolean }

export interface FaultRule {
  fault: Fault
  method?: string
  /** of the path with its query */
  path?: string | RegExp
  /** this many requests; default: all */
  times?: number
  /** this many matching requests pass first */
  after?: number
}

/** Answers on http://127.0.0.1:port for an API server, and does to requests what its rules say. The first rule that matches counts. */
export interface FaultProxy {
  url: string
  /** replaces all rules */
  rules(...rules: FaultRule[]): void
  /** every request so far, as `GET /path?query` */
  requests: string[]
  /** cuts every connection that is open now */
  cutAll(): void
  close(): Promise<void>
}

export async function startFaultProxy(target: { server: string; ca?: string }): Promise<FaultProxy> {
  const url = new URL(target.server)
  const agent = new Agent({ keepAlive: true, ...(target.ca ? { ca: target.ca } : {}) })
  const requests: string[] = []
  let rules: (FaultRule & { seen: number })[] = []
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`)
    const fault = rules.find((rule) => applies(rule, incoming))?.fault
    const forward = () => pass(incoming, outgoing, { url, agent, fault })
    void answer(incoming, outgoing, fault, forward)
  })
  server.on('clientError', (_, socket) => socket.destroy())
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    rules: (...next) => void (rules = next.map((rule) => ({ ...rule, seen: 0 }))),
    requests,
    cutAll: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections()
      agent.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

function applies(rule: FaultRule & { seen: number }, request: IncomingMessage): boolean {
  if (rule.method !== undefined && rule.method !== request.method) return false
  const path = request.url ?? ''
  const isPath = typeof rule.path === 'string' ? path.startsWith(rule.path) : (rule.path?.test(path) ?? true)
  if (!isPath) return false
  const number = rule.seen++ - (rule.after ?? 0)
  return number >= 0 && number < (rule.times ?? Infinity)
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
  forward: () => void,
): Promise<void> {
  if (fault?.kind === 'delay') await systemClock.sleep(fault.ms)
  if (fault?.kind === 'reset' && !fault.afterServer) return void incoming.socket.destroy()
  if (fault?.kind === 'hang' && !fault.afterHead) return
  if (fault?.kind === 'status') return invent(outgoing, fault)
  forward()
}

function invent(
  outgoing: ServerResponse,
  { status, retryAfter, reason, message, body }: Extract<Fault, { kind: 'status' }>,
): void {
  const document = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code: status,
    reason,
    message: message ?? `injected ${status}`,
  }
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  })
  outgoing.end(body ?? JSON.stringify(document))
}

function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  to: { url: URL; agent: Agent; fault: Fault | undefined },
): void {
  const { url, agent, fault } = to
  const isTls = url.protocol === 'https:'
  const { host: _, ...headers } = incoming.headers
  const request = (isTls ? httpsRequest : httpRequest)({
    host: url.hostname,
    port: url.port,
    ...(isTls ? { agent } : {}),
    method: incoming.method,
    path: incoming.url,
    headers,
  })
  const cut = () => void incoming.socket.destroy()
  request.on('error', cut)
  outgoing.on('close', () => request.destroy())
  request.once('response', (response) => {
    response.on('error', cut)
    if (fault?.kind === 'reset') cut()
    else relay(response, outgoing, fault, cut)
  })
  incoming.pipe(request)
}

function relay(response: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined, cut: () => void): void {
  const { 'content-length': length, ...headers } = response.headers
  const isQuiet = fault?.kind === 'truncate' && fault.quietly
  outgoing.writeHead(
    response.statusCode ?? 502,
    isQuiet || length === undefined ? headers : { ...headers, 'content-length': length },
  )
  outgoing.flushHeaders()
  if (fault?.kind === 'hang') return
  let left = fault?.kind === 'truncate' ? fault.bytes : Infinity
  if (fault?.kind === 'cut') {
    const stop = () => {
      left = 0
      if (fault.abruptly) cut()
      else outgoing.end()
    }
    void systemClock.sleep(fault.afterMs).then(stop)
  }
  response.on('data', (piece: Buffer) => {
    if (left <= 0) return
    const part = piece.subarray(0, left)
    left -= part.length
    const isLast = left <= 0
    outgoing.write(part, () => {
      if (isLast && isQuiet) outgoing.end()
      else if (isLast) cut()
    })
  })
  response.on('end', () => {
    if (left > 0) outgoing.end()
  })
}
