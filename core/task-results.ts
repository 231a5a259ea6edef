import type { Drift } from './drift.ts'
import type { HostResult } from './node-words.ts'

export interface RunResult {
  archive: { path: string; fileName: string; bytes: number; sha256: string; files: number; isPartial: boolean }
  collectors: { ran: number; failed: number; skipped: number }
  analysis: { pass: number; warn: number; fail: number } | undefined
  warnings: number
  /** requests that the API server refused for want of a right */
  refused: number
  redactions: number
  cpuMs: number
  /** what changed since the baseline, with its first lines; none when there was nothing that could drift */
  drift?: (Drift & { lines: string[] }) | undefined
}
export interface RedactResult {
  archive: { path: string; fileName: string; bytes: number; sha256: string; files: number; isPartial: boolean }
  /** how many places were masked */
  redaction: { rules: Record<string, number>; files: Record<string, number> }
  /** what could not be redacted, or has no place in a bundle */
  leftOut: { path: string; reason: string }[]
}
export interface DeliverResult {
  receipt?: { location: string; size: number; checksum?: { algorithm: string; value: string } | undefined; verified: boolean }
  error?: { code: string; message: string; remedy?: string | undefined; class: string; retryAfterMs?: number | undefined }
}
export interface PruneResult {
  removed: string[]
}
/** One thing that `inspect-spec` found; errors stop a job, warnings do not. */
export interface SpecIssue {
  code: string
  severity: 'error' | 'warning'
  message: string
  source: string
  line?: number | undefined
  column?: number | undefined
}
/** One entry of a spec, as far as it can be told without running it. */
export interface InspectedEntry {
  key: string
  source: string
  line?: number | undefined
  isExcluded: boolean
  kind: 'Collector' | 'HostCollector'
  /** `unsupported`: a collector of the peer for a product that few have; the entry is skipped */
  state: 'ready' | 'excluded' | 'unsupported' | 'invalid'
  /** folders and files in the bundle that it writes to */
  writes: string[]
  /** what it asks of the API server */
  permissions: { apiGroups: string[]; resources: string[]; verbs: string[]; nonResourceURLs?: string[] | undefined }[]
}
export interface InspectResult {
  issues: SpecIssue[]
  collectors: InspectedEntry[]
  documents: unknown[]
  /** what a profile adds to them, as a document of its own; not among `documents` */
  auto?: unknown
  targets: { uploader: string; config: Record<string, unknown> }[]
}
/** One element of analysis.json, in the peer's format. */
export interface AnalysisElement {
  name?: string
  /** `error`, `warn`, `debug` (all is well), or '' when nothing was said */
  severity: string
  insight: { primary: string; detail: string; [member: string]: unknown }
  [member: string]: unknown
}
export interface AnalyzeTaskResult {
  analysis: AnalysisElement[]
  counts: { pass: number; warn: number; fail: number }
  /** in the bundle */
  files: number
}
export interface PluginsResult {
  plugins: { kind: string; name: string; key: string; summary: string; version: string; isBuiltIn: boolean }[]
  problems: { code: string; message: string; remedy?: string | undefined }[]
}
export interface VerifyResult {
  /** false: the uploader has no way to ask */
  isVerified: boolean
}
export interface SweepResult {
  /** objects */
  removed: number
}
/** What a task gives back, by its name. */
export interface TaskResults {
  run: RunResult
  redact: RedactResult
  deliver: DeliverResult
  prune: PruneResult
  verify: VerifyResult
  'inspect-spec': InspectResult
  analyze: AnalyzeTaskResult
  sweep: SweepResult
  host: HostResult
  plugins: PluginsResult
}
export type TaskName = keyof TaskResults
