import type { ConfigSchema, SchemaIssue } from '../../core/contract/index.ts'
import { asError } from './thrown.ts'

export type ParsedConfig = { value: unknown; ignored: string[] } | { issues: string }

/**
 * Parses a plug-in's config with its own schema. Keys that the schema does not know are left out and named in `ignored`, so
 * that a spec written for a newer collector still runs; anything else is one line of `issues`. Never throws.
 */
export async function parseConfig(schema: ConfigSchema, value: unknown): Promise<ParsedConfig> {
  try {
    const first = await schema['~standard'].validate(value)
    if (!first.issues) return { value: first.value, ignored: [] }
    const unknown = first.issues.map(unknownKeys)
    if (unknown.some((keys) => keys === undefined)) return { issues: first.issues.map(showIssue).join('; ') }
    const ignored = unknown.flatMap((keys) => keys ?? [])
    const second = await schema['~standard'].validate(without(value, ignored))
    if (second.issues) return { issues: second.issues.map(showIssue).join('; ') }
    return { value: second.value, ignored: ignored.map((path) => path.join('.')) }
  } catch (error) {
    return { issues: `its schema failed: ${asError(error).message}` }
  }
}

type Path = string[]

/** The paths of unknown keys, when an issue is about nothing else. Standard Schema has no codes; zod's issues carry them. */
function unknownKeys(issue: SchemaIssue): Path[] | undefined {
  const { code, keys } = issue as { code?: unknown; keys?: unknown }
  if (code !== 'unrecognized_keys' || !Array.isArray(keys)) return undefined
  return keys.map((key) => [...pathOf(issue), String(key)])
}

function without(value: unknown, paths: Path[]): unknown {
  const copy: unknown = structuredClone(value)
  for (const path of paths) {
    let node = copy as Record<string, unknown>
    for (const part of path.slice(0, -1)) node = node[part] as Record<string, unknown>
    delete node[path.at(-1) ?? '']
  }
  return copy
}

function showIssue(issue: SchemaIssue): string {
  const path = pathOf(issue).join('.')
  return path ? `${path}: ${issue.message}` : issue.message
}

const pathOf = (issue: SchemaIssue): Path => (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
