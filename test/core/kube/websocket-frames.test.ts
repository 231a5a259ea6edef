import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader } from '../../../core/kube/websocket-frames.ts'
import { serverFrame } from './fake-port-forward.ts'

const read = (bytes: Buffer, step: number) => {
  const reader = new FrameReader()
  const got: { opcode: number; payload: Buffer }[] = []
  for (let at = 0; at < bytes.length; at += step) got.push(...reader.push(bytes.subarray(at, at + step)))
  return got
}

describe('frames', () => {
  it('of any size are read however they are cut', () => {
    const small = fc.tuple(fc.constantFrom(0, 1, 125, 126, 127, 300), fc.constantFrom(0, 1, 2))
    const control = fc.tuple(fc.constantFrom(0, 1, 125), fc.constantFrom(8, 9, 10))
    const large = fc.tuple(fc.constantFrom(65_535, 65_536, 70_000), fc.constant(2))
    const frames = fc.array(fc.oneof({ weight: 4, arbitrary: small }, { weight: 3, arbitrary: control }, large), { maxLength: 6 })
    fc.assert(
      fc.property(frames, fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 50_000 })), (wanted, step) => {
        const payloads = wanted.map(([length], index) => Buffer.alloc(length, index + 1))
        const bytes = Buffer.concat(payloads.map((payload, index) => serverFrame(wanted[index]?.[1] ?? 2, payload)))
        const got = read(bytes, step)
        expect(got.map(({ opcode }) => opcode)).toEqual(wanted.map(([, opcode]) => opcode))
        expect(got.every(({ payload }, index) => payload.equals(payloads[index] ?? Buffer.of(9)))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('that come in small pieces are not copied for each of them', () => {
    const size = 16 * 1024 * 1024
    const frame = serverFrame(2, Buffer.alloc(size, 7))
    const [got] = read(frame, 100)
    expect(got?.payload.length).toBe(size)
    expect(got?.payload.at(-1)).toBe(7)
  })

  it('may be larger than what was said before, and not larger than 16 MiB', () => {
    const head = Buffer.from([0x82, 127, 0, 0, 0, 0, 1, 0, 0, 1])
    expect(() => read(head, 3)).toThrow('a frame of 16777217 bytes')
  })
})
