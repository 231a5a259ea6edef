import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FirstBytes } from '../../../core/kube/first-bytes.ts'

it('are the first of all pieces, up to the limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 8 }),
      fc.integer({ min: 0, max: 6_000 }),
      (pieces, limit) => {
        const first = new FirstBytes(limit)
        for (const piece of pieces) first.add(piece)
        expect(first.bytes.equals(Buffer.concat(pieces).subarray(0, limit))).toBe(true)
      },
    ),
  )
})

it('hold nothing of the buffers that they came in, and little more than themselves', () => {
  const first = new FirstBytes(2 ** 20)
  const chunk = Buffer.alloc(64 * 1024)
  for (let count = 0; count < 2_000; count++) first.add(chunk.subarray(count, count + 1))
  expect(first.bytes.buffer).not.toBe(chunk.buffer)
  expect(first.bytes.buffer.byteLength).toBeLessThan(64 * 1024)
})

it('are text only once they are together', () => {
  const first = new FirstBytes(100)
  const bytes = Buffer.from('gr\u00fc\u00df')
  for (const byte of bytes) first.add(Buffer.of(byte))
  expect(first.text).toBe('gr\u00fc\u00df')
})
