import type { SpecIssue } from '../../core/task.ts'

/** One thing wrong with a spec. `error`: the spec must not be run; `warning`: it runs without the part named. */
export type SpecProblem = SpecIssue

/** One item of a list in a spec: the collector or analyzer `key`, with its config. */
export interface Entry {
  key: string
  config: Record<string, unknown>
  /** `exclude` as the document states it; an excluded entry stays in the plan so that it can be reported as skipped */
  isExcluded: boolean
  /** where the document came from, for messages: a file name, a URL, `job.yaml` */
  source: string
  /** counts from 1; absent for documents that were not text */
  line?: number
  /** finds what is inside `config`; absent for documents that were not text */
  at?: Locate
}

export const LISTS = ['hostCollectors', 'collectors', 'analyzers', 'hostAnalyzers'] as const
export type ListName = (typeof LISTS)[number]

/** The plan: what one run collects and how it is judged, from all its documents. */
export type MergedSpec = Record<ListName, Entry[]>

/** One troubleshoot document, its lists named by what they hold and not by where the kind keeps them. */
export interface SpecDocument extends MergedSpec {
  kind: string
  /** metadata.name, or '' */
  name: string
  /** the document as it was parsed, to be kept in a job */
  value: Record<string, unknown>
  /** of a Redactor document, in its order: checked for unknown keys, not for what is in them */
  redactors: Record<string, unknown>[]
  /** where a newer version of the document lies */
  uri?: string
  source: string
  line?: number
}

/** The document as one that was fetched: it sends nobody on to yet another place. */
export function withoutUri({ uri: _, value, ...document }: SpecDocument): SpecDocument {
  const { spec } = value
  if (!isRecord(spec)) return { ...document, value }
  const { uri: __, ...rest } = spec
  return { ...document, value: { ...value, spec: rest } }
}

/** Lines and columns count from 1. Empty when the document was not text. */
export interface Position {
  line?: number
  column?: number
}

/** Finds a value, or the key that it stands under, in the document's text. The nearest enclosing one if there is none. */
export type Locate = (path: readonly (string | number)[], part?: 'key' | 'value') => Position

export function emptyLists(): MergedSpec {
  return { hostCollectors: [], collectors: [], analyzers: [], hostAnalyzers: [] }
}

/** `source:line:column: message`, as compilers print it. */
export function problemText(problem: SpecProblem): string {
  const at = [problem.source, problem.line, problem.column].filter((part) => part !== undefined)
  return `${at.join(':')}: ${problem.message}`
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
