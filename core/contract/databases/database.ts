import { missing, reasonLine } from '../cluster-source.ts'
import type { CollectorContext, Permission } from '../collector.ts'
import { jsonFile, warning } from '../outputs.ts'
import { type Output, pluginError, type WarningOutput } from '../plugin.ts'
import { readTls, readValue, type TlsMaterial, type TlsSource, type ValueSource } from '../value-source.ts'

/** An entry that names a database. */
export interface DatabaseEntry {
  collectorName?: string | undefined
  uri: ValueSource
  parameters: string[]
  tls?: TlsSource | undefined
}

/** What to connect to. `signal` fires in any case, at the latest when all is said: no socket may stay open then. */
export interface Database {
  uri: string
  tls: TlsMaterial | undefined
  /** names of variables that are asked for */
  parameters: string[]
  signal: AbortSignal
  /** takes a password: whatever is told of a failure will not hold it */
  hide(secret: string): void
}

/** What a database that let us in says of itself. `error`: what it did not say, and why. */
export interface DatabaseAnswer {
  version: string
  error?: string
  variables?: Record<string, string>
}

/** What reading of `valueFrom` and `tls.secret` takes. */
export const DATABASE_PERMISSIONS: Permission[] = [
  { apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['get'], why: 'only for valueFrom and tls.secret' },
]

/** How long a database has for all that it is asked. */
const DEADLINE_MS = 10_000
const MASK = '***HIDDEN***'

/**
 * `<key>/<collectorName, or key>.json` = `{isConnected, error?, version?, variables?}`, and a warning besides when something went
 * wrong. What cannot be connected to is a finding, not a loss.
 *
 * @param ask connects, asks and disconnects; what it throws is the reason why not
 */
export async function* databaseFile(
  context: CollectorContext<DatabaseEntry>,
  key: string,
  ask: (database: Database) => Promise<DatabaseAnswer>,
): AsyncGenerator<Output> {
  const { config, signal } = context
  signal.throwIfAborted()
  const { connection, warnings } = await connect(context, key, ask)
  signal.throwIfAborted()
  yield jsonFile(`${key}/${config.collectorName || key}.json`, connection)
  yield* warnings
}

interface Outcome {
  connection: { isConnected: boolean; error?: string; version?: string; variables?: Record<string, string> }
  warnings: WarningOutput[]
}

async function connect(
  context: CollectorContext<DatabaseEntry>,
  key: string,
  ask: (database: Database) => Promise<DatabaseAnswer>,
): Promise<Outcome> {
  const { config } = context
  const told = `${key} ${config.collectorName || key}`
  const read = await readTarget(context).catch((error: unknown) => ({ error }))
  if ('error' in read) {
    const reason = reasonLine(read.error)
    const warnings = [missing('DATABASE_NOT_ASKED', `${told}: ${reason}`, [read.error])]
    return { connection: { isConnected: false, error: reason }, warnings }
  }
  const secrets = [read.uri]
  const database = { ...read, parameters: config.parameters, hide: (secret: string) => void secrets.push(secret) }
  try {
    const { version, error, variables } = await inTime(context, (signal) => ask({ ...database, signal }))
    const hasVariables = variables && Object.keys(variables).length > 0
    const rest = { version, ...(hasVariables ? { variables } : {}) }
    if (error === undefined) return { connection: { isConnected: true, ...rest }, warnings: [] }
    const reason = masked(error, secrets)
    const warnings = [warning('DATABASE_PARTLY_ASKED', `${told}: ${reason}`)]
    return { connection: { isConnected: true, error: reason, ...rest }, warnings }
  } catch (error) {
    const reason = masked(failureText(error), secrets)
    const warnings = [warning('DATABASE_NOT_CONNECTED', `${told}: ${reason}`)]
    return { connection: { isConnected: false, error: reason }, warnings }
  }
}

async function readTarget(context: CollectorContext<DatabaseEntry>): Promise<Pick<Database, 'uri' | 'tls'>> {
  const [uri, tls] = [await readValue(context.config.uri, context), await readTls(context.config.tls, context)]
  if (uri === '') throw pluginError('DATABASE_URI_INVALID', 'the uri is empty', { class: 'config' })
  return { uri, tls }
}

/** Does the work with a signal that fires when it is late, when the run is aborted, and when the work is over. */
async function inTime<Value>(
  { clock, signal }: Pick<CollectorContext<unknown>, 'clock' | 'signal'>,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const late = () => over.abort(new Error(`there was no answer within ${DEADLINE_MS / 1000} s`))
  clock.sleep(DEADLINE_MS, either).then(late, () => undefined)
  try {
    const aborted = new Promise<never>((_, reject) => {
      either.addEventListener('abort', () => reject(either.reason as Error), { once: true })
    })
    return await Promise.race([work(either), aborted])
  } finally {
    over.abort(new Error('it is over'))
  }
}

/** How OpenSSL tells of an error: with the number of a thread, places in its source, and the reason between them. */
const OPENSSL = /\b[0-9A-F]{8,}:error:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+):[^\n]*/g

/** What was thrown as text. Node tells of several addresses that it tried in an error without a message. */
export function failureText(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return failuresText(error.errors)
  const text = (error instanceof Error ? error.message : String(error)) || 'no reason was given'
  return text.replace(OPENSSL, 'TLS: $1')
}

/** What several tries came to, each reason once. */
export function failuresText(errors: readonly unknown[]): string {
  return [...new Set(errors.map((error) => failureText(error)))].join('; ')
}

/** The first line, in which no secret stands in any of the ways that servers and URLs write one. */
function masked(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
  const longestFirst = [...new Set(forms)].filter((form) => form !== '').toSorted((a, b) => b.length - a.length)
  return reasonLine(longestFirst.reduce((rest, form) => rest.replaceAll(form, MASK), text))
}
