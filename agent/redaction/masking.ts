import { MASK } from './rule.ts'
import type { LineRule } from './rule.ts'
import { spanMasking } from './span-masking.ts'
import { type MaskOf, plainMask } from './token.ts'

/** What became of a line. */
export interface Masked {
  line: string
  /** how many matches really changed */
  count: number
  /** Characters were brought together that stood apart, so that a rule may match now whose literal was not in the line before. */
  isJoined?: boolean
}

/** What is done with each capturing group, in order. See `rule.ts` for the names. */
export type Fate = 'mask' | 'drop' | 'keep'

export type MaskingRule = Pick<LineRule, 'pattern' | 'spare' | 'mask' | 'origin' | 'foreign'>

/**
 * Compiles the masking of a pattern. Ignoring `spare`, it does what troubleshoot does with the same pattern.
 * @param rule `pattern` needs the flag g
 */
export function masking(rule: MaskingRule, maskOf: MaskOf = plainMask): (line: string) => Masked {
  const { pattern, spare, mask = MASK, origin, foreign } = rule
  if (foreign) return spanMasking(pattern, foreign.groups.map(fateOf), maskOf)
  const fates = groupFates(pattern)
  const isQuoted = mask !== MASK
  let count = 0
  let isJoined = false
  const masked = (value: string | undefined): string => {
    if (value === undefined) return mask
    const text = maskOf(origin?.(value) ?? value)
    return isQuoted ? mask.replace(MASK, () => text) : text
  }
  const replace = (match: string, ...rest: unknown[]): string => {
    if (spare) {
      const value = rest[fates.indexOf('mask')] as string
      const [at, line] = rest.slice(fates.length) as [number, string]
      if (spare(value, match, line.slice(Math.max(0, at - 100), at))) return match
    }
    let text = ''
    let unaccounted = match.length
    for (let index = 0; index < fates.length; index++) {
      const group = rest[index] as string | undefined
      if (fates[index] === 'mask') text += masked(group)
      else if (fates[index] === 'keep') text += group ?? ''
      if (fates[index] !== 'drop') unaccounted -= group?.length ?? 0
    }
    if (text !== match) count++
    isJoined ||= unaccounted !== 0
    return text
  }
  return (line) => {
    count = 0
    isJoined = false
    return { line: line.replace(pattern, replace), count, isJoined }
  }
}

const fateOf = (name: string): Fate => (/^mask\d*$/.test(name) ? 'mask' : /^drop\d*$/.test(name) ? 'drop' : 'keep')

/** Reads the groups of a pattern from its source, since a match does not tell which name has which number. */
function groupFates(pattern: RegExp): Fate[] {
  const fates: Fate[] = []
  const groupOrSkip = /\\[^]|\[(?:\\[^]|[^\]\\])*\]|\((?:\?<(?<name>\w+)>|(?!\?))/g
  for (const { 0: token, groups } of pattern.source.matchAll(groupOrSkip))
    if (token.startsWith('(')) fates.push(fateOf(groups?.['name'] ?? ''))
  return fates
}
