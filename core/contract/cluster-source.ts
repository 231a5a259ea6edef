import type { CollectorContext } from './collector.ts'
import type { FileOutput, WarningOutput } from './plugin.ts'

/** A file with one JSON value, indented as kubectl and the peer do it. */
export function indentedJson(path: string, value: unknown): FileOutput {
  return { type: 'file', path, format: 'json', body: `${JSON.stringify(value, undefined, 2)}\n` }
}

/**
 * A warning that something of a cluster is not in the bundle. What was not granted, and what there is not, makes a bundle no
 * partial one: that is how the rights of the run are meant.
 */
export function missing(code: string, message: string, reasons: readonly unknown[]): WarningOutput {
  const isLoss = reasons.some((reason) => !QUIET.includes((reason as { class?: unknown } | null)?.class))
  return { type: 'warning', code, message, isLoss }
}

const QUIET: readonly unknown[] = ['permission', 'config']

/** The first line of what was thrown. */
export function reasonLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return text.split('\n')[0] || 'no reason was given'
}

/** For what an entry creates, or names without a place: its namespace, else the only one of the run, else the default one. */
export function ownNamespace(
  { namespaces, defaultNamespace = 'default' }: Pick<CollectorContext<unknown>, 'namespaces' | 'defaultNamespace'>,
  namespace = '',
): string {
  const [only] = namespaces.length === 1 && !namespaces.includes('*') ? namespaces : []
  return namespace || (only ?? defaultNamespace)
}

/** True for an error of the API server that says: there is no such thing. */
export function isNotFound(thrown: unknown): boolean {
  return (thrown as { code?: unknown } | null)?.code === 'API_NOT_FOUND'
}
