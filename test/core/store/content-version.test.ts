import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentVersion } from '../../../core/store/content-version.ts'

const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 })

describe('the version of a content', () => {
  it('is 16 hex digits, the same for the same bytes wherever they lie', () => {
    fc.assert(
      fc.property(bytes, fc.nat(7), (content, offset) => {
        const elsewhere = Buffer.concat([Buffer.alloc(offset), content]).subarray(offset)
        expect(contentVersion(content)).toMatch(/^[0-9a-f]{16}$/)
        expect(contentVersion(elsewhere)).toBe(contentVersion(content))
      }),
    )
  })

  it('is another one when any byte changes, or one more or less is there', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (content, where, change) => {
        const other = Uint8Array.from(content)
        const at = where % content.length
        other[at] = (other[at] ?? 0) ^ change
        const all = [content, other, content.subarray(1), content.subarray(0, -1), Buffer.concat([content, Buffer.of(0)])]
        const different = new Set(all.map((one) => Buffer.from(one).toString('hex')))
        expect(new Set(all.map(contentVersion)).size).toBe(different.size)
      }),
    )
  })

  it('tells 50,000 similar texts apart', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 50_000; i++) seen.add(contentVersion(Buffer.from(String(i).padStart(8, '0'))))
    expect(seen.size).toBe(50_000)
  })
})
