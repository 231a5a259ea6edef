import { describe, expect, it } from 'vitest'
import { compileGlob, hasWildcard } from '../../../../agent/analysis/text/glob.ts'

describe('compileGlob', () => {
  it.each([
    ['a/b.log', 'a/b.log', true],
    ['a/b.log', 'a/bxlog', false],
    ['a/*.log', 'a/b.log', true],
    ['a/*.log', 'a/.log', true],
    ['a/*.log', 'a/c/b.log', false],
    ['a/*', 'a/b/c', false],
    ['*/*', 'a/b', true],
    ['*', 'a/b', false],
    ['**', 'abc', true],
    ['**', 'a/b', false],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['a?c', 'ac', false],
    ['a?c', 'aéc', true],
    ['a?c', 'a😀c', true],
    ['[a-c]x', 'bx', true],
    ['[a-c]x', 'dx', false],
    ['[^a-c]x', 'dx', true],
    ['[^a-c]x', 'ax', false],
    ['[abc-]x', '-x', false],
    ['[\\]a]', ']', true],
    ['[\\-x]', '-', true],
    ['[a-]b]', 'x', false],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['[!a]', '!', true],
    ['*a*b*c', 'xxaxxbxxc', true],
    ['*a*b*c', 'xxaxxcxxb', false],
    ['*-stdout.txt', 'x-stdout.txt-stdout.txt', true],
    ['', '', true],
    ['a.c', 'abc', false],
    ['a(b)+$', 'a(b)+$', true],
  ])('%s on %s: %s', (pattern, path, want) => {
    const result = () => compileGlob(pattern)(path)
    if (['[abc-]x', '[a-]b]'].includes(pattern)) expect(result).toThrow('not a well-formed file pattern')
    else expect(result()).toBe(want)
  })

  it.each(['[', '[a', '[]', '[^]', '[a-', '[-]', '[--a]', '\\', 'a/[b', '[a-]', '[\\'])('refuses %j', (pattern) =>
    expect(() => compileGlob(pattern)).toThrow('is not a well-formed file pattern'),
  )

  it('takes no longer for many stars', () => {
    const matches = compileGlob(`${'*a'.repeat(50)}b`)
    const started = performance.now()
    expect(matches('a'.repeat(2000))).toBe(false)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

it.each([
  ['a/b', false],
  ['a*', true],
  ['a?', true],
  ['[a', true],
  ['a]', false],
])('hasWildcard %s: %s', (path, want) => expect(hasWildcard(path)).toBe(want))
