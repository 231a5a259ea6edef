import { expect, it } from 'vitest'
import { boundedExec } from '../../../agent/go-regexp/bounded.ts'

it('matches as exec does', () => {
  expect(Array.from(boundedExec(/E(R+)O(x)?/u, 'xx ERROR', 1000) ?? [])).toEqual(['ERRO', 'RR', undefined])
  expect(boundedExec(/nothing/u, 'xx ERROR', 1000)).toBeNull()
})

it.each([/^(a+)+$/u, /^(a+)+$/iu])('gives %s up in time', (regexp) => {
  const started = performance.now()
  expect(() => boundedExec(regexp, `${'a'.repeat(50)}b`, 50)).toThrow(
    'the regular expression did not end within 50 ms on one file',
  )
  expect(performance.now() - started).toBeLessThan(3000)
  expect(boundedExec(/b/u, 'abc', 1000)?.index).toBe(1)
})
