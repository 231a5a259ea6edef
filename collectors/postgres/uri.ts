import { parseConnectionUrl, uriProblem } from '../../core/contract/databases/connection-url.ts'
import type { TlsMaterial } from '../../core/contract/index.ts'

/** How a connection is encrypted: no, without a look at the certificate, or with one. */
export type Encryption = 'none' | 'unverified' | 'verify-ca' | 'verify-full'

/** One way to connect; they are tried in order. */
export interface Attempt {
  /** a folder of sockets when it begins with a slash */
  host: string
  port: number
  encryption: Encryption
}

export interface PostgresTarget {
  attempts: Attempt[]
  /** TLS begins at once, without asking for it */
  isDirect: boolean
  user: string
  password: string
  database: string
}

const DEFAULT_PORT = '5432'

/** What each `sslmode` tries, in order. */
const MODES: Readonly<Record<string, Encryption[]>> = {
  disable: ['none'],
  allow: ['none', 'unverified'],
  prefer: ['unverified', 'none'],
  require: ['unverified'],
  'verify-ca': ['verify-ca'],
  'verify-full': ['verify-full'],
}

/** Settings that name files: none of the machine that we run on is a job's to read. */
const FILES = ['sslcert', 'sslkey', 'sslrootcert', 'passfile', 'service', 'servicefile']

/**
 * Reads `postgres://user:password@host:port,host:port/database?sslmode=…`, or `host=… user=…`.
 *
 * @throws a plug-in error that quotes nothing of it
 */
export function parsePostgresUri(uri: string, tls: TlsMaterial | undefined): PostgresTarget {
  const settings = /^postgres(ql)?:\/\//.test(uri) ? settingsOfUrl(uri) : settingsOfPairs(uri)
  const get = (name: string) => settings.get(name) ?? ''
  const isSystem = get('sslrootcert') === 'system'
  const file = FILES.find((name) => get(name) !== '' && !(name === 'sslrootcert' && isSystem))
  if (file) throw uriProblem(`"${file}" names a file; put certificates under "tls", and a password into the uri`)
  const isDirect = get('sslnegotiation') === 'direct'
  const encryptions = encryptionsOf(isSystem ? 'verify-full' : get('sslmode') || 'prefer', tls)
  const wanted = isDirect ? encryptions.filter((one) => one !== 'none') : encryptions
  const hosts = (get('host') || 'localhost').split(',')
  const ports = (get('port') || DEFAULT_PORT).split(',').map(parsePort)
  return {
    attempts: hosts.flatMap((host, at) =>
      (host.startsWith('/') ? (['none'] as const) : wanted).map((encryption) => ({
        host,
        port: ports[at] ?? ports[0] ?? Number(DEFAULT_PORT),
        encryption,
      })),
    ),
    isDirect,
    user: get('user'),
    password: get('password'),
    database: get('database') || get('dbname'),
  }
}

/** An authority that is given is looked at, as libpq does it: `require` then is `verify-ca`. */
function encryptionsOf(mode: string, tls: TlsMaterial | undefined): Encryption[] {
  const encryptions = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined
  if (!encryptions) throw uriProblem(`its sslmode is none of ${Object.keys(MODES).join(', ')}`)
  if (tls?.skipVerify) return encryptions.map((one) => (one === 'none' ? one : 'unverified'))
  return mode === 'require' && tls && tls.ca !== '' ? ['verify-ca'] : encryptions
}

function settingsOfUrl(uri: string): Map<string, string> {
  const { user, password, places, path, query } = parseConnectionUrl(uri)
  const named = places.filter(({ host, port }) => host !== '' || port !== undefined)
  const parts = {
    user,
    password,
    host: named.map(({ host }) => host || 'localhost').join(','),
    port: named.map(({ port }) => port ?? DEFAULT_PORT).join(','),
    database: path,
  }
  return new Map([...Object.entries(parts).filter(([, value]) => value !== ''), ...query])
}

const PAIR = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*)?)(?:\s+|$)/sy

/** `host=a password='it''s'`, where a backslash takes what follows as it is. */
function settingsOfPairs(text: string): Map<string, string> {
  const settings = new Map<string, string>()
  PAIR.lastIndex = 0
  while (PAIR.lastIndex < text.length) {
    const [pair, name = '', quoted, plain = ''] = PAIR.exec(text) ?? []
    if (pair === undefined) throw uriProblem('it is neither a postgres:// URL nor a list like host=… user=…')
    settings.set(name, (quoted ?? plain).replaceAll(/\\(.)/gs, '$1'))
  }
  return settings
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw uriProblem('its host or port is invalid')
  return Number(text)
}
