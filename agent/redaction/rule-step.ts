import { masking } from './masking.ts'
import type { Masked } from './masking.ts'
import { MASK } from './rule.ts'
import type { BlockRule, LineRule, Rule, TwoLineRule } from './rule.ts'

/** What a rule remembers of one file between its lines. */
export interface RuleState {
  /** the next line is of interest whatever stands in it: a selector matched, or a block is open */
  isWaiting: boolean
  /** lines that an open block may still have */
  linesLeft: number
}

/** A rule made ready: what it makes of one line. */
export type RuleStep = (line: string, state: RuleState) => Masked

export function ruleStep(rule: Rule): RuleStep {
  if (rule.kind === 'line') return lineStep(rule)
  if (rule.kind === 'two-line') return twoLineStep(rule)
  return (line, state) => maskBlock(rule, line, state)
}

function lineStep(rule: LineRule): RuleStep {
  const mask = masking(rule)
  const { until } = rule
  if (until === undefined) return mask
  return (line) => {
    const end = line.lastIndexOf(until) + 1
    const masked = mask(line.slice(0, end))
    return { ...masked, line: masked.line + line.slice(end) }
  }
}

/** Every line may be a selector, also one that was itself the next line of another; troubleshoot skips those. */
function twoLineStep(rule: TwoLineRule): RuleStep {
  const mask = masking(rule)
  return (line, state) => {
    const result = state.isWaiting ? mask(line) : { line, count: 0 }
    state.isWaiting = rule.selector.test(line)
    return result
  }
}

const isBlank = (text: string) => !/[^\t\r ]/.test(text)

/** An open block masks whole lines, but for their indentation and `\r`: what stands before the text in a log is not kept. */
function maskBlock(rule: BlockRule, line: string, state: RuleState): Masked {
  let done = ''
  let rest = line
  let count = 0
  if (state.isWaiting) {
    const end = rule.end.exec(rest)
    state.linesLeft--
    state.isWaiting = !end && state.linesLeft > 0
    const inside = rest.slice(0, end?.index)
    if (!isBlank(inside)) count++
    done = isBlank(inside) ? inside : inside.replace(/^([\t ]*)[^]*?(\r?)$/, `$1${MASK}$2`)
    if (!end) return { line: done, count }
    done += end[0]
    rest = rest.slice(end.index + end[0].length)
  }
  for (;;) {
    const begin = rule.begin.exec(rest)
    if (!begin) return { line: done + rest, count }
    done += rest.slice(0, begin.index) + begin[0]
    rest = rest.slice(begin.index + begin[0].length)
    const end = rule.end.exec(rest)
    if (!end && isBlank(rest)) {
      state.isWaiting = true
      state.linesLeft = rule.maxLines
      return { line: done + rest, count }
    }
    const inside = end ? rest.slice(0, end.index) : (rule.body.exec(rest)?.[0] ?? '')
    if (inside !== '' && inside !== MASK) count++
    done += (inside === '' ? '' : MASK) + (end?.[0] ?? '')
    rest = rest.slice(inside.length + (end?.[0].length ?? 0))
    if (!end) return { line: done + rest, count }
  }
}
