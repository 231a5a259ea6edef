import { fail } from '../../core/errors.ts'
import type { ProductError } from '../../core/errors.ts'
import type { Bits, LiteralAutomaton } from './literal-automaton.ts'

/** Finds the next line worth looking at. What it found is in its fields until the next call, so that nothing is allocated. */
export interface LineFinder {
  /** of the line found */
  start: number
  /** bits of the lists of which a literal stands in that line */
  low: number
  high: number
  /**
   * Goes on at `from`, the start of a line, to the end of the next line that holds a literal, but for weak ones (or of the next
   * line at all, if `isEvery`; or of the last one). Gives the position of its `\n`, or the length of `bytes`. Throws REDACTION_FAILED.
   */
  find(bytes: Uint8Array, from: number, isEvery: boolean): number
}

export const tooLong = (limit: number): ProductError =>
  fail('REDACTION_FAILED', { reason: `a line is longer than ${limit} bytes` })

const NEWLINE = 10
const SPACE = 32

/** @param weak bits that tell nothing while no other bit is set with them; default none */
export function lineFinder(automaton: LiteralAutomaton, maxLineBytes: number, weak: Bits = { low: 0, high: 0 }): LineFinder {
  const { classOf, next, accepting, shift, low: lows, high: highs } = automaton
  const space = classOf[SPACE] as number
  const skipsSpaces = [0, next[classOf[NEWLINE] as number] as number].every((from) => next[from + space] === 0)
  const [strongLow, strongHigh] = [~weak.low, ~weak.high]
  const finder: LineFinder = {
    start: 0,
    low: 0,
    high: 0,
    // The loop over all bytes of all bundles. It calls nothing: with a call inside it runs at less than half the speed, since
    // the compiler then keeps its variables in memory. Think of that before making it shorter.
    find: (bytes, from, isEvery) => {
      const length = bytes.length
      let start = from
      let longest = 0
      let low = 0
      let high = 0
      let state = 0
      let at = from
      for (; at < length; at++) {
        const byte = bytes[at] as number
        state = next[state + (classOf[byte] as number)] as number
        if (state < accepting) continue
        if (byte !== NEWLINE) {
          low |= lows[state >> shift] as number
          high |= highs[state >> shift] as number
          continue
        }
        if (isEvery || ((low & strongLow) | (high & strongHigh)) !== 0) break
        low = 0
        high = 0
        if (at - start > longest) longest = at - start
        start = at + 1
        if (!skipsSpaces) continue
        // Half of what is collected is the indentation of JSON, which no literal begins with.
        while (bytes[at + 1] === SPACE) at++
        state = 0
      }
      if (Math.max(longest, at - start) > maxLineBytes) throw tooLong(maxLineBytes)
      finder.start = start
      finder.low = low
      finder.high = high
      return at
    },
  }
  return finder
}
