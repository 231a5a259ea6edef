import { type Clock, deadline } from '../../core/clock.ts'
import { fail, isFailure, reasonOf } from '../../core/errors.ts'
import { MAX_SPEC_BYTES } from './parse.ts'

/** The part of `fetch` that is used; redirects are not followed by it. */
export type Fetch = (
  url: string,
  init: { redirect: 'manual'; signal: AbortSignal },
) => Promise<{ status: number; headers: { get(name: string): string | null }; body: AsyncIterable<Uint8Array> | null }>

const TIMEOUT_MS = 30_000
const MAX_REDIRECTS = 5

/**
 * The text of a spec from an http(s) address that begins with one of `allowed`, and so does every address that it redirects to.
 * Throws SPEC_URL_REFUSED, SPEC_SOURCE, or the signal's reason.
 */
export async function fetchSpec(
  url: string,
  edge: { fetch: Fetch; allowed: readonly string[]; signal: AbortSignal; clock: Clock },
): Promise<string> {
  const late = deadline(edge.clock, TIMEOUT_MS, new Error(`no whole answer within ${TIMEOUT_MS / 1000} s`))
  const signal = AbortSignal.any([edge.signal, late.signal])
  let address = url
  try {
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      if (!isAllowed(address, edge.allowed)) throw fail('SPEC_URL_REFUSED', { url: withoutQuery(address) })
      const { status, headers, body } = await edge.fetch(address, { redirect: 'manual', signal })
      const next = headers.get('location')
      if (status >= 300 && status < 400 && next !== null) address = new URL(next, address).href
      else if (status === 200) return await readText(body)
      else throw new Error(`the server answered ${status}`)
    }
    throw new Error(`more than ${MAX_REDIRECTS} redirects`)
  } catch (error) {
    edge.signal.throwIfAborted()
    if (isFailure(error, 'SPEC_URL_REFUSED')) throw error
    throw fail(
      'SPEC_SOURCE',
      { source: withoutQuery(url), reason: reasonOf(causeOf(error)), remedy: 'check the address and the network' },
      error,
    )
  } finally {
    late.stop()
  }
}

/** Whether an address begins with one of the prefixes: the whole origin is one, or a path up to a `/`. */
export function isAllowed(address: string, prefixes: readonly string[]): boolean {
  if (!URL.canParse(address)) return false
  const url = new URL(address)
  if (url.username !== '' || url.password !== '' || !/^https?:$/.test(url.protocol)) return false
  return prefixes.some((prefix) => {
    if (/^https?:\/\/$/.test(prefix)) return prefix === `${url.protocol}//`
    if (!URL.canParse(prefix)) return false
    const { origin, pathname } = new URL(prefix)
    const isBelow = url.pathname === pathname || url.pathname.startsWith(pathname.endsWith('/') ? pathname : `${pathname}/`)
    return url.origin === origin && isBelow
  })
}

/** What is wrong with a connection stands below the error that fetch throws. */
function causeOf(error: unknown): unknown {
  return error instanceof TypeError && error.cause !== undefined ? error.cause : error
}

/** Queries hold tokens of signed addresses, which are nobody's business. */
const withoutQuery = (address: string): string => address.replace(/[?#].*$/, '').replace(/\/\/[^/@]*@/, '//')

async function readText(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MAX_SPEC_BYTES) throw new Error(`it is longer than ${MAX_SPEC_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
