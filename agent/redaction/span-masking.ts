import type { Fate, Masked } from './masking.ts'
import { MASK } from './rule.ts'
import { isMask, type MaskOf } from './token.ts'

interface Span {
  start: number
  end: number
  fate: Fate
}

/**
 * The masking of a pattern that a user wrote. Its groups may stand inside each other: what a group hides stays hidden, whatever
 * other groups hold it. (The peer prints such a group twice, once in the open.) A group that took no part prints the mask, as in
 * the peer; an empty match hides nothing and changes nothing.
 *
 * @param pattern with the flag g; the flag d is added
 * @param fates of its groups, by number from 1
 */
export function spanMasking(pattern: RegExp, fates: readonly Fate[], maskOf: MaskOf): (line: string) => Masked {
  const withIndices = new RegExp(pattern.source, `${pattern.flags}d`)
  return (line) => {
    // Most lines have no match, and this is the cheapest way to know.
    if (line.search(pattern) < 0) return { line, count: 0 }
    let done = ''
    let at = 0
    let count = 0
    for (const match of line.matchAll(withIndices)) {
      if (match[0] === '') continue
      const end = match.index + match[0].length
      const text = replacement(line, match, fates, maskOf)
      if (text !== match[0]) count++
      done += line.slice(at, match.index) + text
      at = end
    }
    return { line: done + line.slice(at), count, isJoined: count > 0 }
  }
}

function replacement(line: string, match: RegExpExecArray, fates: readonly Fate[], maskOf: MaskOf): string {
  const spans: Span[] = []
  let absent = ''
  for (const [index, fate] of fates.entries()) {
    const range = match.indices?.[index + 1]
    if (range) spans.push({ start: range[0], end: range[1], fate })
    else if (fate === 'mask') absent = MASK
  }
  const hidden = merged(spans.filter((span) => span.fate !== 'keep'))
  const kept = merged(spans.filter((span) => span.fate === 'keep'))
  let text = ''
  let at = match.index
  /** what is kept between two hidden places */
  const keep = (until: number) => {
    for (const { start, end } of kept) text += line.slice(Math.max(start, at), Math.max(Math.min(end, until), start, at))
    at = Math.max(at, until)
  }
  for (const { start, end, fate } of hidden) {
    keep(start)
    if (fate === 'mask') text += maskedText(line.slice(start, end), maskOf)
    at = end
  }
  keep(match.index + match[0].length)
  // It hides nothing where another group did already.
  return hidden.some((span) => span.fate === 'mask') ? text : text + absent
}

const maskedText = (value: string, maskOf: MaskOf) => (isMask(value) ? value : maskOf(value))

/** In order, those that overlap as one; a mask wins over what is dropped. */
function merged(spans: Span[]): Span[] {
  const all: Span[] = []
  for (const span of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = all.at(-1)
    if (last && span.start < last.end) {
      last.end = Math.max(last.end, span.end)
      if (span.fate === 'mask') last.fate = 'mask'
    } else all.push({ ...span })
  }
  return all
}
