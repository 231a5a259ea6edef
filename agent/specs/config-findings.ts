import * as z from 'zod'
import type { ConfigSchema, SchemaIssue } from '../../core/contract/index.ts'
import { hint } from '../../core/suggest.ts'

type Path = (string | number)[]

/** What is wrong with an entry's config, at one place. */
export interface ConfigFinding {
  path: Path
  message: string
  /** the key at the end of `path` is not known there, and nothing else is wrong with it */
  isUnknownKey: boolean
}

/** Checks a config with its plug-in's schema. Never throws; a schema that throws itself finds nothing here. */
export async function configFindings(schema: ConfigSchema, config: unknown): Promise<ConfigFinding[]> {
  try {
    const { issues = [] } = await schema['~standard'].validate(config)
    return issues.length === 0 ? [] : issues.flatMap((issue) => findingsOf(issue, keysOf(schema)))
  } catch {
    return []
  }
}

/** The keys of a flat config that are not among its fields. */
export function unknownFields(config: Record<string, unknown>, fields: readonly string[]): ConfigFinding[] {
  const known = fields.map((field): Place => [field])
  return Object.keys(config)
    .filter((key) => !fields.includes(key))
    .map((key) => unknownKey([], key, known))
}

/** A key with the keys that it stands in; items of lists have no place of their own. */
type Place = string[]

function findingsOf(issue: SchemaIssue, places: readonly Place[]): ConfigFinding[] {
  const path = (issue.path ?? []).map((part) => plain(typeof part === 'object' ? part.key : part))
  // Standard Schema has no codes; zod's issues carry them.
  const { code, keys } = issue as { code?: unknown; keys?: unknown }
  if (code !== 'unrecognized_keys' || !Array.isArray(keys)) return [{ path, message: issue.message, isUnknownKey: false }]
  return keys.map((key) => unknownKey(path, String(key), places))
}

const plain = (part: PropertyKey): string | number => (typeof part === 'number' ? part : String(part))

/** A known key at another place is misplaced; else the nearest of this place is what may have been meant. */
function unknownKey(path: Path, key: string, places: readonly Place[]): ConfigFinding {
  const here = path.filter((part) => typeof part === 'string').join('.')
  const parentOf = (place: Place) => place.slice(0, -1).join('.')
  const near = hint(
    key,
    places.filter((place) => parentOf(place) === here).map((place) => place.at(-1) ?? ''),
  )
  const home = places.find((place) => place.at(-1) === key)
  const advice = home ? `; it belongs ${parentOf(home) === '' ? 'one level up' : `to "${parentOf(home)}"`}` : near
  return {
    path: [...path, key],
    message: `does not know "${[...path, key].join('.')}"; it was ignored${advice}`,
    isUnknownKey: true,
  }
}

interface Node {
  properties?: Record<string, Node>
  items?: Node
  anyOf?: Node[]
  allOf?: Node[]
}

/** All keys that a schema of ours knows, with their places; none of a schema that cannot be looked into. */
function keysOf(schema: ConfigSchema): Place[] {
  const walk = (node: Node | undefined, above: Place): Place[] => {
    if (!node) return []
    const own = Object.entries(node.properties ?? {}).flatMap(([key, inner]) => [
      [...above, key],
      ...walk(inner, [...above, key]),
    ])
    return [...own, ...[node.items, ...(node.anyOf ?? []), ...(node.allOf ?? [])].flatMap((inner) => walk(inner, above))]
  }
  try {
    return walk(z.toJSONSchema(schema as z.ZodType, { io: 'input', unrepresentable: 'any' }) as Node, [])
  } catch {
    return []
  }
}
