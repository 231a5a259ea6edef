import { describe, expect, it, vi } from 'vitest'
import type { Sink } from '../../../../agent/bundle/sink.ts'
import { collectNodes } from '../../../../agent/task/nodes/collect-nodes.ts'
import { takeNode } from '../../../../agent/task/nodes/take-node.ts'
import { createWordQueue } from '../../../../agent/task/nodes/word-queue.ts'
import type { OfNodes } from '../../../../agent/task/parent.ts'
import { bodyChunks } from '../../../../agent/bundle/body.ts'
import type { HostEntry, NodeWord } from '../../../../core/node-words.ts'
import { settle } from '../../../support/clock.ts'

const ENTRIES: HostEntry[] = [
  { key: 'memory', source: 's', config: {} },
  { key: 'cpu', source: 's', config: {} },
]
const NEVER = new AbortController().signal
const report = (change: object = {}): NodeWord => ({
  kind: 'report',
  entry: 0,
  state: 'ran',
  startedAt: '2026-01-01T00:00:00.000Z',
  durationMs: 5,
  ...change,
})

/** A bundle that keeps the paths of what it is given. */
function aSink() {
  const paths: string[] = []
  const sink: Sink = {
    checksums: () => [],
    async take({ path, body }) {
      let bytes = 0
      for await (const piece of bodyChunks(body)) bytes += piece.length
      paths.push(path)
      return bytes
    },
    link: async () => undefined,
    isFree: () => true,
    write: async () => undefined,
    removeStaged: async () => undefined,
  }
  return { paths, edge: { sink, stop: NEVER, onOutput: () => undefined } }
}

async function taken(words: NodeWord[]) {
  const { paths, edge } = aSink()
  const queue = createWordQueue(NEVER, () => undefined)
  for (const word of [...words, { kind: 'over' } as const]) queue.push(word)
  return { paths, reports: await takeNode('n1', ENTRIES, queue, edge) }
}

describe('what a node says', () => {
  it('is one report an entry: what comes after it is passed over', async () => {
    const { reports, paths } = await taken([
      report(),
      ...Array.from({ length: 50 }, () => report({ state: 'failed' })),
      { kind: 'output', entry: 0, path: 'host-collectors/system/late.txt', format: 'text' },
      { kind: 'piece', base64: 'eA==' },
      { kind: 'end' },
      { kind: 'warning', entry: 0, code: 'LATE', message: 'late' },
      { kind: 'output', entry: 1, path: 'host-collectors/system/good.txt', format: 'text' },
      { kind: 'piece', base64: 'eA==' },
      { kind: 'end' },
      report({ entry: 1 }),
    ])
    expect(reports.map(({ key, state, warnings }) => [key, state, warnings.length])).toEqual([
      ['memory', 'ran', 0],
      ['cpu', 'ran', 0],
    ])
    expect(paths).toEqual(['host-collectors/n1/system/good.txt'])
  })

  it('is one line of no great length, and its codes are words', async () => {
    const message = `careful\n\u001b[2Jnode n2: it is gone${'x'.repeat(200_000)}`
    const problem = { code: 'x'.repeat(100_000), message, remedy: message }
    const { reports } = await taken([
      { kind: 'warning', entry: 0, code: 'no word', message },
      { kind: 'output', entry: 0, path: 'host-collectors/a', format: 'text' },
      { kind: 'end', problem },
      report({ state: 'failed', problem }),
    ])
    const [only] = reports
    const told = [...(only?.warnings ?? []), ...(only?.error ? [only.error] : [])]
    expect(told).toHaveLength(3)
    for (const one of told) {
      expect(one.message).toMatch(/^[^\u0000-\u001f]{10,2300}$/)
      expect(one.code).toMatch(/^[A-Z_]+$/)
      expect((one.remedy ?? '').length).toBeLessThan(2_100)
    }
    expect(told[0]?.message).toMatch(/^node n1: careful \[2Jnode n2/)
  })
})

it('words of many nodes take no memory once they were taken', async () => {
  const { edge } = aSink()
  const nodes = Array.from({ length: 20 }, (_, index) => `n${index}`)
  let told: (message: OfNodes) => void = () => undefined
  const work = collectNodes([], 1_000, {
    ...edge,
    nodes: (_, listener) => {
      told = listener
      return { heard: () => undefined }
    },
  })
  told({ type: 'nodes', names: nodes })
  await settle()
  const waits = vi.spyOn(Promise.prototype, 'catch')
  try {
    for (let turn = 0; turn < 100; turn++) told({ type: 'node', node: 'n0', word: { kind: 'piece', base64: '' } })
    expect(waits.mock.calls.length).toBe(0)
  } finally {
    waits.mockRestore()
  }
  told({ type: 'nodes-over' })
  expect(await work).toEqual([])
})
