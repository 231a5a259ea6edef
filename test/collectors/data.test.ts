import { expect, it } from 'vitest'
import data from '../../collectors/data/index.ts'
import { collect, issues } from './collect.ts'

it.each([
  [{ name: 'static', collectorName: 'note.txt', data: 'hello' }, 'static/note.txt', 'text'],
  [{ name: '/a/b/', collectorName: 'c', data: '' }, 'a/b/c', 'text'],
  [{ collectorName: 'facts.json', data: '{"a":1}' }, 'facts.json', 'json'],
  [{ name: 'facts.json', data: '{"a":' }, 'facts.json', 'text'],
  [{ name: 'a', collectorName: 'b', data: '{}', exclude: 'false' }, 'a/b', 'text'],
])('writes %j', async (entry, path, format) => {
  expect((await collect(data, entry)).files).toMatchObject([{ path, format, text: entry.data }])
})

it('wants a name and text', async () => {
  expect(await issues(data, { data: 'x' })).toEqual(['collectorName: is needed to name the file (or "name")'])
  expect(await issues(data, { name: 'x' })).toHaveLength(1)
})
