import { documentStage, DOCUMENT_LIMITS, type DocumentLimits, type DocumentRule } from './document-rule.ts'
import { globPattern } from './file-glob.ts'
import { redactFile } from './file-redaction.ts'
import type { FileRedaction } from './file-redaction.ts'
import type { Rule } from './rule.ts'
import { ruleSet } from './rule-set.ts'
import { defaultRules } from './rules.ts'
import { learnedRule, secretRule } from './secret-values.ts'
import { createTimeBudget } from './time-budget.ts'
import { plainMask, tokens } from './token.ts'

export interface RedactorOptions {
  /** A longer line fails its file instead of passing unredacted. Default 16 MiB. */
  maxLineBytes?: number
  /** secret values to mask wherever they stand: see `secret-values.ts` */
  literals?: readonly string[]
  /** what stands at these paths of JSON and YAML files, before all rules */
  documents?: readonly DocumentRule[]
  /** 32 bytes as hexadecimal digits: values become tokens, see `token.ts`. Without it all become the same mask. */
  tokenKey?: string | undefined
  /** first time that patterns of users may take for one piece of a file; default 2000 */
  budgetMs?: number
  documentLimits?: DocumentLimits
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
  /**
   * Adds secret values to be masked, from the next file on. Returns false once there are too many: those that come then are not
   * looked for.
   */
  learn(values: readonly string[]): boolean
  report(): RedactionReport
}

/** Most values that are learned: each has about twenty forms, and all lines are searched for all of them. */
const MAX_LEARNED = 500

/**
 * Rules are applied to each line in their order, secret values before them. Throws for a rule that cannot be compiled, or a
 * token key that is none.
 */
export function createRedactor(rules: readonly Rule[], options: RedactorOptions = {}): Redactor {
  const { maxLineBytes, literals = [], tokenKey, documentLimits = DOCUMENT_LIMITS } = options
  const maskOf = tokenKey === undefined ? plainMask : tokens(tokenKey)
  const learned = new Set<string>()
  const compile = () => ruleSet([...secretRule(literals), ...learnedRule([...learned]), ...rules], maskOf, maxLineBytes)
  let set: ReturnType<typeof compile> | undefined = compile()
  const documents = (options.documents ?? []).map((rule) => ({ rule, globs: rule.files?.map(globPattern) }))
  const budget = createTimeBudget(options.budgetMs)
  const byRule = new Map<string, number>()
  const byFile = new Map<string, number>()
  const file = (path: string): FileRedaction => {
    const onMasked = (rule: string, count: number) => {
      byRule.set(rule, (byRule.get(rule) ?? 0) + count)
      byFile.set(path, (byFile.get(path) ?? 0) + count)
    }
    const lines = redactFile(path, (set ??= compile()), onMasked, budget)
    const fitting = documents.filter(({ globs }) => globs?.some((glob) => glob.test(path)) ?? true).map(({ rule }) => rule)
    return fitting.length === 0 ? lines : documentStage(lines, { path, rules: fitting, maskOf, limits: documentLimits, onMasked })
  }
  return {
    file,
    text: (text, path = 'text') => {
      const redaction = file(path)
      return Buffer.concat(redaction.end(Buffer.from(text))).toString()
    },
    learn: (values) => {
      for (const value of values) {
        if (learned.has(value)) continue
        if (learned.size >= MAX_LEARNED) return false
        learned.add(value)
        set = undefined
      }
      return true
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
