import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coalesce } from '../../../collectors/helm/values.ts'

const CASES: [name: string, user: object, defaults: object, all: object][] = [
  ['defaults where the user says nothing', {}, { a: 1, b: { c: 2 } }, { a: 1, b: { c: 2 } }],
  ['the user wins', { a: 2 }, { a: 1 }, { a: 2 }],
  ['table by table', { a: { x: 1 } }, { a: { x: 0, y: 2 } }, { a: { x: 1, y: 2 } }],
  ['lists are replaced', { a: [1] }, { a: [2, 3] }, { a: [1] }],
  ['a null takes a default away', { a: null, b: { x: null } }, { a: 1, b: { x: 1, y: 2 } }, { b: { y: 2 } }],
  ['a null of something without a default stays', { a: null }, {}, { a: null }],
  ['a table wins over a value', { a: { x: 1 } }, { a: 1 }, { a: { x: 1 } }],
  [
    'a table wins over what is no table either',
    { a: { x: 1 }, b: { x: 1 } },
    { a: ['y'], b: 'yz' },
    { a: { x: 1 }, b: { x: 1 } },
  ],
  ['a value wins over a table', { a: 1 }, { a: { x: 1 } }, { a: 1 }],
]

describe('values of a release', () => {
  it.each(CASES)('%s', (_, user, defaults, all) => {
    expect(coalesce(user as never, defaults as never)).toEqual(all)
  })

  it('names that objects have anyhow are names', () => {
    const merged = coalesce(JSON.parse('{"__proto__":{"x":1}}') as never, { toString: 1 })
    expect(JSON.stringify(merged)).toBe('{"__proto__":{"x":1},"toString":1}')
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
  })

  it('are in the order of their names, and leave what they are made of alone', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (user, defaults) => {
        const before = JSON.stringify([user, defaults])
        const merged = coalesce(user, defaults)
        expect(JSON.stringify([user, defaults])).toBe(before)
        for (const [key, value] of Object.entries(user))
          if (value !== null && typeof value !== 'object') expect(merged[key]).toEqual(value)
      }),
    )
    expect(Object.keys(coalesce({ b: 1, d: 1 }, { c: 1, a: 1 }))).toEqual(['a', 'b', 'c', 'd'])
  })
})
