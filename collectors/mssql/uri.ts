import { parseConnectionUrl, parsePlace, uriProblem } from '../../core/contract/databases/connection-url.ts'

export interface MssqlTarget {
  host: string
  port: number
  user: string
  password: string
  database: string
  encryption: 'none' | 'optional' | 'required' | 'strict'
  isTrusted: boolean
  /** that the certificate must have; empty = that of the host */
  certificateName: string
}

const DEFAULT_PORT = 1433

const SYNONYMS: Readonly<Record<string, string>> = {
  'data source': 'server',
  address: 'server',
  'network address': 'server',
  addr: 'server',
  user: 'user id',
  uid: 'user id',
  pwd: 'password',
  'initial catalog': 'database',
}

const ENCRYPTIONS: Readonly<Record<string, MssqlTarget['encryption']>> = {
  ...Object.fromEntries(['mandatory', 'yes', '1', 't', 'true'].map((one) => [one, 'required'])),
  ...Object.fromEntries(['', 'optional', 'no', '0', 'f', 'false'].map((one) => [one, 'optional'])),
  disable: 'none',
  strict: 'strict',
}

const TRUTHS = ['1', 't', 'true']

/** Settings that cannot be honoured, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  certificate: 'names a file; put certificates under "tls"',
  servercertificate: 'names a file; put certificates under "tls"',
  fedauth: 'asks for a login of Azure, which is not supported; use a login of SQL Server',
}

/**
 * Reads `sqlserver://user:password@host:port?database=…`, or a list like `server=…;user id=…;password=…`, with `odbc:` before it or
 * not. Keys in any case.
 *
 * @throws a plug-in error that quotes nothing of it
 */
export function parseMssqlUri(uri: string): MssqlTarget {
  const settings = uri.startsWith('sqlserver://') ? settingsOfUrl(uri) : settingsOfList(uri)
  const get = (name: string) => settings.get(name) ?? ''
  const refused = Object.keys(REFUSED).find((name) => get(name) !== '')
  if (refused) throw uriProblem(`"${refused}" ${REFUSED[refused]}`)
  if (get('user id').includes('\\')) throw uriProblem('a login of a Windows domain is not supported; use a login of SQL Server')
  const encrypt = get('encrypt').toLowerCase()
  const encryption = Object.hasOwn(ENCRYPTIONS, encrypt) ? ENCRYPTIONS[encrypt] : undefined
  if (!encryption) throw uriProblem('its "encrypt" is none of true, false, strict, disable')
  const trust = get('trustservercertificate').toLowerCase()
  return {
    ...placeOf(get('server'), get('port')),
    user: get('user id'),
    password: get('password'),
    database: get('database'),
    encryption,
    // who says nothing of encryption has not thought of certificates either
    isTrusted: encryption !== 'strict' && (trust === '' ? !settings.has('encrypt') : TRUTHS.includes(trust)),
    certificateName: get('hostnameincertificate'),
  }
}

/** `host`, `host,port`, `tcp:host\instance,port`: an instance alone would have to be asked for by UDP. */
function placeOf(server: string, port: string): { host: string; port: number } {
  const [, host = '', instance, ownPort = ''] = /^(?:tcp:)?([^\\,]*)(?:\\([^,]*))?(?:,(.*))?$/is.exec(server) ?? []
  const text = (ownPort || port).trim()
  if (instance && text === '') throw uriProblem('an instance that is named needs its port too')
  if (/^(np|lpc|admin):/i.test(server)) throw uriProblem('only TCP is supported')
  const given = host.trim().replace(/^\[(.*)\]$/, '$1')
  const name = ['', '.', '(local)'].includes(given) ? 'localhost' : given
  const place = parsePlace(`${name.includes(':') ? `[${name}]` : name}${text && `:${text}`}`)
  return { host: place.host, port: place.port ?? DEFAULT_PORT }
}

function settingsOfUrl(uri: string): Map<string, string> {
  const { user, password, places, path, query } = parseConnectionUrl(uri)
  const [{ host, port }, ...others] = places
  if (others.length > 0) throw uriProblem('it names several hosts')
  const parts = {
    'user id': user,
    password,
    server: `${host}${path && `\\${path}`}`,
    port: port === undefined ? '' : String(port),
  }
  const own = Object.entries(parts).filter(([, value]) => value !== '')
  return new Map([...own, ...[...query].map(([name, value]): [string, string] => [name.toLowerCase(), value])])
}

/** `a=b;c="d;e"`; of ODBC `c={d;e}`. */
function settingsOfList(text: string): Map<string, string> {
  const isOdbc = text.startsWith('odbc:')
  const quoted = isOdbc ? String.raw`\{(?:[^}]|\}\})*\}` : '"(?:[^"]|"")*"'
  const pair = new RegExp(String.raw`\s*([^=;]*?)\s*=\s*(${quoted}(?=\s*(?:;|$))|[^;]*)`, 'gs')
  const settings = new Map<string, string>()
  for (const [, name = '', value = ''] of text.replace(/^odbc:/, '').matchAll(pair)) {
    const key = name.toLowerCase()
    settings.set(Object.hasOwn(SYNONYMS, key) ? (SYNONYMS[key] ?? key) : key, unquoted(value.trim(), isOdbc))
  }
  if (!settings.has('server')) throw uriProblem('it is neither a sqlserver:// URL nor a list like server=…;user id=…')
  return settings
}

function unquoted(value: string, isOdbc: boolean): string {
  if (isOdbc) return /^\{.*\}$/s.test(value) ? value.slice(1, -1).replaceAll('}}', '}') : value
  return /^".*"$/s.test(value) && value.length > 1 ? value.slice(1, -1).replaceAll('""', '"') : value
}
