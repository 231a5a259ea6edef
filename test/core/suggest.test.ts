import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hint, nearest } from '../../core/suggest.ts'

describe('nearest', () => {
  it.each<[string, string[], string | undefined]>([
    ['creat', ['create', 'list'], 'create'],
    ['craete', ['create', 'list'], 'create'],
    ['STATUS', ['status'], 'status'],
    ['nightly-paymnts', ['nightly-payments', 'nightly'], 'nightly-payments'],
    ['a', ['b', '1'], undefined],
    ['ax', ['a', 'b'], 'a'],
    ['ls', ['rs', 'list'], 'rs'],
    ['ab', ['cd'], undefined],
    ['', ['a'], undefined],
    ['edit', ['create', 'delete', 'list'], undefined],
    ['collekt', ['collect', 'select'], 'collect'],
    ['x', [], undefined],
  ])('%s of %j is %s', (word, candidates, want) => {
    expect(nearest(word, candidates)).toBe(want)
  })

  it('finds a word again after one letter was changed, left out or doubled, or two were swapped', () => {
    const word = fc.stringMatching(/^[a-z]{4,12}$/)
    fc.assert(
      fc.property(word, fc.nat(), fc.constantFrom('change', 'leave', 'double', 'swap'), (text, seed, how) => {
        const at = seed % (text.length - 1)
        const [before, letter, next] = [text.slice(0, at), text.charAt(at), text.charAt(at + 1)]
        const tail = text.slice(at + 2)
        const wrong = {
          change: `${before}#${next}`,
          leave: `${before}${next}`,
          double: `${before}${letter}${letter}${next}`,
          swap: `${before}${next}${letter}`,
        }[how]
        expect(nearest(wrong + tail, [text])).toBe(text)
      }),
    )
  })
})

it('a hint is made to stand behind a message, or is nothing', () => {
  expect(hint('lst', ['list'])).toBe('; did you mean "list"?')
  expect(hint('zzz', ['list'])).toBe('')
})
