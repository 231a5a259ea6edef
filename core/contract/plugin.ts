/**
 * The parts that collectors and uploaders share: manifest, context, schema and output.
 *
 * Structural on purpose: a plain object of these shapes is a plug-in, and no import of ours is needed to write one.
 * Only time, randomness and the outside world come from the context; `node:` built-ins and a plug-in's own bundled
 * packages may be imported.
 */

/** The contract's version. A new required member makes v2; a new optional one does not. */
export const CONTRACT = 'support-bundle-schedule/v1'

/** The part of Standard Schema v1 (https://standardschema.dev) that the host calls; zod and valibot schemas have it. */
export interface StandardSchema<Config = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Config> | Promise<SchemaResult<Config>>
    readonly types?: { readonly input: unknown; readonly output: Config } | undefined
  }
}
export type SchemaResult<Config> =
  | { readonly value: Config; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Parses a plug-in's config. All defaults live in it. */
export type ConfigSchema<Config = unknown> = StandardSchema<Config>

export interface Manifest {
  apiVersion: typeof CONTRACT
  /** kebab-case, the same as the folder */
  name: string
  /** semver of the plug-in */
  version: string
  /** one line */
  summary: string
}

export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Time as plug-ins see it. `sleep` rejects with the signal's reason when aborted. */
export interface Clock {
  now(): Date
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Which run a plug-in works for. `slot` is the nominal instant, not the start. */
export interface RunIdentity {
  id: string
  job: string
  namespace: string
  slot: Date
  trigger: 'schedule' | 'manual' | 'once'
}

export interface Context<Config> {
  /** parsed by configSchema */
  config: Config
  run: RunIdentity
  /** deadline, cancel, shutdown: see signal.reason */
  signal: AbortSignal
  log: Logger
  clock: Clock
}

/** Lazy bodies are opened by the host, at most once, several at a time, in any order. */
export type Body = string | Uint8Array | (() => AsyncIterable<Uint8Array>)

/** `binary` cannot be redacted, and is refused unless the job allows it. */
export interface FileOutput {
  type: 'file'
  /** relative to the bundle's top folder, `/` as separator */
  path: string
  /** other names of the same file, known before its body */
  links?: string[]
  format: 'text' | 'json' | 'binary'
  body: Body
  /** what to write when the body cannot be read; `reason` is one line. Without it, only the report says so */
  instead?: (reason: string) => FileOutput
}
export interface WarningOutput {
  type: 'warning'
  code: string
  message: string
  /** something that was asked for is missing: the bundle counts as partial. Not for what was not granted. Default false */
  isLoss?: boolean
}
export type Output = FileOutput | WarningOutput

/** How the host treats a plug-in's failure: `retryable` is tried again, all others are not. */
export type ErrorClass = 'retryable' | 'permission' | 'config' | 'resource' | 'bug'

export interface PluginError extends Error {
  code: string
  class: ErrorClass
  retryAfterMs?: number
  remedy?: string
}

const BRAND = Symbol.for('support-bundle-schedule/plugin-error')

/** Makes an error that the host understands. Known by a `Symbol.for` brand, so that copies of this module agree. */
export function pluginError(
  code: string,
  message: string,
  options: { class: ErrorClass; retryAfterMs?: number; remedy?: string; cause?: unknown },
): PluginError {
  const { cause, ...rest } = options
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code, ...rest, [BRAND]: true })
}

/** True for errors made by `pluginError`, in whichever copy of this module. */
export function isPluginError(error: unknown): error is PluginError {
  return error instanceof Error && BRAND in error
}
