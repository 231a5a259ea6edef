import type { Http } from '../../core/contract/index.ts'
import type { TlsMaterial } from '../../core/contract/index.ts'
import type { ClickhouseTarget } from './uri.ts'

const MAX_BYTES = 100_000
const TIMEOUT_MS = 10_000

/** What `SELECT version()` says by HTTP. Throws with the server's own words when it says no. */
export async function askByHttp(
  { host, port }: { host: string; port: number },
  target: ClickhouseTarget,
  tls: TlsMaterial | undefined,
  http: Http,
): Promise<string> {
  const { isEncrypted, path, database } = target
  const query = new URLSearchParams({ query: 'SELECT version()', ...(database === '' ? {} : { database }) })
  const name = host.includes(':') ? `[${host}]` : host
  const { status, body } = await http.send({
    url: `${isEncrypted ? 'https' : 'http'}://${name}:${port}${path || '/'}?${query.toString()}`,
    headers: login(target),
    ...(isEncrypted ? { tls: tlsOf(target, tls) } : {}),
    maxRedirects: 0,
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
  })
  const text = Buffer.from(body).toString('utf8').trim()
  if (status !== 200) throw new Error(`status ${status}: ${text || 'no reason was given'}`)
  if (!/^\d[\w.+-]*$/.test(text)) throw new Error('what answers there is no ClickHouse')
  return text
}

/** With TLS a user without a password is known by a certificate, as the driver of Go has it. */
function login({ user, password, isEncrypted }: ClickhouseTarget): Record<string, string> {
  if (!isEncrypted) return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
  if (password === '') return { 'x-clickhouse-user': user, 'x-clickhouse-ssl-certificate-auth': 'on' }
  return { 'x-clickhouse-user': user, 'x-clickhouse-key': password }
}

function tlsOf({ skipVerify, certificateName }: ClickhouseTarget, tls: TlsMaterial | undefined) {
  return {
    ...(tls && tls.ca !== '' ? { ca: tls.ca } : {}),
    ...(tls && tls.cert !== '' ? { cert: tls.cert, key: tls.key } : {}),
    ...(certificateName === '' ? {} : { serverName: certificateName }),
    isUnverified: skipVerify,
  }
}
