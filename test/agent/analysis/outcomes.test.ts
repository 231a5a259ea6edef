import { describe, expect, it } from 'vitest'
import { evaluate, judge, Outcome } from '../../../agent/analysis/outcomes.ts'

const judged = (items: unknown[], ...held: string[]) =>
  judge(
    items.map((item) => Outcome.parse(item)),
    (when) => held.includes(when),
  )

describe('judge', () => {
  it.each([
    {
      name: 'the first that holds',
      items: [{ fail: { when: 'a', message: '1' } }, { warn: { when: 'b', message: '2', uri: 'u' } }, { pass: { message: '3' } }],
      held: ['b'],
      want: { verdict: 'warn', message: '2', uri: 'u' },
    },
    {
      name: 'the order of the spec, not of severity',
      items: [{ pass: { when: 'a' } }, { fail: { when: 'a' } }],
      held: ['a'],
      want: { verdict: 'pass', message: '', uri: '' },
    },
    {
      name: 'one without a condition at once',
      items: [{ warn: {} }, { fail: { when: 'a' } }],
      held: ['a'],
      want: { verdict: 'warn', message: '', uri: '' },
    },
    { name: 'nothing that does not hold', items: [{ fail: { when: 'a' } }], held: [], want: undefined },
    { name: 'nothing of nothing', items: [], held: [], want: undefined },
    { name: 'nothing of an empty outcome', items: [{}, { fail: null }], held: [], want: undefined },
    {
      name: 'fail before pass in one outcome',
      items: [{ pass: { message: 'p' }, fail: { message: 'f' } }],
      held: [],
      want: { verdict: 'fail', message: 'f', uri: '' },
    },
    { name: 'only the fail of one outcome', items: [{ pass: { message: 'p' }, fail: { when: 'a' } }], held: [], want: undefined },
    {
      name: 'texts that YAML took for numbers',
      items: [{ fail: { when: true, message: 5 } }],
      held: ['true'],
      want: { verdict: 'fail', message: '5', uri: '' },
    },
  ])('takes $name', ({ items, held, want }) => expect(judged(items, ...held)).toEqual(want))
})

it('evaluate tells the condition with the error', () => {
  const holds = () => {
    throw new Error('bad words')
  }
  expect(() => evaluate('a b', holds)).toThrow('cannot evaluate "a b": bad words')
})
