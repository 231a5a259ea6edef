import type { Verdict } from './outcomes.ts'

/** What one check found. Becomes one element of analysis.json. */
export interface AnalyzeResult {
  /** `none`: the check ran and no outcome of the spec describes what it found */
  verdict: Verdict | 'none'
  title: string
  message: string
  /** where the spec's author explains more, or '' */
  uri: string
  iconKey: string
  iconUri: string
  isStrict: boolean
  /** the Kubernetes object that the result is about */
  involvedObject?: ObjectReference
}

export interface ObjectReference {
  kind: string
  namespace: string
  name: string
  apiVersion: string
}

/**
 * Looks at the files of one bundle as they pass by, redacted, in any order, and judges them at the end. Paths are
 * relative to the bundle's top folder; a file with several names is shown under each. Neither method throws.
 */
export interface Analyzer {
  /** Whether `file` should be called for this path. Cheap: asked for every file of the bundle. */
  wants(path: string): boolean
  /** Takes a wanted file; keeps no reference to `bytes`. */
  file(path: string, bytes: Uint8Array): void
  /** Told of a wanted file that is too large to be shown. */
  passedOver?(path: string): void
  /** Called once, after the last file. Gives at least one result unless the spec says to be silent without files. */
  finish(): AnalyzeResult[]
}

/** An analyzer whose result is known before any file. */
export function settled(...results: AnalyzeResult[]): Analyzer {
  return { wants: () => false, file: () => undefined, finish: () => results }
}

/** The result of a check that could not be made. It counts as failed, so that nobody takes its silence for health. */
export function failure(title: string, reason: string): AnalyzeResult {
  return plainResult(title, 'fail', `Analyzer Failed: ${reason}`)
}

export function plainResult(title: string, verdict: AnalyzeResult['verdict'], message: string): AnalyzeResult {
  return { verdict, title, message, uri: '', iconKey: '', iconUri: '', isStrict: false }
}
