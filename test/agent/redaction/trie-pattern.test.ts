import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { triePattern } from '../../../agent/redaction/trie-pattern.ts'

const anyTexts = fc.array(
  fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '\\', '(', '\u00ff'), minLength: 1, maxLength: 6 }),
  {
    minLength: 1,
    maxLength: 12,
  },
)

describe('the pattern of many texts', () => {
  it('matches the longest of them, and nothing else', () => {
    fc.assert(
      fc.property(
        anyTexts,
        fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '\\', '(', '\u00ff'), maxLength: 12 }),
        (texts, line) => {
          const longest = texts.filter((text) => line.startsWith(text)).toSorted((a, b) => b.length - a.length)[0]
          expect(new RegExp(`^(?:${triePattern(texts)})`).exec(line)?.[0]).toBe(longest)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('is quick with thousands, on a long line', () => {
    const texts = Array.from({ length: 5000 }, (_, index) => `value-${(index * 7919).toString(36)}-end`)
    const pattern = new RegExp(triePattern(texts), 'g')
    const line = `${'value-'.repeat(100_000)}${texts[4000]}`
    expect(line.match(pattern)).toEqual([texts[4000]])
  })
})
