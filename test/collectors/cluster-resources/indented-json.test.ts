import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IndentedJson } from '../../../collectors/cluster-resources/indented-json.ts'

const indented = (json: string, depth = 0, head?: string) => {
  const writer = new IndentedJson()
  writer.value(Buffer.from(json), depth, head === undefined ? undefined : Buffer.from(head))
  return Buffer.from(writer.take()).toString()
}

/** The same, slow and simple. */
function simply(json: string, depth: number): string {
  const line = (level: number) => `\n${'  '.repeat(Math.max(level, 0))}`
  let [text, level] = ['', depth]
  for (const [token] of json.matchAll(/"(?:\\[^]|[^"\\])*(?:"|\\?$)|[{[][}\]]|[^]/g)) {
    if (/^[{[]$/.test(token)) text += token + line(++level)
    else if (/^[}\]]$/.test(token)) text += line(--level) + token
    else if (token === ',') text += token + line(level)
    else if (token === ':') text += ': '
    else if (token.length > 1 || token > ' ') text += token
  }
  return text
}

describe('indenting JSON', () => {
  it('writes what is no JSON as if it were, wherever its room ends', () => {
    const piece = fc.constantFrom(
      ...'{}[]:,"\\ a\n'.split(''),
      '{"x":[1,{"y":null}]}',
      '"a":',
      ':'.repeat(60),
      '}'.repeat(60),
      `"${'z'.repeat(50)}"`,
    )
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(text, fc.nat(3), fc.nat(400), (json, depth, left) => {
        const writer = new IndentedJson()
        const before = 'p'.repeat(Math.floor((64 * 1024 - left) / 3))
        // A text asks for three times its length, so that after two of them the next value is at the end of the room.
        writer.text(before)
        writer.value(Buffer.from(`"${'q'.repeat(64 * 1024 - left - before.length - 2)}"`), 0)
        const from = writer.length
        writer.value(Buffer.from(json), depth)
        expect(Buffer.from(writer.take()).subarray(from).toString()).toBe(simply(json, depth))
      }),
      { numRuns: 2000 },
    )
  })

  it('gives what JSON.stringify gives', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(4), (value, depth) => {
        const wanted = JSON.stringify(value, undefined, 2).replaceAll('\n', `\n${'  '.repeat(depth)}`)
        expect(indented(JSON.stringify(value), depth)).toBe(wanted)
      }),
    )
  })

  it.each([
    ['numbers that JavaScript would round', '{"a":12345678901234567890,"b":1.0,"c":-0,"d":1E400}'],
    ['the order of keys that look like numbers', '{"10":1,"9":2}'],
    ['a key that stands there twice', '{"a":1,"a":2}'],
    ['escapes', '{"a":"\\u0026\\u003c \\" \\\\ { [ , :"}'],
    ['a text that ends in a backslash', '{"a":"\\\\","b":"x"}'],
  ])('keeps %s', (_, json) => {
    expect(
      indented(json)
        .replaceAll(/\n */g, '')
        .replaceAll(/: (?=[^ ])/g, ':'),
    ).toBe(json.replaceAll(': ', ':'))
  })

  it('keeps texts longer than its buffer, and starts anew after each take', () => {
    const long = 'x'.repeat(300_000)
    const writer = new IndentedJson()
    for (const round of [1, 2]) {
      writer.text(`${round} `)
      writer.value(Buffer.from(JSON.stringify({ long })), 0)
      expect(Buffer.from(writer.take()).toString()).toBe(`${round} {\n  "long": "${long}"\n}`)
    }
    expect(writer.length).toBe(0)
  })

  it('hands out bytes that later writing does not change', () => {
    const writer = new IndentedJson()
    writer.text('first')
    const taken = writer.take()
    writer.text('other')
    expect(Buffer.from(taken).toString()).toBe('first')
  })

  it('puts members in front of those of an object', () => {
    expect(indented('{"a":1}', 1, '\n    "kind": "Pod",')).toBe('{\n    "kind": "Pod",\n    "a": 1\n  }')
  })

  it('passes over white space', () => {
    expect(indented('{ "a" : [ 1 ,\n 2 ] }')).toBe('{\n  "a": [\n    1,\n    2\n  ]\n}')
  })
})
