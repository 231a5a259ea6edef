import { isAlias, isScalar, LineCounter, type Node, parseDocument, stringify, visit } from 'yaml'

/** Where a text stops being YAML; lines and columns count from 1. */
export interface YamlIssue {
  message: string
  line: number
  column: number
}

/** A text that is no YAML at all may have thousands. */
const MAX_ISSUES = 20

/**
 * Parses one YAML document that a stranger may have written: no anchors, aliases or tags, unique keys that are no
 * collections, nothing that grows. The caller bounds the text's size first; 64 KiB take milliseconds.
 */
export function parseYaml(text: string): { value: unknown; issues: YamlIssue[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  const issues: YamlIssue[] = []
  const add = (message: string, offset: number) => {
    const { line, col } = lines.linePos(offset)
    issues.push({ message: explain(message, text.split('\n')[line - 1] ?? ''), line, column: col })
  }
  for (const error of [...document.errors, ...document.warnings].slice(0, MAX_ISSUES)) add(error.message, error.pos[0])
  const look = (node: Node) => {
    const at = node.range?.[0] ?? 0
    if (isAlias(node) || node.anchor) add('anchors and aliases are not allowed', at)
    if (node.tag) add('tags are not allowed', at)
    return issues.length > 0 ? visit.BREAK : undefined
  }
  visit(document, {
    Node: (_, node) => look(node),
    // Asked instead of `Node`. By a set: the parser compares each key with all others, which takes seconds for thousands.
    Map: (_, map) => {
      const keys = new Set<unknown>()
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : undefined
        if (name !== undefined && keys.has(name)) add('Map keys must be unique', (key as Node).range?.[0] ?? 0)
        keys.add(name)
        if (issues.length > 0) return visit.BREAK
      }
      return look(map)
    },
    Pair: (_, { key }) => {
      if (!isScalar(key)) add('a key must be a word', (key as { range?: [number] | null }).range?.[0] ?? 0)
      return issues.length > 0 ? visit.BREAK : undefined
    },
  })
  return issues.length > 0 ? { value: undefined, issues } : { value: document.toJS({ maxAliasCount: 0 }), issues }
}

/** YAML for people and for Git: no folding of long lines. */
export const toYaml = (value: unknown): string => stringify(value, { lineWidth: 0 })

/** What the parser says of these is for those who program with it. */
const OWN_WORDS: readonly [RegExp, string][] = [
  [/multiple documents/, 'only one document is allowed'],
  [/call stack/, 'it is nested too deeply'],
]

/** An unquoted cron line or macro is the mistake that everyone makes once: `*` begins an alias, `@` is reserved. */
function explain(message: string, line: string): string {
  const schedule = /schedule:\s*([*@].*)$/.exec(line)?.[1]
  if (schedule) return `put the schedule in quotes: "${schedule.trim()}"`
  return OWN_WORDS.find(([pattern]) => pattern.test(message))?.[1] ?? message.split('\n')[0] ?? message
}
