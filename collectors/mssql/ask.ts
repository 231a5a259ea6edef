import { connect, type Socket } from 'node:net'
import { Connection, type ConnectionConfiguration, Request } from 'tedious'
import type { Database, DatabaseAnswer } from '../../core/contract/databases/database.ts'
import { tlsOptions } from '../../core/contract/databases/tls-options.ts'
import type { TlsMaterial } from '../../core/contract/index.ts'
import { type MssqlTarget, parseMssqlUri } from './uri.ts'

type Place = Pick<MssqlTarget, 'host' | 'port'>

/** Longer than our own deadline, which is the one that counts. */
const TIMEOUT_MS = 60_000

/** Logs in, encrypted wherever the server can and may, and asks for the version. */
export async function askMssql({ uri, tls, signal, hide }: Database): Promise<DatabaseAnswer> {
  const target = parseMssqlUri(uri)
  hide(target.password)
  const text = await versionOf(await connectFirst(target, tls, signal))
  const [, version] = /SQL.*-\s+([0-9.]+)/.exec(text) ?? []
  if (version === undefined) return { version: 'Unknown', error: `this is no version of SQL Server: ${text}` }
  return { version }
}

/** `optional` means: encrypted, or not when the server cannot. */
async function connectFirst(target: MssqlTarget, tls: TlsMaterial | undefined, signal: AbortSignal): Promise<Connection> {
  const { encryption } = target
  if (encryption !== 'optional')
    return connectTo(target, encryption === 'strict' ? 'strict' : encryption === 'required', tls, signal)
  try {
    return await connectTo(target, true, tls, signal)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EENCRYPT') throw error
    return connectTo(target, false, tls, signal)
  }
}

function connectTo(
  { host, port, user, password, database, isTrusted, certificateName }: MssqlTarget,
  encrypt: boolean | 'strict',
  tls: TlsMaterial | undefined,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted()
  const { rejectUnauthorized = true, ...certificates } = tls ? tlsOptions(tls) : {}
  const config: ConnectionConfiguration = {
    server: host,
    authentication: { type: 'default', options: { userName: user, password } },
    options: {
      port,
      ...(database === '' ? {} : { database }),
      encrypt,
      trustServerCertificate: isTrusted || !rejectUnauthorized,
      ...(certificateName === '' ? {} : { serverName: certificateName }),
      cryptoCredentialsDetails: certificates,
      // Azure's gateways send a client on to where its database is: the place then comes as an argument.
      connector: (to: Place = { host, port }) => openSocket(to, signal),
      connectTimeout: TIMEOUT_MS,
      requestTimeout: TIMEOUT_MS,
      maxRetriesOnTransientErrors: 0,
      appName: 'support-bundle-schedule',
    },
  }
  const connection = new Connection(config)
  // Its own timers would hold the process for a minute.
  signal.addEventListener('abort', () => connection.close(), { once: true })
  return new Promise((resolve, reject) => {
    // Stays: whatever comes late has no one else to hear it, and would end the process.
    connection.on('error', reject)
    connection.connect((error) => (error ? reject(error) : resolve(connection)))
  })
}

function openSocket({ host, port }: Place, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const socket = connect({ host, port })
    socket.on('error', reject)
    socket.once('connect', () => resolve(socket))
    signal.addEventListener('abort', () => socket.destroy(), { once: true })
  })
}

function versionOf(connection: Connection): Promise<string> {
  return new Promise((resolve, reject) => {
    let version = ''
    const request = new Request('select @@version', (error) => (error ? reject(error) : resolve(version)))
    request.on('row', ([column]: { value: unknown }[]) => {
      if (typeof column?.value === 'string') version = column.value
    })
    connection.execSqlBatch(request)
  })
}
