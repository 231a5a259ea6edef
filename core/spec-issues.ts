import { fail } from './errors.ts'
import type { SpecIssue } from './task-results.ts'

/** Problems with how a spec is written, that it runs with all the same. */
const WRITING: ReadonlySet<string> = new Set([
  'ANALYZER_CONFIG',
  'COLLECTOR_CONFIG',
  'SPEC_ENTRY_EMPTY',
  'SPEC_ENTRY_KEYS',
  'SPEC_EXCLUDE',
  'SPEC_KEY_MISPLACED',
  'SPEC_KEY_UNKNOWN',
  'SPEC_YAML',
])

/** `--strict`: what a spec says and nobody understands is an error. Not what this version cannot do. */
export function strictly(isStrict: boolean | undefined, issues: readonly SpecIssue[]): SpecIssue[] {
  return issues.map((issue) => (isStrict && WRITING.has(issue.code) ? { ...issue, severity: 'error' } : issue))
}

/** Throws SPEC_INVALID or UPLOAD_INVALID if there is an error among the issues; returns the warnings. */
export function refuseErrors(source: string, issues: readonly SpecIssue[]): SpecIssue[] {
  const errors = issues.filter((issue) => issue.severity === 'error')
  const told = errors.map((error) => placed(error, source)).join('; ')
  if (errors.some((error) => error.source !== UPLOAD)) throw fail('SPEC_INVALID', { source, issues: told })
  if (errors.length > 0) throw fail('UPLOAD_INVALID', { issues: told })
  return issues.filter((issue) => issue.severity === 'warning')
}

/** The message behind its place, where that is known; without the source's name if the reader has just read it. */
export function placed({ source, line, column, message }: SpecIssue, known?: string): string {
  if (line === undefined) return message
  return `${source === known ? '' : `${source}:`}${line}:${column ?? 1}: ${message}`
}

/** What the task program calls the source of a target. */
const UPLOAD = 'upload'
