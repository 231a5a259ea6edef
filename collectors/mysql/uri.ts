import { decode, parsePlace, uriProblem } from '../../core/contract/databases/connection-url.ts'

/** `preferred`: without a look at the certificate, or else no TLS. */
export type Encryption = 'none' | 'verified' | 'unverified' | 'preferred'

export interface MysqlTarget {
  /** where it listens, or the path of its socket */
  host: string
  port: number
  socketPath: string
  user: string
  password: string
  database: string
  encryption: Encryption
}

const DEFAULT_PORT = 3306
const ENCRYPTIONS: Readonly<Record<string, Encryption>> = {
  '': 'none',
  false: 'none',
  '0': 'none',
  true: 'verified',
  '1': 'verified',
  'skip-verify': 'unverified',
  preferred: 'preferred',
}

/** The last slash ends the address, the last @ before it the password: nothing in a password needs an escape. */
const PARTS = /^(?:([\s\S]*)@)?([^@]*)\/([^/?]*)(?:\?([\s\S]*))?$/

/**
 * Reads `user:password@tcp(host:port)/database?tls=…`, as the driver of Go does it.
 *
 * @throws a plug-in error that quotes nothing of it
 */
export function parseMysqlDsn(dsn: string): MysqlTarget {
  const slash = dsn.lastIndexOf('/')
  const [, login = '', where, database = '', query = ''] = slash < 0 ? [] : (PARTS.exec(dsn) ?? [])
  if (where === undefined) throw uriProblem('it is not like user:password@tcp(host:3306)/database')
  const [user = '', ...password] = login.split(':')
  const [, network, address = ''] = /^([a-z]*)(?:\((.*)\))?$/s.exec(where) ?? []
  if (network === undefined || !['', 'tcp', 'unix'].includes(network))
    throw uriProblem('its address is not like tcp(host:3306) or unix(/path)')
  const isFile = network === 'unix'
  const place = isFile ? undefined : parsePlace(address || '127.0.0.1')
  const tls = new URLSearchParams(query).get('tls')?.toLowerCase() ?? ''
  const encryption = Object.hasOwn(ENCRYPTIONS, tls) ? ENCRYPTIONS[tls] : undefined
  if (!encryption) throw uriProblem('its "tls" is none of true, false, skip-verify, preferred; put certificates under "tls"')
  return {
    host: place?.host || '127.0.0.1',
    port: place?.port ?? DEFAULT_PORT,
    socketPath: isFile ? address || '/tmp/mysql.sock' : '',
    user,
    password: password.join(':'),
    database: decode(database),
    encryption,
  }
}
