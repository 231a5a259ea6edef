import { createReadStream } from 'node:fs'
import { join, resolve } from 'node:path'
import { fail } from '../core/errors.ts'
import { type JobSpec, specSourceName } from '../core/job.ts'
import { storeError, systemCode } from '../core/store/file-system.ts'
import type { InspectRequest, InspectResult, SpecIssue } from '../core/task.ts'
import type { CliEdge } from './cli-edge.ts'

/** Checking takes well under a second; a plug-in that hangs while it loads is cut here. */
const INSPECT_MS = 20_000
const TASK_BYTES = 512 * 2 ** 20
/** Beyond what any job or spec may have: what is longer is refused by who knows the limit, and need not be read. */
const READ_BYTES = 2 * 2 ** 20

const NO_FILE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
}

/** Reads a file that was named on the command line; `-` is stdin. Throws FILE_NOT_FOUND, or what the store throws of a file. */
export async function readNamed(edge: CliEdge, name: string): Promise<string> {
  if (name === '-') return edge.readStdin(READ_BYTES)
  try {
    return await readStart(createReadStream(resolve(edge.cwd, name)), READ_BYTES)
  } catch (error) {
    const reason = NO_FILE[systemCode(error) ?? '']
    throw reason === undefined ? storeError(error, name) : fail('FILE_NOT_FOUND', { source: name, reason }, error)
  }
}

/** The text of a stream, but not much more than `bytes` of it: it may never end. */
export async function readStart(stream: AsyncIterable<Buffer | string>, bytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk))
    size += chunk.length
    if (size > bytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Has the task program read specs and targets. Throws what it ran into; what it found wrong is in the result. */
export async function inspect(
  edge: CliEdge,
  folder: string,
  what: Pick<InspectRequest, 'sources' | 'targets' | 'auto'>,
): Promise<InspectResult> {
  const request: InspectRequest = { task: 'inspect-spec', ...what, pluginFolders: [join(folder, 'plugins')] }
  const outcome = await edge.task(request, { timeoutMs: INSPECT_MS, memoryBytes: TASK_BYTES, signal: edge.signal })
  if (!outcome.result) throw outcome.error ?? fail('INTERNAL', { reason: 'no result' })
  return outcome.result
}

/** The specs of a job that can be checked without a cluster, and the names of those that are read at each run. */
export function sourcesOf(
  { collect, redact }: Pick<JobSpec, 'collect' | 'redact'>,
  prefix = '',
): { sources: InspectRequest['sources']; elsewhere: string[] } {
  const named = [
    ...collect.specs.map((source, index) => ({ source, name: `${prefix}${specSourceName(source, index)}` })),
    ...redact.specs.map((source, index) => ({ source, name: `${prefix}${specSourceName(source, index, 'redact.specs')}` })),
  ]
  return {
    sources: named.flatMap(({ source, name }) => (source.inline ? [{ value: source.inline, name }] : [])),
    elsewhere: named.flatMap(({ source, name }) => (source.inline ? [] : [name])),
  }
}

/** The profile of a job for `inspect`. `own`: the job's namespace, where that is known. */
export function autoOf({ collect }: Pick<JobSpec, 'collect'>, own?: string): Pick<InspectRequest, 'auto'> {
  const { auto: profile, namespaces } = collect
  if (!profile) return {}
  return { auto: { profile, namespaces: namespaces.length > 0 ? namespaces : [own ?? '*'] } }
}

/** `spec.yaml:12:3: warning: …`, as compilers say it. */
export function showIssue(issue: SpecIssue): string {
  const place =
    issue.line === undefined
      ? issue.source
      : `${issue.source}:${issue.line}${issue.column === undefined ? '' : `:${issue.column}`}`
  return `${place}: ${issue.severity}: ${issue.message} (${issue.code})`
}
