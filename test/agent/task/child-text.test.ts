import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createChildText } from '../../../agent/task/child-text.ts'

function through(pieces: Iterable<Uint8Array | string>, close = true): string[] {
  const said: string[] = []
  const text = createChildText((line) => void said.push(line))
  for (const piece of pieces) text.push(Buffer.from(piece))
  if (close) text.end()
  return said
}
const all = (pieces: Iterable<Uint8Array | string>) => through(pieces).join('')

describe('the text of a child', () => {
  it('comes in whole lines, however it was cut', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((one) => one.replaceAll(/[\r\n]/g, '').toWellFormed())
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), fc.array(fc.nat(), { maxLength: 10 }), (lines, places) => {
        const bytes = Buffer.from(lines.map((one) => `${one}\n`).join(''))
        const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
        const said = through(ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)))
        expect(said.join('')).toBe(bytes.toString())
        expect(said.every((one) => one.endsWith('\n'))).toBe(true)
      }),
    )
  })

  it('gives the last line its end', () => {
    expect(through(['one\ntw', 'o'])).toEqual(['one\n', 'two\n'])
    expect(through(['one\ntw', 'o'], false)).toEqual(['one\n'])
    expect(through([])).toEqual([])
  })

  it('hides secrets, cut anywhere', () => {
    const text = 'before\npassword=hunter2hunter2\nafter\n'
    for (let at = 0; at <= text.length; at++)
      expect(all([text.slice(0, at), text.slice(at)])).toBe('before\npassword=***HIDDEN***\nafter\n')
  })

  it('hides a private key that goes over many lines', () => {
    const body = Array.from({ length: 20 }, (_, index) => `MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA${index}`)
    const said = all(['a\n-----BEGIN PRIVATE KEY-----\n', ...body.map((line) => `${line}\n`), '-----END PRIVATE KEY-----\nb\n'])
    expect(said).not.toContain('MIIE')
    expect(said).toMatch(/^a\n[^]*HIDDEN[^]*\nb\n$/)
  })

  it('leaves out a line that is too long, and goes on after it', () => {
    const note = '(a line of more than 65536 bytes was left out)\n'
    const long = 'x'.repeat(30_000)
    expect(all(['one\n', long, long, long, `${long}\ntwo\n`, 'three\n'])).toBe(`one\n${note}two\nthree\n`)
    expect(all(['one\n', long, long, long])).toBe(`one\n${note}`)
    expect(all(['y'.repeat(65_535), '\n'])).toHaveLength(65_536)
  })

  it('stops after a mebibyte, and says so once', () => {
    const said = all(Array.from({ length: 40 }, () => `${'z'.repeat(99)}\n`.repeat(600)))
    expect(said.length).toBeLessThan(1.2 * 2 ** 20)
    expect(said.match(/left out/g)).toEqual(['left out'])
    expect(said.endsWith('(all further output was left out, after 1048576 bytes)\n')).toBe(true)
  })
})
