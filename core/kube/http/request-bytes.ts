import { TOKEN } from './token.ts'

/** A request as it goes out. */
export interface HttpRequest {
  method: string
  /** with the query */
  path: string
  host: string
  headers: Readonly<Record<string, string | readonly string[]>>
  body: Uint8Array | undefined
}

const NAME = new RegExp(`^${TOKEN}$`)
const TAKES_BODY = ['POST', 'PUT', 'PATCH']

/**
 * The bytes of a request of HTTP/1.1; without a body, as Latin-1 text.
 *
 * @throws Error where a character would end the line, so that a name or a token never becomes a header of its own
 */
export function requestBytes({ method, path, host, headers, body }: HttpRequest): Buffer | string {
  if (!/^[A-Z]+$/.test(method)) throw new Error(`${JSON.stringify(method)} is no method of HTTP`)
  if (!/^[\x21-\x7e]+$/.test(path)) throw new Error('its path has characters that an address cannot have')
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n`
  for (const [name, value] of Object.entries(headers))
    for (const one of typeof value === 'string' ? [value] : value) head += headerLine(name, one)
  if (!body && TAKES_BODY.includes(method)) head += 'content-length: 0\r\n'
  head += '\r\n'
  if (!body) return head
  const bytes = Buffer.allocUnsafe(head.length + body.length)
  bytes.write(head, 'latin1')
  bytes.set(body, head.length)
  return bytes
}

function headerLine(name: string, value: string): string {
  if (!NAME.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a header`)
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new Error(`the header "${name}" has characters that a header cannot have`)
  return `${name}: ${value}\r\n`
}
