import { describe, expect, it } from 'vitest'
import { parseGoBool, readBoolOrString } from '../../../agent/specs/go-bool.ts'

describe('parseGoBool', () => {
  it.each(['1', 't', 'T', 'true', 'True', 'TRUE'])('takes %j as true', (text) => expect(parseGoBool(text)).toBe(true))
  it.each(['0', 'f', 'F', 'false', 'False', 'FALSE'])('takes %j as false', (text) => expect(parseGoBool(text)).toBe(false))
  it.each(['', 'yes', 'tRUE', ' true', '2', 'constructor', '__proto__'])('takes %j as neither', (text) =>
    expect(parseGoBool(text)).toBeUndefined(),
  )
})

describe('readBoolOrString', () => {
  it.each([
    [undefined, false],
    [null, false],
    ['', false],
    [true, true],
    [false, false],
    ['T', true],
    ['maybe', undefined],
    [1, undefined],
    [['true'], undefined],
  ])('reads %j as %j', (value, want) => expect(readBoolOrString(value)).toBe(want))
})
