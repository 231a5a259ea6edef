import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encode, MAX_LINE, pieces } from '../../../agent/runner/messages.ts'

describe('pieces of a text', () => {
  it('are the text again, each whole in itself, each on a line that is short enough', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 0, maxLength: 50 })
    fc.assert(
      fc.property(text, fc.integer({ min: 65_500, max: 65_540 }), (end, length) => {
        const whole = `${'x'.repeat(length)}${end}${'\u0000'.repeat(70_000)}`
        const cut = [...pieces(whole)]
        expect(cut.join('')).toBe(whole)
        for (const piece of cut) {
          expect(piece.isWellFormed()).toBe(true)
          expect(encode({ type: 'stdin', text: piece }).length).toBeLessThan(MAX_LINE)
        }
      }),
      { numRuns: 50 },
    )
    expect([...pieces('')]).toEqual([])
  })

  it('never end within a character of two halves', () => {
    const whole = `${'x'.repeat(65_535)}🧵`
    expect([...pieces(whole)]).toEqual(['x'.repeat(65_535), '🧵'])
  })
})
