import { fail, reasonOf } from '../../core/errors.ts'
import type { Masked } from './masking.ts'
import type { CompiledRule, RuleSelection } from './rule-set.ts'
import type { RuleState } from './rule-step.ts'

/** Applies the rules that may match to the lines of one file, one after the other, with what they remember between lines. */
export interface LineRedactor {
  /** True while the next line must be looked at, whatever stands in it. */
  isWaiting(): boolean
  /**
   * Redacts the line `bytes[start, end)`, as latin1, without its newline. `low` and `high`: the bits of what the scanner saw.
   * Gives undefined if nothing changed; mostly the line was not even read then. Throws as `FileRedaction.push` does.
   */
  redact(bytes: Buffer, start: number, end: number, low: number, high: number): string | undefined
}

export function lineRedactor(selection: RuleSelection, onMasked: (rule: string, count: number) => void): LineRedactor {
  // Most files have no line of interest.
  let states: Map<CompiledRule, RuleState> | undefined
  let waiting: Set<CompiledRule> | undefined

  const apply = (rule: CompiledRule, line: string): Masked => {
    states ??= new Map()
    const state = states.get(rule) ?? { isWaiting: false, linesLeft: 0 }
    states.set(rule, state)
    try {
      const masked = rule.apply(line, state)
      if (masked.count > 0) onMasked(rule.name, masked.count)
      if (state.isWaiting) (waiting ??= new Set()).add(rule)
      else waiting?.delete(rule)
      return masked
    } catch (error) {
      const reason = `rule ${rule.name}: ${reasonOf(error)}`
      // The stack of the regular expression engine is full: the line is to blame, not the rule.
      throw error instanceof RangeError ? fail('REDACTION_FAILED', { reason }, error) : new Error(reason, { cause: error })
    }
  }

  const applyInOrder = (rules: readonly CompiledRule[], line: string): string => {
    let text = line
    for (const rule of rules) {
      const masked = apply(rule, text)
      text = masked.line
      if (masked.isJoined) return applyInOrder(rulesAfter(rule), text)
    }
    return text
  }
  const rulesAfter = ({ index }: CompiledRule) => selection.rules.filter((rule) => rule.index > index)

  return {
    isWaiting: () => selection.isGreedy || (waiting !== undefined && waiting.size > 0),
    redact: (bytes, start, end, low, high) => {
      let candidates = selection.candidates(low, high)
      if (waiting && waiting.size > 0) candidates = [...new Set([...candidates, ...waiting])].sort((a, b) => a.index - b.index)
      if (candidates.length === 0) return undefined
      const line = bytes.toString('latin1', start, end)
      const redacted = applyInOrder(candidates, line)
      return redacted === line ? undefined : redacted
    },
  }
}
