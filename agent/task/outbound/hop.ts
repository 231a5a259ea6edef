import { type ClientRequest, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { connect as tlsConnect, type ConnectionOptions } from 'node:tls'
import { fail } from '../../../core/errors.ts'
import { dialThroughProxy } from '../../../core/kube/proxy.ts'

/** One request, to one server: redirects are the next hop's. */
export interface Hop {
  method: string
  url: URL
  /** names in lower case */
  headers: Record<string, string>
  body: Uint8Array | undefined
  tls: ConnectionOptions
  proxy: URL | undefined
}

export interface HopEdge {
  signal: AbortSignal
  /** `host:port` of the API server, which tasks may reach and jobs may not */
  server: string | undefined
}

/** Sends it, and gives the answer's head with its unread body. Throws what Node says, or the signal's reason. */
export async function sendHop(hop: Hop, edge: HopEdge): Promise<IncomingMessage> {
  const { url, proxy } = hop
  for (const one of proxy ? [url, proxy] : [url]) refuseServer(one, edge.server)
  if (proxy === undefined) return answer(openDirect(hop, edge.signal), hop.body)
  // What is not encrypted goes to the proxy itself: few let others than TLS through a tunnel.
  if (url.protocol === 'http:' && /^https?:$/.test(proxy.protocol))
    return answer(openForwarded(hop, proxy, edge.signal), hop.body)
  const socket = await dialThroughProxy(proxy.href, bare(url), portOf(url), edge.signal)
  const createConnection = () => (url.protocol === 'https:' ? tlsConnect({ ...tlsOf(hop), socket }) : socket)
  return answer(httpRequest({ ...commonOf(hop, edge.signal), createConnection }), hop.body)
}

function openDirect(hop: Hop, signal: AbortSignal): ClientRequest {
  const { url } = hop
  const options = { ...commonOf(hop, signal), host: bare(url), port: portOf(url), agent: false }
  return url.protocol === 'https:' ? httpsRequest({ ...options, ...tlsOf(hop) }) : httpRequest(options)
}

function openForwarded(hop: Hop, proxy: URL, signal: AbortSignal): ClientRequest {
  const { url } = hop
  const common = commonOf(hop, signal)
  const login = basic(proxy)
  return (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
    ...common,
    host: bare(proxy),
    port: portOf(proxy),
    path: `${url.origin}${common.path}`,
    headers: { ...common.headers, ...(login ? { 'proxy-authorization': login } : {}) },
    agent: false,
  })
}

function commonOf({ method, url, headers }: Hop, signal: AbortSignal) {
  return { method, path: url.pathname + url.search, headers: { host: url.host, ...headers }, signal } satisfies RequestOptions
}

function tlsOf({ url, tls }: Hop): ConnectionOptions {
  const host = bare(url)
  return { ...(isIP(host) ? {} : { servername: host }), ...tls, host, ALPNProtocols: ['http/1.1'] }
}

function answer(request: ClientRequest, body: Uint8Array | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', (response) => {
      response.on('error', () => undefined) // whoever reads it hears of it; unheard it would end the process
      resolve(response)
    })
    request.once('upgrade', (_, socket) => {
      socket.destroy()
      reject(new Error('the other side changed the protocol'))
    })
    request.on('error', reject) // stays for good: an error after the answer must not end the process
    request.end(body)
  })
}

/** The guard of connections lets tasks reach the API server; what a job names must not come through that gap. */
function refuseServer(url: URL, server: string | undefined): void {
  const address = `${bare(url)}:${portOf(url)}`
  if (server === address) throw fail('ADDRESS_REFUSED', { address })
}

/** User and password of a URL as basic authorization. */
export function basic(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined
  const login = [url.username, url.password].map(decodeURIComponent).join(':')
  return `Basic ${Buffer.from(login).toString('base64')}`
}

const bare = (url: URL) => url.hostname.replace(/^\[|\]$/g, '')
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 }
const portOf = (url: URL) => Number(url.port) || (DEFAULT_PORTS[url.protocol] ?? 1080)
