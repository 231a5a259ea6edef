import { expect, it } from 'vitest'
import { nodePaths } from '../../../../agent/task/nodes/node-paths.ts'

it.each([
  ['host-collectors/system/memory.json', 'host-collectors/n1/system/memory.json', ['host-collectors/system/n1/memory.json']],
  ['host-collectors/run-host/a/b/c.txt', 'host-collectors/n1/run-host/a/b/c.txt', []],
  ['host-collectors/alone.txt', 'host-collectors/n1/alone.txt', []],
  ['own/file.txt', 'host-collectors/n1/own/file.txt', ['host-collectors/own/n1/file.txt']],
  ['host-collectors/n1/same.txt', 'host-collectors/n1/n1/same.txt', []],
])('%s', (path, own, links) => expect(nodePaths('n1', path)).toEqual({ path: own, links }))
