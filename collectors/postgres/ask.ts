import { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import { type Database, type DatabaseAnswer, failuresText } from '../../core/contract/databases/database.ts'
import type { TlsMaterial } from '../../core/contract/index.ts'
import { type Attempt, type Encryption, parsePostgresUri, type PostgresTarget } from './uri.ts'

/** With these the server has decided: another way to it is not tried. Wrong password, no such database, no right to it. */
const FINAL = ['28P01', '3D000', '42501']

/** Connects to the first host that lets us in, and asks for its version. Throws what went wrong with all of them. */
export async function askPostgres({ uri, tls, signal, hide }: Database): Promise<DatabaseAnswer> {
  const target = parsePostgresUri(uri, tls)
  hide(target.password)
  const failures: unknown[] = []
  for (const attempt of target.attempts) {
    try {
      return parseVersion(await askOne(attempt, target, tls, signal))
    } catch (error) {
      signal.throwIfAborted()
      failures.push(error)
      if (FINAL.includes(String((error as { code?: unknown }).code))) break
    }
  }
  throw new Error(failuresText(failures))
}

/** What `select version()` says. */
async function askOne(
  { host, port, encryption }: Attempt,
  { user, password, database, isDirect }: PostgresTarget,
  tls: TlsMaterial | undefined,
  signal: AbortSignal,
): Promise<string> {
  const socket = new Socket()
  const client = new pg.Client({
    host,
    port,
    ...(user === '' ? {} : { user }),
    // A function, since the library looks for an empty one in the environment and in files.
    password: () => password,
    ...(database === '' ? {} : { database }),
    ssl: sslOf(encryption, tls),
    ...(isDirect ? { sslNegotiation: 'direct' } : {}),
    stream: () => socket,
    application_name: 'support-bundle-schedule',
  })
  // Whatever comes late has no one to hear it, and would end the process.
  client.on('error', () => undefined)
  signal.addEventListener('abort', () => socket.destroy(), { once: true })
  await client.connect()
  const { rows } = await client.query<{ version: string }>('select version()')
  // It says goodbye. Nobody waits for an answer: the signal fires when we are done, and closes the socket.
  client.end().catch(() => undefined)
  return rows[0]?.version ?? ''
}

function sslOf(encryption: Encryption, tls: TlsMaterial | undefined): false | ConnectionOptions {
  if (encryption === 'none') return false
  const { ca = '', cert = '', key = '' } = tls ?? {}
  return {
    ...(ca === '' ? {} : { ca: [ca] }),
    ...(cert === '' ? {} : { cert, key }),
    rejectUnauthorized: encryption !== 'unverified',
    ...(encryption === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  }
}

/** "PostgreSQL 15.3 on x86_64…" */
function parseVersion(text: string): DatabaseAnswer {
  const [, version] = /PostgreSQL ([0-9.]*)/.exec(text) ?? []
  if (version === undefined) return { version: 'Unknown', error: `this is no version of PostgreSQL: ${text}` }
  return { version }
}
