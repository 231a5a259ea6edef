import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A request as a server saw it. */
export interface Seen {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

export interface Running {
  /** `http://127.0.0.1:1234` */
  url: string
  port: number
  seen: Seen[]
  close(): Promise<void>
}

export type Answerer = (...of: [request: Seen, response: Parameters<RequestListener>[1], incoming: IncomingMessage]) => void

/** A server on loopback that keeps what it was asked. With `tls` an https one, reached as localhost. */
export async function serve(
  answer: Answerer,
  tls?: { cert: string; key: string; ca?: string; requestCert?: boolean },
): Promise<Running> {
  const seen: Seen[] = []
  const listener: RequestListener = async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    const { method = '', url = '', headers } = incoming
    const request = { method, url, headers, body: Buffer.concat(chunks).toString() }
    seen.push(request)
    answer(request, response, incoming)
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  const running = await listening(server)
  return { ...running, seen, url: tls ? `https://localhost:${running.port}` : `http://127.0.0.1:${running.port}` }
}

/** An HTTP proxy on loopback: tunnels, and requests in absolute form. Keeps the lines it was asked, and their login. */
export async function serveProxy(): Promise<Running> {
  const seen: Seen[] = []
  const note = ({ method = '', url = '', headers }: IncomingMessage) => void seen.push({ method, url, headers, body: '' })
  const server = createServer((incoming, response) => {
    note(incoming)
    response.setHeader('x-from', 'the proxy').end('by the proxy')
  })
  server.on('connect', (incoming, socket) => {
    note(incoming)
    const { port } = new URL(`http://${incoming.url ?? ''}`)
    const far = connect({ host: '127.0.0.1', port: Number(port) }, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      far.pipe(socket).pipe(far)
    })
    for (const one of [far, socket]) one.on('error', () => undefined)
  })
  const { port, close } = await listening(server)
  return { url: `http://127.0.0.1:${port}`, port, seen, close }
}

/** A TCP server on loopback, and its port. */
export async function serveTcp(
  onConnection: Parameters<typeof createTcpServer>[1],
): Promise<{ port: number; close(): Promise<void> }> {
  return listening(createTcpServer(onConnection))
}

async function listening(server: Server | TcpServer): Promise<{ port: number; close(): Promise<void> }> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => void open.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    for (const socket of open) socket.destroy()
    return new Promise<void>((resolve) => void server.close(() => resolve()))
  }
  return { port: (server.address() as AddressInfo).port, close }
}

export interface Certificates {
  ca: string
  /** of localhost */
  server: { cert: string; key: string }
  /** of a client called dora */
  client: { cert: string; key: string }
}

/** Made by openssl, as Node makes none; undefined where there is no openssl. */
export function certificates(): Certificates | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'outbound-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const issue = (name: string, extension: string[]) => {
    openssl('req', ...ec, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`, ...extension)
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy']
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, ...signed)
    return { cert: read(`${name}.crt`), key: read(`${name}.key`) }
  }
  try {
    openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test-ca', '-days', '2')
    const server = issue('localhost', ['-addext', 'subjectAltName=DNS:localhost'])
    return { ca: read('ca.crt'), server, client: issue('dora', []) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  } finally {
    rmSync(folder, { recursive: true })
  }
}
