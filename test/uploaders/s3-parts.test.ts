import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bundle } from '../../core/contract/index.ts'
import { memoryBundle } from '../../core/testkit/index.ts'
import { PartBuffers } from '../../uploaders/s3/part-buffers.ts'
import { cutParts, planParts } from '../../uploaders/s3/parts.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const never = new AbortController().signal

/** Cuts a bundle and gives its parts' numbers and bytes. Each buffer goes back a moment later, when others are on their way. */
async function cut(bundle: Bundle, partBytes: number, count: number, signal = never) {
  const buffers = new PartBuffers(2, partBytes)
  const parts: { number: number; text: string }[] = []
  for await (const { number, bytes, buffer, sha256 } of cutParts(bundle, { partBytes, count, buffers: 2 }, buffers, signal)) {
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('base64'))
    parts.push({ number, text: bytes.toString('latin1') })
    setImmediate(() => buffers.give(buffer))
  }
  return parts
}

function bundleOf(bytes: Buffer, chunkBytes: number): Bundle {
  return {
    fileName: 'a.tar.gz',
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    async *open() {
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
    },
  }
}

it('cuts any bundle, read in any chunks, into parts of one size that are the bundle again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 60 }),
      async (array, partBytes, chunkBytes) => {
        const bytes = Buffer.from(array)
        const count = Math.max(1, Math.ceil(bytes.length / partBytes))
        const parts = await cut(bundleOf(bytes, chunkBytes), partBytes, count)
        expect(parts.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, index) => index + 1))
        expect(parts.slice(0, -1).every(({ text }) => text.length === partBytes)).toBe(true)
        expect(parts.map(({ text }) => text).join('')).toBe(bytes.toString('latin1'))
      },
    ),
  )
})

describe('the last part never comes', () => {
  const good = bundleOf(Buffer.from('abcdefghij'), 3)
  const CASES: [string, Partial<Bundle>, RegExp][] = [
    ['of a stream that ends early', { size: 11 }, /10 of 11 bytes came/],
    ['of one that goes on', { size: 8 }, /more than 8 bytes came/],
    ['of one with other bytes', { sha256: 'ab' }, /other bytes came than were announced/],
  ]
  it.each(CASES)('%s', async (_, change, message) => {
    const parts: number[] = []
    const buffers = new PartBuffers(9, 4)
    const reading = async () => {
      for await (const { number } of cutParts({ ...good, ...change }, { partBytes: 4, count: 3, buffers: 9 }, buffers, never))
        parts.push(number)
    }
    await expect(reading()).rejects.toMatchObject({
      code: 'UPLOAD_DAMAGED',
      class: 'retryable',
      message: expect.stringMatching(message),
    })
    expect(parts).not.toContain(3)
  })

  it('of one that fails, which is no fault of the far side', async () => {
    const reading = cut(memoryBundle({ fault: 'error' }), 64 * 1024, 1)
    await expect(reading).rejects.toMatchObject({
      code: 'UPLOAD_SOURCE_FAILED',
      class: 'retryable',
      message: 'nightly-20260101T020000Z.tar.gz cannot be read: the stream broke',
    })
  })

  it('of one that is aborted', async () => {
    const stop = new AbortController()
    const bundle = memoryBundle({ fault: () => stop.abort(new Error('cancelled')) })
    await expect(cut(bundle, 16 * 1024, 4, stop.signal)).rejects.toThrow('cancelled')
    expect(bundle.handedOut()).toBeLessThan(bundle.size)
  })
})

describe('the plan', () => {
  it.each([
    ['an empty bundle', 0, 16, { partBytes: 0, count: 1, buffers: 1 }],
    ['a small one', 1000, 16, { partBytes: 1000, count: 1, buffers: 1 }],
    ['one of just a part', 16 * MIB, 16, { partBytes: 16 * MIB, count: 1, buffers: 1 }],
    ['a byte more', 16 * MIB + 1, 16, { partBytes: 16 * MIB, count: 2, buffers: 4 }],
    ['one that needs larger parts', 32 * GIB, 16, { partBytes: 33 * MIB, count: 993, buffers: 3 }],
    ['the largest', 64 * MIB * 4_000, 16, { partBytes: 64 * MIB, count: 4_000, buffers: 2 }],
  ])('of %s', (_, size, partSizeMiB, plan) => {
    expect(planParts(size, partSizeMiB)).toEqual(plan)
  })

  it('never needs more than 128 MiB, nor more parts than the state can tell of', () => {
    const sizes = fc.integer({ min: 0, max: 64 * MIB * 4_000 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 5, max: 64 }), (size, partSizeMiB) => {
        const { partBytes, count, buffers } = planParts(size, partSizeMiB)
        expect(partBytes * buffers).toBeLessThanOrEqual(128 * MIB)
        expect(count).toBeLessThanOrEqual(4_000)
        expect(partBytes * count).toBeGreaterThanOrEqual(size)
        if (count > 1) expect(partBytes % MIB).toBe(0)
      }),
    )
  })

  it('says so when a bundle is too large', () => {
    expect(() => planParts(64 * MIB * 4_000 + 1, 16)).toThrow(
      expect.objectContaining({ code: 'UPLOAD_TOO_LARGE', class: 'resource' }),
    )
  })
})

describe('buffers', () => {
  it('are made when they are needed, used again, and waited for', async () => {
    const buffers = new PartBuffers(2, 8)
    const [first, second] = [await buffers.take(), await buffers.take()]
    expect(first).not.toBe(second)
    const third = buffers.take()
    buffers.give(first)
    expect(await third).toBe(first)
    buffers.give(second)
    expect(await buffers.take()).toBe(second)
  })
})
