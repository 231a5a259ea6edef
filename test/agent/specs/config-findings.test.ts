import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { configFindings, unknownFields } from '../../../agent/specs/config-findings.ts'

const Config = z.strictObject({
  name: z.string().default(''),
  limits: z.strictObject({ maxAge: z.string().optional(), maxLines: z.int().optional() }).optional(),
  items: z.array(z.strictObject({ path: z.string() })).default([]),
  text: z
    .string()
    .transform((text) => text.length)
    .optional(),
})
const find = async (config: unknown) =>
  (await configFindings(Config, config)).map(({ path, message, isUnknownKey }) => [path.join('.'), message, isUnknownKey])

describe('configFindings', () => {
  it('finds nothing in what is valid', async () => expect(await find({ name: 'a', limits: { maxAge: '1h' } })).toEqual([]))

  it.each([
    ['a misspelt key', { nam: 'a' }, 'nam', '; did you mean "name"?'],
    ['one that belongs deeper', { maxAge: '1h' }, 'maxAge', '; it belongs to "limits"'],
    ['one that belongs into the items of a list', { path: 'a' }, 'path', '; it belongs to "items"'],
    ['one that belongs one level up', { limits: { name: 'a' } }, 'limits.name', '; it belongs one level up'],
    ['a misspelt key of an object inside', { limits: { maxage: 'a' } }, 'limits.maxage', '; did you mean "maxAge"?'],
    ['a misspelt key of an item', { items: [{ path: 'a', pathh: 'b' }] }, 'items.0.pathh', '; did you mean "path"?'],
    ['a stranger', { zzzzzz: 1 }, 'zzzzzz', ''],
  ])('names %s', async (_, config, path, advice) =>
    expect(await find(config)).toEqual([[path, `does not know "${path}"; it was ignored${advice}`, true]]),
  )

  it('gives the place of a wrong value', async () => {
    expect(await find({ limits: { maxLines: 'x' }, odd: 1 })).toEqual([
      ['limits.maxLines', expect.any(String), false],
      ['odd', expect.stringContaining('"odd"'), true],
    ])
  })

  it('knows keys of strange schemas only as far as these tell them', async () => {
    const validate = () => ({
      issues: [{ message: 'Unrecognized', code: 'unrecognized_keys', keys: ['a'], path: [{ key: 'b' }] }],
    })
    const schema = { '~standard': { version: 1 as const, vendor: 'other', validate } }
    expect(await configFindings(schema, {})).toEqual([
      { path: ['b', 'a'], message: 'does not know "b.a"; it was ignored', isUnknownKey: true },
    ])
    const broken = { '~standard': { version: 1 as const, vendor: 'other', validate: () => Promise.reject(new Error('no')) } }
    expect(await configFindings(broken, {})).toEqual([])
  })
})

it('unknownFields compares the keys of a flat config', () => {
  expect(unknownFields({ name: 1, namespac: 2 }, ['name', 'namespace'])).toEqual([
    { path: ['namespac'], message: 'does not know "namespac"; it was ignored; did you mean "namespace"?', isUnknownKey: true },
  ])
})
