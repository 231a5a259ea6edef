import { MASK } from '../../../agent/redaction/rule.ts'
import type { BlockRule, LineRule, Rule, TwoLineRule } from '../../../agent/redaction/rule.ts'

/**
 * Redaction as one would write it without a thought of speed: the whole file in memory, one rule after the other over all of
 * its lines, no literals, no streaming. It holds for patterns in which every character is in a group.
 */
export function redactNaively(rules: readonly Rule[], input: Uint8Array, path = 'x'): Buffer {
  let lines = Buffer.from(input).toString('latin1').split('\n')
  for (const rule of rules) {
    if (rule.files && !rule.files.some((file) => isFileOf(file, path))) continue
    if (rule.kind === 'line') lines = lines.map((line) => maskGroups(rule, line))
    else lines = rule.kind === 'two-line' ? maskAfter(rule, lines) : maskBetween(rule, lines)
  }
  return Buffer.from(lines.join('\n'), 'latin1')
}

/** Knows exact names and `folder/*.json`. */
function isFileOf(file: string, path: string): boolean {
  const folder = file.endsWith('/*.json') ? file.slice(0, -'*.json'.length) : undefined
  if (folder === undefined) return file === path
  return path.startsWith(folder) && path.endsWith('.json') && !path.slice(folder.length).includes('/')
}

function maskGroups(rule: Pick<LineRule, 'pattern' | 'spare' | 'mask'>, line: string): string {
  let done = ''
  let at = 0
  for (const match of line.matchAll(new RegExp(rule.pattern.source, `${rule.pattern.flags}d`))) {
    const value = match.groups?.['mask'] ?? ''
    if (rule.spare?.(value, match[0], line.slice(Math.max(0, match.index - 100), match.index))) continue
    for (const [name, range] of Object.entries(match.indices?.groups ?? {})) {
      if (!name.startsWith('mask') || !range) continue
      done += line.slice(at, range[0]) + (rule.mask ?? MASK)
      at = range[1]
    }
  }
  return done + line.slice(at)
}

function maskAfter(rule: TwoLineRule, lines: string[]): string[] {
  return lines.map((line, index) => (index > 0 && rule.selector.test(lines[index - 1] ?? '') ? maskGroups(rule, line) : line))
}

function maskBetween(rule: BlockRule, lines: string[]): string[] {
  let openFor = 0
  return lines.map((line) => {
    let rest = line
    let done = ''
    if (openFor > 0) {
      const end = rule.end.exec(rest)
      const inside = end ? rest.slice(0, end.index) : rest
      const [, indent = '', text = '', cr = ''] = /^([\t ]*)([^]*?)(\r?)$/.exec(inside) ?? []
      done = indent + (/^[\t\r ]*$/.test(text) ? text : MASK) + cr + (end?.[0] ?? '')
      rest = end ? rest.slice(end.index + end[0].length) : ''
      openFor = end ? 0 : openFor - 1
    }
    for (let begin = rule.begin.exec(rest); begin; begin = rule.begin.exec(rest)) {
      const start = begin.index + begin[0].length
      const end = rule.end.exec(rest.slice(start))
      const length = end ? end.index : (rule.body.exec(rest.slice(start))?.[0].length ?? 0)
      if (!end && /^[\t\r ]*$/.test(rest.slice(start))) openFor = rule.maxLines
      done += rest.slice(0, start) + (length > 0 && openFor === 0 ? MASK : '') + (end?.[0] ?? '')
      rest = rest.slice(start + (openFor === 0 ? length : 0) + (end?.[0].length ?? 0))
      if (!end) break
    }
    return done + rest
  })
}
