import { isAlias, LineCounter, parseDocument, stringify, visit } from 'yaml'

/** Where a text stops being YAML; lines and columns count from 1. */
export interface YamlIssue {
  message: string
  line: number
  column: number
}

/**
 * Parses one YAML document that a stranger may have written: no anchors, aliases or tags, unique keys, nothing that
 * grows. The caller bounds the text's size first; 64 KiB take milliseconds. The only user of the `yaml` package in core.
 */
export function parseYaml(text: string): { value: unknown; issues: YamlIssue[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const issues: YamlIssue[] = [...document.errors, ...document.warnings].map((error) => {
    const at = lines.linePos(error.pos[0])
    return { message: explain(error.message, text.split('\n')[at.line - 1] ?? ''), line: at.line, column: at.col }
  })
  visit(document, (_, node) => {
    if (isAlias(node) || (node && typeof node === 'object' && 'anchor' in node && node.anchor))
      issues.push({ message: 'anchors and aliases are not allowed', line: 1, column: 1 })
    return issues.length > 0 ? visit.BREAK : undefined
  })
  return issues.length > 0 ? { value: undefined, issues } : { value: document.toJS({ maxAliasCount: 0 }), issues }
}

/** YAML for people and for Git: no folding of long lines. */
export const toYaml = (value: unknown): string => stringify(value, { lineWidth: 0 })

/** An unquoted cron line or macro is the mistake that everyone makes once: `*` begins an alias, `@` is reserved. */
function explain(message: string, line: string): string {
  const schedule = /schedule:\s*([*@].*)$/.exec(line)?.[1]
  return schedule ? `put the schedule in quotes: "${schedule.trim()}"` : (message.split('\n')[0] ?? message)
}
