import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { keysAt } from '../../core/schema-keys.ts'

const Schema = z.strictObject({
  name: z.string(),
  inner: z.strictObject({ deep: z.array(z.strictObject({ a: z.string(), b: z.string() })) }).prefault({ deep: [] }),
  either: z.union([z.string(), z.strictObject({ file: z.string() }), z.strictObject({ url: z.string() })]),
  open: z.record(z.string(), z.unknown()),
})

describe('the keys that may stand at a path', () => {
  it.each<[string, PropertyKey[], string[]]>([
    ['the top', [], ['name', 'inner', 'either', 'open']],
    ['an object', ['inner'], ['deep']],
    ['an entry of a list', ['inner', 'deep', 3], ['a', 'b']],
    ['one of several shapes', ['either'], ['file', 'url']],
    ['what takes any', ['open'], []],
    ['a value', ['name'], []],
    ['nowhere', ['missing', 'far'], []],
  ])('%s', (_, path, want) => {
    expect(keysAt(Schema, path)).toEqual(want)
  })
})
