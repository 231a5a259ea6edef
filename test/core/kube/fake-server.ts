import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { KubeClient, type KubeClientOptions } from '../../../core/kube/client.ts'
import { type Connection, fixedCredentials } from '../../../core/kube/connection.ts'
import { WatchedClock } from './watched-clock.ts'

/** Stands for an API server where faults are wanted that a real one never makes, and where time must stand still. */
export interface FakeServer {
  url: string
  port: number
  /** of every connection that was opened */
  connections: number
  requests: { method: string; url: string; headers: IncomingMessage['headers']; raw: string[]; body: string }[]
  close(): Promise<void>
}

export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void

export async function startFakeServer(handler: Handler): Promise<FakeServer> {
  const requests: FakeServer['requests'] = []
  const listener: RequestListener = (request, response) => {
    const count = requests.length + 1
    const entry = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      raw: request.rawHeaders,
      body: '',
    }
    requests.push(entry)
    request.setEncoding('utf8').on('data', (text: string) => (entry.body += text))
    request.on('end', () => handler(request, response, count))
  }
  return listening(createServer(listener), requests)
}

async function listening(server: Server, requests: FakeServer['requests']): Promise<FakeServer> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const fake: FakeServer = {
    url: `http://127.0.0.1:${port}`,
    port,
    connections: 0,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  server.on('connection', () => fake.connections++)
  return fake
}

/** A server of bytes: whoever connects is handed to `serve`. */
export async function startTcpServer(serve: (socket: Socket) => void): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy()
      server.close(() => resolve())
    })
  return { port: (server.address() as AddressInfo).port, close }
}

export function aConnection(server: string, more: Partial<Connection> = {}): Connection {
  return {
    server,
    context: 'fake',
    user: 'me',
    namespace: 'default',
    credentials: fixedCredentials({ authorization: 'Bearer t' }),
    tls: { ca: () => Promise.resolve(undefined), isUnverified: false, serverName: undefined },
    headers: {},
    proxy: undefined,
    mayCompress: true,
    ...more,
  }
}

/** A client whose time stands still until it is moved. */
export function aClient(
  server: string,
  more: Partial<Connection> = {},
  options: Partial<KubeClientOptions> = {},
): { client: KubeClient; clock: WatchedClock } {
  const clock = new WatchedClock()
  const client = new KubeClient(aConnection(server, more), { clock, random: () => 0.5, userAgent: 'test/1', ...options })
  return { client, clock }
}

export const json = (response: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}
