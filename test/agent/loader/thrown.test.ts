import { describe, expect, it } from 'vitest'
import { asError } from '../../../agent/loader/thrown.ts'

const withMessage = (message: unknown) => Object.defineProperty(new Error('x'), 'message', { value: message })

describe('asError', () => {
  it('leaves sound errors as they are', () => {
    const error = new TypeError('why')
    expect(asError(error)).toBe(error)
  })

  it.each([
    ['text', 'why', 'why'],
    ['a number', 7, '7'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an object without a prototype', Object.create(null), 'something was thrown that cannot be shown'],
    [
      'an object that breaks when it is shown',
      {
        toString: () => {
          throw new Error('no')
        },
      },
      'something was thrown that cannot be shown',
    ],
    ['an error with a number for its message', withMessage(7), '7'],
    ['an error with an odd message', withMessage(Object.create(null)), 'something was thrown that cannot be shown'],
    [
      'an error that breaks when it is read',
      Object.defineProperty(new Error('x'), 'message', {
        get: () => {
          throw new Error('no')
        },
      }),
      'something was thrown that cannot be shown',
    ],
  ])('makes an error of %s', (_, thrown, message) => {
    const error = asError(thrown)
    expect(error).toBeInstanceOf(Error)
    expect(error.message).toBe(message)
  })
})
