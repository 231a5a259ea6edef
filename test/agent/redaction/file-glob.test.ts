import { expect, it } from 'vitest'
import { globPattern } from '../../../agent/redaction/file-glob.ts'

it.each([
  ['a/b.json', ['a/b.json'], ['a/b-json', 'xa/b.json', 'a/b.jsonx']],
  ['a/*.json', ['a/.json', 'a/b.json'], ['a/b/c.json', 'a/b.txt']],
  ['a/**', ['a/', 'a/b', 'a/b/c'], ['a', 'b/a/c']],
  ['**/*.log', ['x/y/z.log', 'x/z.log'], ['z.log']],
  ['a?c', ['abc'], ['ac', 'a/c', 'abbc']],
  ['[a-c]x', ['ax', 'cx'], ['dx', 'x']],
  ['[!a-c]x', ['dx'], ['ax']],
  ['[[]x', ['[x'], ['x']],
  ['{a,b*}/c', ['a/c', 'b/c', 'bb/c'], ['c/c', '{a,b}/c']],
  ['{a,{b,c}d}', ['a', 'bd', 'cd'], ['b', 'd']],
  ['{a', ['a'], ['{a']],
  ['a,b}', ['a,b}'], ['a']],
  [String.raw`\*\{(+$^|).`, ['*{(+$^|).'], ['x{(+$^|).', '*{(+$^|)x']],
])('%s', (glob, matching, other) => {
  const pattern = globPattern(glob)
  expect(matching.filter((path) => !pattern.test(path))).toEqual([])
  expect(other.filter((path) => pattern.test(path))).toEqual([])
})
