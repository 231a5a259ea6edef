import { masking } from './masking.ts'
import type { Masked } from './masking.ts'
import type { BlockRule, LineRule, Rule, TwoLineRule } from './rule.ts'
import { bytesOfText, textOfBytes } from './line-text.ts'
import { isMask, type MaskOf, plainMask } from './token.ts'

/** What a rule remembers of one file between its lines. */
export interface RuleState {
  /** the next line is of interest whatever stands in it: a selector matched, or a block is open */
  isWaiting: boolean
  /** lines that an open block may still have */
  linesLeft: number
}

/** A rule made ready: what it makes of one line. */
export type RuleStep = (line: string, state: RuleState) => Masked

export function ruleStep(rule: Rule, maskOf: MaskOf = plainMask): RuleStep {
  if (rule.kind === 'block') return (line, state) => maskBlock(rule, line, state, maskOf)
  if (!rule.foreign) return rule.kind === 'line' ? lineStep(rule, maskOf) : twoLineStep(rule, maskOf)
  const ofText: MaskOf = (value) => maskOf(bytesOfText(value))
  const step = rule.kind === 'line' ? lineStep(rule, ofText) : twoLineStep(rule, ofText)
  return (line, state) => {
    const masked = step(textOfBytes(line), state)
    return masked.count > 0 ? { ...masked, line: bytesOfText(masked.line) } : { line, count: 0 }
  }
}

function lineStep(rule: LineRule, maskOf: MaskOf): RuleStep {
  const mask = masking(rule, maskOf)
  const { until } = rule
  if (until === undefined) return mask
  return (line) => {
    const end = line.lastIndexOf(until) + 1
    const masked = mask(line.slice(0, end))
    return { ...masked, line: masked.line + line.slice(end) }
  }
}

/** Every line may be a selector, also one that was itself the next line of another; troubleshoot skips those. */
function twoLineStep(rule: TwoLineRule, maskOf: MaskOf): RuleStep {
  const mask = masking(rule, maskOf)
  return (line, state) => {
    const result = state.isWaiting ? mask(line) : { line, count: 0 }
    state.isWaiting = rule.selector.test(line)
    return result
  }
}

/** All of a text but its indentation and its `\r`. */
const maskText = (text: string, maskOf: MaskOf): string =>
  text.replace(/^([\t ]*)([^]*?)(\r?)$/, (_, indent: string, value: string, end: string) => indent + maskOf(value) + end)

const isBlank = (text: string) => !/[^\t\r ]/.test(text)

/** An open block masks whole lines, but for their indentation and `\r`: what stands before the text in a log is not kept. */
function maskBlock(rule: BlockRule, line: string, state: RuleState, maskOf: MaskOf): Masked {
  let done = ''
  let rest = line
  let count = 0
  if (state.isWaiting) {
    const end = rule.end.exec(rest)
    state.linesLeft--
    state.isWaiting = !end && state.linesLeft > 0
    const inside = rest.slice(0, end?.index)
    if (!isBlank(inside)) count++
    done = isBlank(inside) ? inside : maskText(inside, maskOf)
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
    if (inside !== '' && !isMask(inside)) count++
    done += (inside === '' ? '' : maskOf(inside)) + (end?.[0] ?? '')
    rest = rest.slice(inside.length + (end?.[0].length ?? 0))
    if (!end) return { line: done + rest, count }
  }
}
