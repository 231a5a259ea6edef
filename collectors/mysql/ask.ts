import { connect } from 'node:net'
import { type Connection, type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2'
import { type Database, type DatabaseAnswer, failureText } from '../../core/contract/databases/database.ts'
import { tlsOptions } from '../../core/contract/databases/tls-options.ts'
import type { TlsMaterial } from '../../core/contract/index.ts'
import { type Encryption, type MysqlTarget, parseMysqlDsn } from './uri.ts'

/** Asks for the version, and for those of all server variables that are wanted. */
export async function askMysql({ uri, tls, parameters, signal, hide }: Database): Promise<DatabaseAnswer> {
  const target = parseMysqlDsn(uri)
  hide(target.password)
  const connection = await connectFirst(target, tls, signal)
  const [[version = ''] = []] = await rowsOf(connection, 'select version()')
  const answer: DatabaseAnswer = { version }
  if (parameters.length > 0) {
    try {
      const known = new Map((await rowsOf(connection, 'show variables')).map(([name = '', value = '']) => [name, value]))
      answer.variables = Object.fromEntries(
        parameters.filter((name) => known.has(name)).map((name) => [name, known.get(name) ?? '']),
      )
    } catch (error) {
      answer.error = failureText(error)
    }
  }
  // It says goodbye. Nobody waits for an answer: the signal fires when we are done, and closes the socket.
  connection.end(() => undefined)
  return answer
}

/** `preferred` means: with TLS, or without when the server has none. */
async function connectFirst(target: MysqlTarget, tls: TlsMaterial | undefined, signal: AbortSignal): Promise<Connection> {
  const ssl = tls ? { ...tlsOptions(tls), verifyIdentity: !tls.skipVerify } : sslOf(target.encryption)
  try {
    return await connectTo(target, ssl, signal)
  } catch (error) {
    const hasNoTls = (error as { code?: unknown }).code === 'HANDSHAKE_NO_SSL_SUPPORT'
    if (!hasNoTls || tls || target.encryption !== 'preferred') throw error
    return connectTo(target, undefined, signal)
  }
}

function sslOf(encryption: Encryption): ConnectionOptions['ssl'] {
  if (encryption === 'none') return undefined
  const isVerified = encryption === 'verified'
  return { rejectUnauthorized: isVerified, verifyIdentity: isVerified }
}

function connectTo(
  { host, port, socketPath, user, password, database }: MysqlTarget,
  ssl: ConnectionOptions['ssl'],
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted()
  const socket = socketPath === '' ? connect({ host, port }) : connect({ path: socketPath })
  // The library looks for names in certificates only. For an address TLS then looks here, and else would look for "localhost".
  Object.assign(socket, { _host: host })
  const connection = createConnection({
    host,
    user,
    password,
    ...(database === '' ? {} : { database }),
    ...(ssl === undefined ? {} : { ssl }),
    stream: socket,
    // our own deadline is the one that counts
    connectTimeout: 0,
    disableEval: true,
  })
  signal.addEventListener('abort', () => socket.destroy(), { once: true })
  return new Promise((resolve, reject) => {
    // Stays: whatever comes late has no one else to hear it, and would end the process.
    connection.on('error', reject)
    socket.once('close', () => reject(new Error('the server closed the connection')))
    connection.connect((error) => {
      if (error) reject(error)
      else resolve(connection)
    })
  })
}

/** Each row a list of its values, which are texts for all that is asked here. */
function rowsOf(connection: Connection, sql: string): Promise<string[][]> {
  return new Promise((resolve, reject) => {
    connection.query<RowDataPacket[][]>({ sql, rowsAsArray: true }, (error, rows) => {
      if (error) reject(error)
      else resolve(rows.map((row) => row.map((value: unknown) => (typeof value === 'string' ? value : ''))))
    })
  })
}
