import { describe, expect, it } from 'vitest'
import { createAnalyzers } from '../../../agent/analysis/create-analyzers.ts'

const outcomes = [{ fail: { when: '< 2Gi', message: 'too little' } }, { pass: { message: 'enough' } }]
const entry = (key: string, config: Record<string, unknown>) => ({ key, config, isExcluded: false, source: 'test' })

/** Titles and messages of a memory analyzer, and of one that looks for a text, on these files in this order. */
function judge(files: Record<string, unknown>, order = Object.keys(files)) {
  const hostAnalyzers = [
    entry('memory', { outcomes }),
    entry('cpu', { outcomes: [{ pass: { when: 'count >= 1', message: 'cores' } }] }),
  ]
  const { analyzers } = createAnalyzers({ analyzers: [], hostAnalyzers }, new Date(0))
  return analyzers.map((analyzer) => {
    for (const path of order) if (analyzer.wants(path)) analyzer.file(path, Buffer.from(JSON.stringify(files[path])))
    return analyzer.finish().map(({ title, message, verdict }) => `${title}: ${message} (${verdict})`)
  })
}

const LIST = { 'host-collectors/system/node_list.json': { nodes: ['b', 'a', 'system'] } }
const ON_NODES = {
  'host-collectors/a/system/memory.json': { total: 2 ** 30 },
  'host-collectors/system/a/memory.json': { total: 2 ** 30 },
  'host-collectors/b/system/memory.json': { total: 2 ** 32 },
  'host-collectors/gone/system/memory.json': { total: 1 },
}
const VERDICTS = [
  'Amount of Memory - Node b: enough (pass)',
  'Amount of Memory - Node a: too little (fail)',
  'Amount of Memory - Node system: Not checked: host-collectors/system/memory.json was not collected (warn)',
]

describe('files of nodes', () => {
  it.each([
    ['list first', { ...LIST, ...ON_NODES }],
    ['list last', { ...ON_NODES, ...LIST }],
  ])('are judged node by node, in the order of the list: %s', (_, files) => {
    const [memory, cpu] = judge(files)
    expect(memory).toEqual(VERDICTS)
    expect(cpu).toEqual(['Number of CPUs: Not checked: host-collectors/system/cpu.json was not collected (warn)'])
  })

  it('are nothing beside those of this machine', () => {
    const [memory] = judge({ ...LIST, ...ON_NODES, 'host-collectors/system/memory.json': { total: 2 ** 31 } })
    expect(memory).toEqual(['Amount of Memory: enough (pass)'])
  })

  it.each([
    ['without a list', ON_NODES],
    ['with a list that is none', { ...ON_NODES, 'host-collectors/system/node_list.json': ['a'] }],
  ])('are nothing %s', (_, files) => {
    expect(judge(files)[0]).toEqual([
      'Amount of Memory: Not checked: host-collectors/system/memory.json was not collected (warn)',
    ])
  })

  it('that are too large are said so', () => {
    const { analyzers } = createAnalyzers({ analyzers: [], hostAnalyzers: [entry('memory', { outcomes })] }, new Date(0))
    const [analyzer] = analyzers
    analyzer?.file('host-collectors/system/node_list.json', Buffer.from('{"nodes":["a"]}'))
    analyzer?.passedOver?.('host-collectors/a/system/memory.json')
    expect(analyzer?.finish().map(({ title, message }) => `${title}: ${message}`)).toEqual([
      'Amount of Memory - Node a: Not checked: host-collectors/system/memory.json is too large',
    ])
  })
})
