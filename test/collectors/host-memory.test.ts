import { expect, it } from 'vitest'
import hostMemory from '../../collectors/host-memory/index.ts'
import { codes, collect, texts } from './collect.ts'
import { serverBut } from './machines.ts'

it('tells the bytes of memory', async () => {
  expect(texts(await collect(hostMemory))).toEqual({ 'host-collectors/system/memory.json': '{"total":25276514304}' })
})

it.each([
  ['is missing', undefined, 'HOST_FILE_UNREADABLE'],
  ['has no total', 'MemFree: 1 kB\n', 'MEMORY_UNKNOWN'],
])('warns and writes nothing when /proc/meminfo %s', async (_, content, code) => {
  const gathered = await collect(hostMemory, {}, serverBut({ files: { '/proc/meminfo': content } }))
  expect([texts(gathered), codes(gathered)]).toEqual([{}, [code]])
})
