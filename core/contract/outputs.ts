import type { FileOutput, WarningOutput } from './plugin.ts'

/** A file with one JSON value, keys in the order of the object. */
export function jsonFile(path: string, value: unknown): FileOutput {
  return { type: 'file', path, format: 'json', body: JSON.stringify(value) }
}

/** A warning that stands in the bundle's report. */
export function warning(code: string, message: string): WarningOutput {
  return { type: 'warning', code, message }
}
