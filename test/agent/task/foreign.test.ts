import { describe, expect, it } from 'vitest'
import { createNotes, plainWarning, thrownProblem } from '../../../agent/task/foreign.ts'
import { pluginError, type WarningOutput } from '../../../core/contract/index.ts'
import { fail } from '../../../core/errors.ts'

describe('thrownProblem', () => {
  const problem = (thrown: unknown) => thrownProblem(thrown, (reason) => fail('COLLECTOR_FAILED', { key: 'x', reason }))

  it('keeps errors that say what they are', () => {
    expect(problem(pluginError('NO_LICENCE', 'it has ended', { class: 'config', remedy: 'buy one' }))).toEqual({
      code: 'NO_LICENCE',
      message: 'it has ended',
      remedy: 'buy one',
    })
    expect(problem(fail('OUTPUT_PATH', { path: 'x', reason: 'y' }))).toMatchObject({ code: 'OUTPUT_PATH' })
  })

  it.each([
    ['an error', new Error('why\nat x'), 'collector "x" failed: why'],
    [
      'an error of the system',
      Object.assign(new Error('ENOENT: none'), { code: 'ENOENT' }),
      'collector "x" failed: ENOENT: none',
    ],
    ['text', 'why', 'collector "x" failed: why'],
    ['something odd', Object.create(null), 'collector "x" failed: something was thrown that cannot be shown'],
  ])('makes a failure of %s', (_, thrown, message) =>
    expect(problem(thrown)).toMatchObject({ code: 'COLLECTOR_FAILED', message }),
  )

  it.each(['password=hunter2', 'lower', 7, undefined, 'X'.repeat(100)])('does not take %j for a code', (code) => {
    expect(problem(Object.assign(new Error('m'), { code, class: 'bug', remedy: {} }))).toEqual({
      code: 'PLUGIN_ERROR',
      message: 'm',
    })
  })
})

describe('plainWarning', () => {
  it.each([
    [
      { code: 'A_1', message: 'm' },
      { code: 'A_1', message: 'm' },
    ],
    [
      { code: 'no code', message: 'm' },
      { code: 'COLLECTOR_WARNING', message: 'm' },
    ],
    [{ message: 7 }, { code: 'COLLECTOR_WARNING', message: '7' }],
    [{}, { code: 'COLLECTOR_WARNING', message: 'undefined' }],
    [
      { code: 'A', message: Object.create(null) },
      { code: 'A', message: 'something was thrown that cannot be shown' },
    ],
  ])('%j', (output, want) => expect(plainWarning({ type: 'warning', ...output } as unknown as WarningOutput)).toEqual(want))
})

describe('notes', () => {
  it('keep a thousand, count the rest, and know whether something is missing', () => {
    const notes = createNotes()
    const note = (index: number) => ({ code: 'N', message: String(index) })
    expect({ list: notes.list(), isLossy: notes.isLossy }).toEqual({ list: [], isLossy: false })
    for (let index = 0; index < 1000; index++) notes.add(note(index))
    expect(notes.list()).toHaveLength(1000)
    notes.add(note(1000))
    notes.add(note(1001), true)
    expect(notes.isLossy).toBe(true)
    expect(notes.list()).toHaveLength(1001)
    expect(notes.list().at(-1)).toEqual({ code: 'WARNINGS_OMITTED', message: '2 more warnings are not shown' })
  })
})
