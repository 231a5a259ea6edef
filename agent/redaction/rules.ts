import { TROUBLESHOOT_RULES } from './default-rules.ts'
import { OWN_RULES } from './own-rules.ts'
import type { Rule } from './rule.ts'

/** What every run applies, before the rules of its specs. Ours come first: they know better where a value ends. */
export const defaultRules: readonly Rule[] = [...OWN_RULES, ...TROUBLESHOOT_RULES]
