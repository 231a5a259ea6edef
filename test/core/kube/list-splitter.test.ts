import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ListSplitter, parseList, splitList } from '../../../core/kube/list-splitter.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')

function inPieces(bytes: Buffer, sizes: number[]): { items: string[]; envelope: unknown } {
  const splitter = new ListSplitter()
  const items: string[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    items.push(...splitter.push(bytes.subarray(at, at + size)).map(text))
    at += size
  }
  return { items, envelope: splitter.end() }
}

it('keeps the bytes of each item, whatever their spacing and order of keys', () => {
  const list =
    '{"kind": "XList", "metadata":{"resourceVersion":"5","continue":"next","remainingItemCount":7},\n "items":[ {"b":1, "a":2} ,{"z":[{"items":[]}]}], "apiVersion":"v1"}'
  const { items, envelope } = splitList(Buffer.from(list))
  expect(items.map(text)).toEqual(['{"b":1, "a":2}', '{"z":[{"items":[]}]}'])
  expect(envelope).toEqual({
    kind: 'XList',
    apiVersion: 'v1',
    resourceVersion: '5',
    continueToken: 'next',
    remainingItemCount: 7,
  })
})

it('reads lists whose metadata comes last, as those of custom resources', () => {
  const { items, envelope } = splitList(
    Buffer.from('{"apiVersion":"a/v1","items":[{"a":1}],"kind":"AList","metadata":{"continue":"","resourceVersion":"9"}}'),
  )
  expect(items).toHaveLength(1)
  expect(envelope).toMatchObject({ kind: 'AList', resourceVersion: '9', continueToken: undefined })
})

describe('is not deceived by', () => {
  it.each([
    ['braces and quotes in texts', { a: '}],"items":[{', b: '\\"}{', c: '\\\\' }],
    ['nested items', { items: [{ items: [{}] }], metadata: { items: '[' } }],
    ['long texts with escapes', { a: `${'x'.repeat(5000)}\\"${'y'.repeat(5000)}"}]${'\\'.repeat(99)}` }],
    ['one escaped quote far behind in a text', { a: `${'x'.repeat(100)}"}]` }],
    ['one escaped quote, very far behind', { a: `${'x'.repeat(10_000)}"}]` }],
    ['texts that end in backslashes', { a: '\\'.repeat(100), b: `${'z'.repeat(64)}\\` }],
    ['other characters', { 'ключ"': '✓ "{" 😀' }],
  ])('%s', (_, item) => {
    const bytes = Buffer.from(JSON.stringify({ metadata: { annotations: { items: '"items":[' } }, items: [item, {}, item] }))
    for (const size of [1, 2, 3, 7, 64, 65, 4096, bytes.length]) {
      expect(inPieces(bytes, [size]).items).toEqual([JSON.stringify(item), '{}', JSON.stringify(item)])
    }
  })
})

it('gives the items of any list, cut anywhere', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[\\"{}[\]:,a]{0,200}$/),
    fc.stringMatching(/^a{60,70}["\\{}]{0,5}$/),
  )
  const item = fc.dictionary(nasty, fc.oneof(fc.jsonValue(), nasty, fc.array(fc.dictionary(nasty, nasty))))
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 5 }),
      fc.dictionary(nasty, fc.jsonValue()),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
      (items, extra, sizes) => {
        const { items: _, metadata: __, kind: ___, apiVersion: ____, ...more } = extra
        const bytes = Buffer.from(JSON.stringify({ ...more, kind: 'K', items, metadata: { resourceVersion: '1' } }))
        const got = inPieces(bytes, sizes)
        expect(got.items).toEqual(items.map((one) => JSON.stringify(one)))
        expect(got.envelope).toMatchObject({ kind: 'K', resourceVersion: '1' })
      },
    ),
    { numRuns: 100 },
  )
})

it('gives items as soon as they end', () => {
  const splitter = new ListSplitter()
  expect(splitter.push(Buffer.from('{"items":[{"a":1},{"b"')).map(text)).toEqual(['{"a":1}'])
  expect(splitter.push(Buffer.from(':2},')).map(text)).toEqual(['{"b":2}'])
  expect(() => splitter.end()).toThrow(SyntaxError)
})

it.each([
  ['nothing', ''],
  ['an empty object', '{'],
  ['half a list', '{"items":[{}'],
  ['half a text', '{"kind":"a'],
  ['a text', 'not json'],
  ['null', 'null'],
])('refuses %s', (_, list) => {
  expect(() => splitList(Buffer.from(list))).toThrow(SyntaxError)
})

it.each([
  ['an object that is no list', '{"kind":"Pod"}'],
  ['items: null, as Go writes empty lists', '{"kind":"Pod","items":null}'],
])('finds no item in %s', (_, list) => {
  expect(splitList(Buffer.from(list))).toMatchObject({ items: [], envelope: { kind: 'Pod' } })
})

it('a list that is parsed at once says the same, and what is no whole list is an error there, too', () => {
  const list = Buffer.from(
    '{"kind":"XList","items":[{"a":"]}"},{"b":[{}]}],"metadata":{"resourceVersion":"5","continue":"next"},"apiVersion":"v1"}',
  )
  const { items, envelope } = splitList(list)
  expect(parseList(list)).toEqual({ items: items.map((item) => JSON.parse(text(item)) as unknown), envelope })
  expect(parseList(Buffer.from('{"items":null}')).items).toEqual([])
  for (const end of [0, 20, list.length - 1]) expect(() => parseList(list.subarray(0, end))).toThrow(SyntaxError)
  expect(() => parseList(Buffer.from('null'))).toThrow(SyntaxError)
})
