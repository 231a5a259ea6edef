import { redactFile } from './file-redaction.ts'
import type { FileRedaction } from './file-redaction.ts'
import type { Rule } from './rule.ts'
import { ruleSet } from './rule-set.ts'
import { defaultRules } from './rules.ts'
import { secretRule } from './secret-values.ts'

export interface RedactorOptions {
  /** A longer line fails its file instead of passing unredacted. Default 16 MiB. */
  maxLineBytes?: number
  /** secret values to mask wherever they stand: see `secret-values.ts` */
  literals?: readonly string[]
}

/** How many places were masked, by rule and by path. */
export interface RedactionReport {
  rules: Record<string, number>
  files: Record<string, number>
}

export interface Redactor {
  /** Begins a file; several may be in flight. `path` chooses the rules that are for certain files only. */
  file(path: string): FileRedaction
  /** Redacts a text as a file of its own: nothing is remembered between calls. Throws REDACTION_FAILED. */
  text(text: string, path?: string): string
  report(): RedactionReport
}

/** Rules are applied to each line in their order, secret values before them. Throws for a rule that cannot be compiled. */
export function createRedactor(rules: readonly Rule[], options: RedactorOptions = {}): Redactor {
  const { maxLineBytes = 16 * 1024 * 1024, literals = [] } = options
  const set = ruleSet([...secretRule(literals), ...rules])
  const byRule = new Map<string, number>()
  const byFile = new Map<string, number>()
  const file = (path: string): FileRedaction =>
    redactFile(path, set, maxLineBytes, (rule, count) => {
      byRule.set(rule, (byRule.get(rule) ?? 0) + count)
      byFile.set(path, (byFile.get(path) ?? 0) + count)
    })
  return {
    file,
    text: (text, path = 'text') => {
      const redaction = file(path)
      return Buffer.concat([...redaction.push(Buffer.from(text)), ...redaction.end()]).toString()
    },
    report: () => ({ rules: Object.fromEntries(byRule), files: Object.fromEntries(byFile) }),
  }
}

let standard: Redactor | undefined

/** Redacts a text with the default rules, for what is kept outside of bundles: log lines, messages. Throws REDACTION_FAILED. */
export function redactText(text: string, path?: string): string {
  standard ??= createRedactor(defaultRules)
  return standard.text(text, path)
}
