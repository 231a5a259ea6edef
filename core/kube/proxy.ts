import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, isIP, type Socket } from 'node:net'

/**
 * A raw connection to `host:port` through a proxy: `http://` and `https://` ones by CONNECT, `socks5://` and `socks5h://` by
 * RFC 1928; names are resolved by the proxy. User and password in the proxy's URL are sent to it.
 *
 * @param signal ends the attempt with its reason
 * @throws an Error that says what the proxy answered
 */
export function dialThroughProxy(proxy: string, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const url = new URL(proxy)
  if (url.protocol === 'http:' || url.protocol === 'https:') return dialHttp(url, host, port, signal)
  if (url.protocol === 'socks5:' || url.protocol === 'socks5h:') return dialSocks(url, host, port, signal)
  return Promise.reject(new Error(`proxies of kind ${url.protocol} are not known`))
}

const unusable = (proxy: URL, error: Error) =>
  new Error(`the proxy ${proxy.host} cannot be used: ${error.message}`, { cause: error })
const bare = (host: string) => host.replace(/^\[|\]$/g, '')

function dialHttp(proxy: URL, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const target = `${isIP(bare(host)) === 6 ? `[${bare(host)}]` : host}:${port}`
  const user = decodeURIComponent(proxy.username)
  const secret = Buffer.from(`${user}:${decodeURIComponent(proxy.password)}`).toString('base64')
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
      host: bare(proxy.hostname),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...(user ? { 'proxy-authorization': `Basic ${secret}` } : {}) },
      agent: false,
      signal,
    })
    request.once('connect', (response, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      if (response.statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(new Error(`the proxy ${proxy.host} answered ${response.statusCode}`))
    })
    request.once('response', (response) => {
      response.resume()
      reject(new Error(`the proxy ${proxy.host} answered ${response.statusCode}`))
    })
    request.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : unusable(proxy, error)))
    request.end()
  })
}

const SOCKS_REPLIES: Record<number, string> = {
  1: 'general failure',
  2: 'not allowed by its rules',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'time to live expired',
}

async function dialSocks(proxy: URL, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host: bare(proxy.hostname), port: Number(proxy.port || 1080) })
  const failed = new Promise<never>((_, reject) => {
    socket.on('error', (error) => reject(unusable(proxy, error)))
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    socket.once('close', () => reject(new Error(`the proxy ${proxy.host} closed the connection`)))
  })
  failed.catch(() => undefined)
  const ask = async (bytes: readonly number[], answerLength: number) => {
    socket.write(Uint8Array.from(bytes))
    return Promise.race([readExactly(socket, answerLength), failed])
  }
  try {
    await socksLogin(proxy, ask)
    const name = Buffer.from(bare(host))
    if (name.length > 255) throw new Error('the name of the server is too long for the proxy')
    // always as a name: an address in letters is one too, and the proxy reads it
    const head = await ask([5, 1, 0, 3, name.length, ...name, port >> 8, port & 255], 5)
    if (head[1] !== 0) throw new Error(`the proxy ${proxy.host} refused: ${SOCKS_REPLIES[head[1] ?? 1] ?? `code ${head[1]}`}`)
    const addressLength = head[3] === 1 ? 4 : head[3] === 4 ? 16 : (head[4] ?? 0) + 1
    await Promise.race([readExactly(socket, addressLength + 1), failed])
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function socksLogin(proxy: URL, ask: (bytes: readonly number[], answerLength: number) => Promise<Buffer>): Promise<void> {
  const hasUser = proxy.username !== ''
  const [version, method] = await ask(hasUser ? [5, 2, 0, 2] : [5, 1, 0], 2)
  if (version !== 5 || method === 255) throw new Error(`the proxy ${proxy.host} accepts none of our ways to log in`)
  if (method !== 2) return
  const user = Buffer.from(decodeURIComponent(proxy.username))
  const password = Buffer.from(decodeURIComponent(proxy.password))
  const answer = await ask([1, user.length, ...user, password.length, ...password], 2)
  if (answer[1] !== 0) throw new Error(`the proxy ${proxy.host} refused user and password`)
}

/** Takes exactly `length` bytes, so that what follows stays in the socket for TLS. */
function readExactly(socket: Socket, length: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const take = () => {
      const bytes = socket.read(length) as Buffer | null
      if (bytes) resolve(bytes)
      else socket.once('readable', take)
    }
    take()
  })
}
