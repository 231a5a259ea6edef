import { describe, expect, it } from 'vitest'
import { pluginError } from '../../core/contract/index.ts'
import { asProblem, EXIT, fail, isFailure, reasonOf } from '../../core/errors.ts'

describe('a catalogued error', () => {
  it('says what is wrong and why, and what to do, and how the program ends', () => {
    expect(fail('JOB_NOT_FOUND', { name: 'nigtly', hint: '; did you mean "nightly"?' })).toMatchObject({
      name: 'ProductError',
      code: 'JOB_NOT_FOUND',
      message: 'job "nigtly" does not exist; did you mean "nightly"?',
      remedy: expect.stringContaining('list') as string,
      exitCode: EXIT.notFound,
      class: 'config',
    })
  })

  it('takes fields as they are: what looks like a field in them is none', () => {
    expect(fail('JOB_NOT_FOUND', { name: '{program} $& {name}' }).message).toBe('job "{program} $& {name}" does not exist')
  })

  it('keeps its cause, and has none unless there is one', () => {
    const cause = new Error('why')
    expect(fail('INTERNAL', { reason: 'x' }, cause).cause).toBe(cause)
    expect('cause' in fail('INTERNAL', { reason: 'x' })).toBe(false)
  })

  it('is known by its code', () => {
    const error = fail('STORE_GONE', { kind: 'run', name: 'a' })
    expect([
      isFailure(error, 'STORE_GONE'),
      isFailure(error, 'STORE_EXISTS', 'STORE_GONE'),
      isFailure(error, 'STORE_EXISTS'),
    ]).toEqual([true, true, false])
    expect(isFailure(Object.assign(new Error('x'), { code: 'STORE_GONE' }), 'STORE_GONE')).toBe(false)
    expect(isFailure(undefined, 'STORE_GONE')).toBe(false)
  })
})

describe('whatever was thrown, as data', () => {
  it.each<[string, unknown, object]>([
    [
      'a catalogued error',
      fail('INTERNAL', { reason: 'x' }),
      { code: 'INTERNAL', message: expect.stringContaining('x'), remedy: expect.any(String) },
    ],
    ['a plug-in’s error', pluginError('X', 'no', { class: 'config', remedy: 'do' }), { code: 'X', message: 'no', remedy: 'do' }],
    ['a plug-in’s error without remedy', pluginError('X', 'no', { class: 'config' }), { code: 'X', message: 'no' }],
    [
      'a system error',
      Object.assign(new Error('EACCES: denied'), { code: 'EACCES' }),
      { code: 'INTERNAL', message: expect.stringContaining('EACCES: denied') },
    ],
    ['a text', 'oh', { code: 'INTERNAL', message: expect.stringContaining('oh') }],
    ['nothing', undefined, { code: 'INTERNAL', message: expect.stringContaining('undefined') }],
  ])('%s', (_, thrown, want) => {
    expect(asProblem(thrown)).toMatchObject(want)
  })

  it('never has a stack', () => {
    expect(JSON.stringify(asProblem(new Error('one\n    at two')))).not.toContain('at two')
  })
})

describe('a reason', () => {
  it.each<[unknown, string]>([
    [new Error('one\ntwo'), 'one'],
    [new Error('\n  one'), 'one'],
    [new TypeError(''), 'TypeError'],
    ['text', 'text'],
    [null, 'null'],
    [{ a: 1 }, '[object Object]'],
  ])('of %j is %s', (error, want) => {
    expect(reasonOf(error)).toBe(want)
  })
})
