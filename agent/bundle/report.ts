import type { Drift } from '../../core/drift.ts'
import type { Problem } from '../../core/errors.ts'

/** What happened to one entry of the spec. */
export interface CollectorReport {
  key: string
  source: string
  /** which node it looked at, for a host collector that ran on nodes */
  node?: string
  state: 'ran' | 'failed' | 'skipped'
  startedAt?: string
  durationMs: number
  files: number
  bytes: number
  /** sent to the API server */
  requests: number
  /** requests that the server refused for want of a right */
  refused: number
  warnings: Problem[]
  /** false: something that was asked for is not in the bundle */
  isComplete: boolean
  error?: Problem
}

/** `support-bundle-schedule/report.json` inside the bundle: what was collected, what was not, and why. */
export interface BundleReport {
  schema: 1
  version: string
  run: { id: string; job: string; namespace: string; slot: string; trigger: string }
  startedAt: string
  endedAt: string
  isPartial: boolean
  collectors: CollectorReport[]
  warnings: Problem[]
  redaction: { rules: Record<string, number>; files: Record<string, number> } | 'off'
  /** since the last good run of the job; more of it is in drift-report.json */
  drift?: (Drift & { lines: string[] }) | undefined
}

export const encodeReport = (report: BundleReport): string => `${JSON.stringify(report, undefined, 2)}\n`

/** Lines that `sha256sum --check` reads, from the bundle's top folder. A "-" alone would be its standard input. */
export function* checksumLines(sums: Iterable<readonly [path: string, sha256: string]>): Generator<Buffer> {
  let lines = ''
  for (const [path, sum] of sums) {
    lines += `${sum}  ${path === '-' ? './-' : path}\n`
    if (lines.length < PIECE_CHARACTERS) continue
    yield Buffer.from(lines)
    lines = ''
  }
  yield Buffer.from(lines)
}

/** A bundle may have a hundred thousand files. */
const PIECE_CHARACTERS = 64 * 1024

/** The file that makes a folder a support bundle for the tools that open one. */
export function encodeVersion(version: string): string {
  return `apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  versionNumber: ${JSON.stringify(version)}\n`
}

/** `skipped-collectors.json`, in the peer's shape. */
export function encodeSkipped(skipped: { collector: string; reason: string; errors?: string[] }[], at: Date): string {
  const items = skipped.map((item) => ({ errors: null, ...item, timestamp: at.toISOString() }))
  return `${JSON.stringify(items, undefined, 2)}\n`
}
