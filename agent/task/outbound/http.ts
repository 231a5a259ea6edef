import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream'
import { createSecureContext, type ConnectionOptions } from 'node:tls'
import { createGunzip } from 'node:zlib'
import { type Clock, deadline } from '../../../core/clock.ts'
import { type Http, type HttpAnswer, type HttpRequest, type HttpTls, originOf } from '../../../core/contract/index.ts'
import { fail, isFailure, reasonOf } from '../../../core/errors.ts'
import { basic, type Hop, sendHop } from './hop.ts'
import { networkReason } from './reasons.ts'
import { nextHop } from './redirect.ts'

export interface HttpEdge {
  clock: Clock
  signal: AbortSignal
  /** what the environment asks for, for a request that names no proxy */
  proxyFor?: ((url: string) => string | undefined) | undefined
  /** `host:port` of the API server: no job may send anything there by itself */
  server?: string | undefined
}

const TIMEOUT_MS = 30_000
const MAX_REDIRECTS = 10
const MAX_BYTES = 16 * 1024 * 1024
/** Asked for when the caller asks for nothing, and unpacked then. */
const PACKED = 'gzip'

/** The client of collectors. Each request has a connection of its own, made by Node's sockets, so that the network guard sees it. */
export function createHttp(edge: HttpEdge): Http {
  return { send: (request) => send(request, edge) }
}

async function send(request: HttpRequest, edge: HttpEdge): Promise<HttpAnswer> {
  edge.signal.throwIfAborted()
  const { url, timeoutMs = TIMEOUT_MS, maxRedirects = MAX_REDIRECTS, maxBytes = MAX_BYTES } = request
  const origin = originOf(url)
  const late = deadline(edge.clock, timeoutMs, fail('HTTP_TIMED_OUT', { origin, seconds: String(timeoutMs / 1000) }))
  const signal = AbortSignal.any([edge.signal, late.signal])
  try {
    let hop = firstHop(request, edge)
    for (let hops = 0; ; hops++) {
      const response = await sendHop(hop, { signal, server: edge.server })
      const next = maxRedirects === 0 ? undefined : nextHop(hop, response)
      if (!next) return await answerOf(response, maxBytes, !hasHeader(request, 'accept-encoding'))
      response.destroy()
      if (hops === maxRedirects) throw new Error(`more than ${maxRedirects} redirects`)
      hop = { ...next, proxy: proxyOf(request, next.url, edge) }
    }
  } catch (error) {
    throw explained(error, origin, edge.signal, late.signal)
  } finally {
    late.stop()
  }
}

function firstHop(request: HttpRequest, edge: HttpEdge): Hop {
  const { method = 'GET', url: text, headers = {}, body, tls = {} } = request
  const refuse = (reason: string) => fail('HTTP_REQUEST', { origin: originOf(text), reason })
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) throw refuse('the URL must begin with http:// or https://')
  const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const login = basic(url)
  return {
    method,
    url,
    headers: {
      'user-agent': 'support-bundle-schedule',
      'accept-encoding': PACKED,
      ...(login ? { authorization: login } : {}),
      ...given,
    },
    body: typeof body === 'string' ? Buffer.from(body) : body,
    tls: tlsOptions(tls, refuse),
    proxy: proxyOf(request, url, edge),
  }
}

function proxyOf({ proxy }: HttpRequest, url: URL, { proxyFor }: HttpEdge): URL | undefined {
  const text = proxy || proxyFor?.(url.href)
  if (!text) return undefined
  const full = text.includes('://') ? text : `http://${text}`
  if (URL.canParse(full) && /^(https?|socks5h?):$/.test(new URL(full).protocol)) return new URL(full)
  throw fail('HTTP_REQUEST', { origin: url.origin, reason: 'the proxy must be an http, https or socks5 address' })
}

/** Looked at before anything is sent: Node leaves out what it cannot read of a list of authorities. */
function tlsOptions({ ca, cert, key, serverName, isUnverified }: HttpTls, refuse: (reason: string) => Error): ConnectionOptions {
  if (ca && !/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(ca)) throw refuse('its authority is no certificate in PEM')
  const made = { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) }
  try {
    if (ca || cert || key) createSecureContext(made)
  } catch (error) {
    throw refuse(`its certificate or key cannot be used: ${reasonOf(error)}`)
  }
  return { ...made, rejectUnauthorized: !isUnverified, ...(serverName ? { servername: serverName } : {}) }
}

async function answerOf(response: IncomingMessage, maxBytes: number, mayUnpack: boolean): Promise<HttpAnswer> {
  const headers = headersOf(response)
  const isPacked = mayUnpack && headers['content-encoding']?.join() === PACKED
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of isPacked ? unpacked(response) : (response as AsyncIterable<Uint8Array>)) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  if (isPacked) for (const name of ['content-encoding', 'content-length']) delete headers[name]
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) }
}

function unpacked(response: IncomingMessage): AsyncIterable<Uint8Array> {
  // an error of either ends both, and whoever reads hears of it
  return pipeline(response, createGunzip(), () => undefined)
}

function headersOf({ rawHeaders }: IncomingMessage): Record<string, string[]> {
  const headers: Record<string, string[]> = Object.create(null) as Record<string, string[]>
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    (headers[rawHeaders[at]?.toLowerCase() ?? ''] ??= []).push(rawHeaders[at + 1] ?? '')
  return headers
}

const hasHeader = ({ headers = {} }: HttpRequest, wanted: string) =>
  Object.keys(headers).some((name) => name.toLowerCase() === wanted)

/** What Node refuses before it sends anything: these name headers and methods, never their values. */
const REFUSED = new Set([
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_HTTP_INVALID_HEADER_VALUE',
  'ERR_UNESCAPED_CHARACTERS',
])

function explained(error: unknown, origin: string, ended: AbortSignal, late: AbortSignal): unknown {
  if (ended.aborted) return ended.reason
  if (late.aborted) return late.reason
  const { code, cause } = error as { code?: string; cause?: unknown }
  for (const one of [error, cause]) if (isFailure(one, 'ADDRESS_REFUSED', 'HTTP_REQUEST')) return one
  if (code !== undefined && REFUSED.has(code)) return fail('HTTP_REQUEST', { origin, reason: reasonOf(error) }, error)
  return fail('HTTP_NO_ANSWER', { origin, reason: networkReason(error) }, error)
}
