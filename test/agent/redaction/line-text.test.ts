import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOfText, textOfBytes } from '../../../agent/redaction/line-text.ts'

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }).map((text) => Buffer.from(text)),
  fc.constantFrom('\ufffd', '\u00e9', '\u{1f600}', 'a').map((text) => Buffer.from(text)),
)

describe('a line of bytes as text', () => {
  it('comes back as it was, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(anyBytes, { maxLength: 6 }), (parts) => {
        const line = latin1(Buffer.concat(parts))
        expect(bytesOfText(textOfBytes(line))).toBe(line)
      }),
      { numRuns: 2000 },
    )
  })

  it('is the text of valid UTF-8, and of what is valid beside what is not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 8 }), (text) => {
        expect(textOfBytes(latin1(Buffer.from(text)))).toBe(text)
        expect(textOfBytes(`\xff${latin1(Buffer.from(text))}`).slice(1)).toBe(text)
      }),
    )
  })
})
