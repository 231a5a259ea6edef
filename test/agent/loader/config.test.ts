import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { parseConfig } from '../../../agent/loader/config.ts'
import type { ConfigSchema } from '../../../core/contract/index.ts'

const Config = z.strictObject({ name: z.string(), deep: z.strictObject({ size: z.number().default(7) }).default({ size: 7 }) })
/** A schema that is none of zod's. */
const own = (validate: (value: unknown) => unknown): ConfigSchema => ({
  '~standard': { version: 1, vendor: 'own', validate: validate as never },
})

describe('parseConfig', () => {
  it('gives the parsed value, with defaults', async () => {
    expect(await parseConfig(Config, { name: 'x' })).toEqual({ value: { name: 'x', deep: { size: 7 } }, ignored: [] })
  })

  it('leaves out what the schema does not know, at any depth, and names it', async () => {
    const value = { name: 'x', new: 1, deep: { size: 1, newer: 2 } }
    expect(await parseConfig(Config, value)).toEqual({ value: { name: 'x', deep: { size: 1 } }, ignored: ['deep.newer', 'new'] })
    expect(value).toEqual({ name: 'x', new: 1, deep: { size: 1, newer: 2 } })
  })

  it.each([
    ['another type', { name: 7 }, /^name: /],
    ['an unknown key beside a mistake', { name: 7, new: 1 }, /name: /],
    ['no object', 'x', /expected object/],
  ])('%s is one line of issues', async (_, value, want) => {
    const parsed = await parseConfig(Config, value)
    expect(parsed).toEqual({ issues: expect.stringMatching(want) })
    expect(JSON.stringify(parsed)).not.toContain('\\n')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
      'its schema failed: no',
    ],
    [
      'throws something odd',
      () => {
        throw Object.create(null)
      },
      'its schema failed: something was thrown that cannot be shown',
    ],
    ['gives nothing', () => undefined, expect.stringContaining('its schema failed')],
    ['gives issues that are none', () => ({ issues: [null] }), expect.stringContaining('its schema failed')],
    ['says where in its own way', () => ({ issues: [{ message: 'bad', path: [{ key: 'a' }, 0] }] }), 'a.0: bad'],
  ])('a schema that %s never throws', async (_, validate, issues) => {
    expect(await parseConfig(own(validate), {})).toEqual({ issues })
  })

  it('waits for a schema that needs time', async () => {
    expect(
      await parseConfig(
        own(async (value) => ({ value })),
        7,
      ),
    ).toEqual({ value: 7, ignored: [] })
  })
})
