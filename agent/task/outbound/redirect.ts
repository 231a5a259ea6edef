import type { IncomingMessage } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import { fail } from '../../../core/errors.ts'
import { basic, type Hop } from './hop.ts'

const REDIRECTS = new Set([301, 302, 303, 307, 308])
/** What another origin may be told. Any other header can hold a credential, whatever it is called. */
const HARMLESS = new Set(['accept', 'accept-encoding', 'accept-language', 'content-type', 'user-agent'])
const OF_BODY = new Set(['content-type', 'content-length', 'content-encoding', 'transfer-encoding'])

/**
 * The next hop that an answer asks for; undefined when it is no redirect.
 *
 * @throws HTTP_REQUEST for a place that is none
 */
export function nextHop(hop: Hop, response: IncomingMessage): Hop | undefined {
  const { statusCode = 0, headers } = response
  if (!REDIRECTS.has(statusCode) || headers.location === undefined) return undefined
  const url = placeOf(headers.location, hop.url)
  const isSame = url.origin === hop.url.origin
  const keepsBody = statusCode >= 307 || hop.method === 'GET' || hop.method === 'HEAD'
  const method = keepsBody ? hop.method : 'GET'
  const kept = Object.entries(hop.headers).filter(([name]) => (isSame || HARMLESS.has(name)) && (keepsBody || !OF_BODY.has(name)))
  const login = basic(url)
  return {
    ...hop,
    url,
    method,
    body: keepsBody ? hop.body : undefined,
    headers: { ...Object.fromEntries(kept), ...(login ? { authorization: login } : {}) },
    tls: isSame ? hop.tls : withoutIdentity(hop.tls),
  }
}

function placeOf(location: string, from: URL): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (url && /^https?:$/.test(url.protocol)) return url
  throw fail('HTTP_REQUEST', { origin: from.origin, reason: 'it redirects to something that is no http or https address' })
}

/** A certificate proves who we are, and a name was meant for the first server. What is trusted stays. */
function withoutIdentity({ ca, rejectUnauthorized }: ConnectionOptions): ConnectionOptions {
  return { ...(ca === undefined ? {} : { ca }), ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }) }
}
