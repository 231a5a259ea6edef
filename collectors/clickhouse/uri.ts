import { parseConnectionUrl, type Place, uriProblem } from '../../core/contract/databases/connection-url.ts'
import type { TlsMaterial } from '../../core/contract/index.ts'

export interface ClickhouseTarget {
  /** tried in order */
  places: { host: string; port: number }[]
  isHttp: boolean
  isEncrypted: boolean
  skipVerify: boolean
  /** that the certificate must have; empty = that of the host */
  certificateName: string
  user: string
  password: string
  database: string
  /** of HTTP: begins with a slash, or is empty */
  path: string
}

/** By protocol, plain and encrypted. */
const PORTS = { native: [9000, 9440], http: [8123, 8443] } as const

/**
 * Reads `clickhouse://user:password@host:port,host:port/database?secure=true`, of any scheme for the native protocol, or
 * `http(s)://…` for that one.
 *
 * @throws a plug-in error that quotes nothing of it
 */
export function parseClickhouseUri(uri: string, tls: TlsMaterial | undefined): ClickhouseTarget {
  const { scheme, user, password, places, path, query } = parseConnectionUrl(uri)
  const isHttp = scheme === 'http' || scheme === 'https'
  const get = (name: string) => query.get(name) ?? ''
  const isSecure = flag(query.get('secure'))
  if (scheme === 'http' && isSecure) throw uriProblem('"secure" wants https://')
  if (places.some(({ host }) => host === '')) throw uriProblem('it names no host')
  const isEncrypted = scheme === 'https' || isSecure || (tls !== undefined && !isHttp)
  const port = PORTS[isHttp ? 'http' : 'native'][isEncrypted ? 1 : 0]
  const httpPath = get('http_path')
  return {
    places: places.map((place: Place) => ({ host: place.host, port: place.port ?? port })),
    isHttp,
    isEncrypted,
    skipVerify: tls?.skipVerify ?? flag(query.get('skip_verify')),
    certificateName: get('tls_server_name'),
    user: get('username') || user || 'default',
    password: get('password') || password,
    database: get('database') || path,
    path: httpPath === '' || httpPath.startsWith('/') ? httpPath : `/${httpPath}`,
  }
}

/** A flag without a value is set. */
function flag(value: string | undefined): boolean {
  return value !== undefined && ['', '1', 't', 'true'].includes(value.toLowerCase())
}
