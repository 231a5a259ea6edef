import { expect, it } from 'vitest'
import { memo } from '../../../core/schedule/memo.ts'

it('makes a value once, and again only when it was not asked for in a while', () => {
  const made: string[] = []
  const square = memo(2, (word: string, number: number) => {
    made.push(`${word}${number}`)
    return number * number
  })
  expect([square('a', 1), square('a', 2), square('a', 1), square('a', 3)]).toEqual([1, 4, 1, 9])
  expect(made).toEqual(['a1', 'a2', 'a3'])
  square('a', 1)
  expect(made).toHaveLength(3)
  square('a', 2)
  expect(made).toEqual(['a1', 'a2', 'a3', 'a2'])
})

it('keeps "nothing" as an answer too, and no error', () => {
  let calls = 0
  const nothing = memo(2, (): undefined => void calls++)
  nothing()
  nothing()
  expect(calls).toBe(1)
  const failing = memo(2, () => {
    calls++
    throw new Error('no')
  })
  expect(failing).toThrow('no')
  expect(failing).toThrow('no')
  expect(calls).toBe(3)
})
