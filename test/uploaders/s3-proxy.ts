import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { systemClock } from '../../core/clock.ts'

/** What goes wrong with a request on its way to the service, or with the answer on its way back. */
export type Fault =
  /** an answer that the service never gave */
  | { kind: 'answer'; status: number; headers?: Record<string, string>; body?: string }
  /** the connection is cut after so many bytes of the request's body; the service sees a part of it */
  | { kind: 'cut'; afterBytes: number }
  /** the service does what it was asked for, and the connection is cut before its answer comes through */
  | { kind: 'lost answer' }
  /** the request's body is taken up to here, and then nothing happens any more */
  | { kind: 'hang'; afterBytes: number }
  /** the request's body is read in sips with pauses */
  | { kind: 'slow'; pauseMs: number }
  /** so many bytes of the answer's body, then the connection is cut */
  | { kind: 'short answer'; bytes: number }

export interface Rule {
  fault: Fault
  method: string
  /** of the path with its query */
  path: RegExp
  /** this many matching requests pass first */
  after?: number
  /** this many are hit; default: all */
  times?: number
}

/** Stands in front of an S3 service and hands everything on as it is, Host too, but for what the rules say. */
export interface S3Proxy {
  url: string
  /** replaces all rules */
  rules(...rules: Rule[]): void
  /** every request so far, as `PUT /bucket/key?partNumber=1` */
  requests: string[]
  /** resolves when a rule hits */
  hit(): Promise<void>
  close(): Promise<void>
}

export async function startS3Proxy(target: string): Promise<S3Proxy> {
  const { hostname, port } = new URL(target)
  const requests: string[] = []
  let rules: (Rule & { seen: number })[] = []
  let waiting: (() => void)[] = []
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`)
    const fault = rules.find((rule) => applies(rule, incoming))?.fault
    if (fault) for (const wake of waiting.splice(0)) wake()
    incoming.on('error', () => undefined)
    if (fault?.kind === 'answer') return invent(incoming, outgoing, fault)
    const onward = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers })
    onward.on('error', () => outgoing.destroy())
    onward.on('response', (answer) => relay(answer, outgoing, fault))
    outgoing.on('close', () => onward.destroy())
    void forward(incoming, onward, fault)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    rules: (...next) => void (rules = next.map((rule) => ({ ...rule, seen: 0 }))),
    requests,
    hit: () => new Promise((resolve) => waiting.push(resolve)),
    async close() {
      waiting = []
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

function applies(rule: Rule & { seen: number }, { method, url = '' }: IncomingMessage): boolean {
  if (rule.method !== method || !rule.path.test(url)) return false
  const number = rule.seen++ - (rule.after ?? 0)
  return number >= 0 && number < (rule.times ?? Infinity)
}

function invent(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, headers, body }: Extract<Fault, { kind: 'answer' }>,
): void {
  incoming.resume()
  incoming.once('end', () => {
    outgoing.writeHead(status, { 'content-type': 'application/xml', date: new Date().toUTCString(), ...headers })
    outgoing.end(body)
  })
}

async function forward(incoming: IncomingMessage, onward: ReturnType<typeof request>, fault: Fault | undefined): Promise<void> {
  const closed = new Promise((resolve) => onward.once('close', resolve))
  let bytes = 0
  try {
    for await (const chunk of incoming) {
      bytes += (chunk as Buffer).length
      if (fault?.kind === 'cut' && bytes > fault.afterBytes) return void incoming.socket.destroy()
      if (fault?.kind === 'hang' && bytes > fault.afterBytes) await new Promise(() => undefined)
      if (fault?.kind === 'slow') await systemClock.sleep(fault.pauseMs)
      if (!onward.write(chunk)) await Promise.race([new Promise((resolve) => onward.once('drain', resolve)), closed])
    }
    if (fault?.kind !== 'hang') onward.end()
  } catch {
    onward.destroy()
  }
}

function relay(answer: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined): void {
  if (fault?.kind === 'lost answer') {
    answer.resume()
    answer.once('end', () => outgoing.socket?.destroy())
    return
  }
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
  if (fault?.kind !== 'short answer') return void answer.pipe(outgoing)
  let bytes = 0
  answer.on('data', (chunk: Buffer) => {
    outgoing.write(chunk.subarray(0, fault.bytes - bytes))
    bytes += chunk.length
    if (bytes >= fault.bytes) outgoing.socket?.destroy()
  })
}

/** The body of an S3 error, as services write it. */
export const errorBody = (code: string, message: string, more = '') =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message>${more}<RequestId>REQ1</RequestId></Error>`
