/** What stands in the place of a secret; the same text as troubleshoot's, so that its users and tools know it. */
export const MASK = '***HIDDEN***'

/**
 * How a rule says what to do with a match, the same for all rules: text in a group named `mask` (or `mask2`, `mask3`, …, since
 * a name may be used once) becomes the mask, whether the group took part or not; a group named `drop` (`drop2`, …) is removed;
 * every other group is kept; matched text outside all groups is removed. Groups are not nested.
 *
 * Patterns see one line without its `\n`, and as latin1: one character is one byte. So `\s` and `\S` are not used in them
 * (0xA0, half of a UTF-8 letter, counts as white space there). No quantifier may make a line of many megabytes quadratic.
 */
interface RuleBase {
  /** kebab-case; the key of the report */
  name: string
  /**
   * Lower-case ASCII. Of each list at least one must stand in the line, in any case, or the rule cannot match it: only such
   * lines are looked at. No list at all = every line is looked at, which is slow.
   */
  literals: readonly (readonly string[])[]
  /** globs (`file-glob.ts`) of the paths it is for; default all */
  files?: readonly string[]
}

/** Written by a user: it sees text instead of bytes, under a time budget, and its groups may stand inside each other. */
interface Foreign {
  foreign?: {
    /** names of the groups by number, '' for none: Go allows one name several times */
    groups: readonly string[]
  }
}

export interface LineRule extends RuleBase, Foreign {
  kind: 'line'
  /** flag g */
  pattern: RegExp
  /** the value behind the text of the group `mask`, where that is one of several ways to write it; for tokens */
  origin?: (text: string) => string | undefined
  /** The character that every match ends with: text after the last one is not tried, which keeps an unbounded mask linear. */
  until?: string
  /** True keeps a match as it is: `token: false` hides nothing. `before`: the text before the match, at most 100 characters. */
  spare?: (value: string, match: string, before: string) => boolean
  /** in the place of MASK, where quotes are needed to keep the file valid */
  mask?: string
}

/** `selector` matches a line; `pattern` is then applied to the next line only. */
export interface TwoLineRule extends RuleBase, Foreign {
  kind: 'two-line'
  /** no flag g */
  selector: RegExp
  /** flag g */
  pattern: RegExp
}

/** All text between the match of `begin` and that of `end`, in one line or over several, but at most `maxLines`. */
export interface BlockRule extends RuleBase {
  kind: 'block'
  /** no flag g */
  begin: RegExp
  /** no flag g */
  end: RegExp
  /** When `end` is not in the line: what follows `begin` is masked if this matches it. No flag g. */
  body: RegExp
  maxLines: number
}

export type Rule = LineRule | TwoLineRule | BlockRule
