import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fail, reasonOf } from '../core/errors.ts'
import type { InspectRequest, InspectResult, SpecIssue } from '../core/task.ts'
import type { CliEdge } from './cli-edge.ts'

/** Checking takes well under a second; a plug-in that hangs while it loads is cut here. */
const INSPECT_MS = 20_000
const TASK_BYTES = 512 * 2 ** 20

/** Reads a file that was named on the command line; `-` is stdin. Throws SPEC_NOT_FOUND. */
export async function readNamed(edge: CliEdge, name: string): Promise<string> {
  if (name === '-') return edge.readStdin()
  try {
    return await readFile(resolve(edge.cwd, name), 'utf8')
  } catch (error) {
    throw fail('SPEC_NOT_FOUND', { source: name, reason: reasonOf(error) }, error)
  }
}

/** Has the task program read specs and targets. Throws what it ran into; what it found wrong is in the result. */
export async function inspect(
  edge: CliEdge,
  folder: string,
  what: Pick<InspectRequest, 'sources' | 'targets'>,
): Promise<InspectResult> {
  const request: InspectRequest = { task: 'inspect-spec', ...what, pluginFolders: [join(folder, 'plugins')] }
  const outcome = await edge.task(request, { timeoutMs: INSPECT_MS, memoryBytes: TASK_BYTES, signal: edge.signal })
  if (!outcome.result) throw outcome.error ?? fail('INTERNAL', { reason: 'no result' })
  return outcome.result
}

/** `spec.yaml:12:3: warning: …`, as compilers say it. */
export function showIssue(issue: SpecIssue): string {
  const place =
    issue.line === undefined
      ? issue.source
      : `${issue.source}:${issue.line}${issue.column === undefined ? '' : `:${issue.column}`}`
  return `${place}: ${issue.severity}: ${issue.message} (${issue.code})`
}

/** Throws SPEC_INVALID if there is an error among the issues; returns the warnings. */
export function refuseErrors(source: string, issues: readonly SpecIssue[]): SpecIssue[] {
  const errors = issues.filter((issue) => issue.severity === 'error')
  if (errors.length > 0) throw fail('SPEC_INVALID', { source, issues: errors.map((error) => error.message).join('; ') })
  return issues.filter((issue) => issue.severity === 'warning')
}
