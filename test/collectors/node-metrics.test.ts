import { describe, expect, it } from 'vitest'
import nodeMetrics from '../../collectors/node-metrics/index.ts'
import type { CollectorPlugin, Kube } from '../../core/contract/index.ts'
import { collectorContext, type FakeCluster, fakeKube, forbidden, gather } from '../../core/testkit/index.ts'
import { run } from '../agent/analysis/run-analyzer.ts'
import { settle } from '../support/clock.ts'
import { collectFrom, issues, texts } from './collect.ts'

const collector: CollectorPlugin = nodeMetrics as CollectorPlugin
const place = (node: string) => `/api/v1/nodes/${node}/proxy/stats/summary`
const summary = (node: string, usedBytes = 10) => ({
  node: { nodeName: node, cpu: { usageNanoCores: 1 } },
  pods: [
    {
      podRef: { name: 'db-0', namespace: 'shop' },
      volume: [{ usedBytes, capacityBytes: 100, name: 'data', pvcRef: { name: `data-${node}`, namespace: 'shop' } }],
    },
  ],
})
const cluster: FakeCluster = {
  objects: {
    '/api/v1/nodes': [
      { metadata: { name: 'a', labels: { role: 'worker', disk: 'ssd' } } },
      { metadata: { name: 'b', labels: { role: 'worker' } } },
      { metadata: { name: 'c' } },
    ],
  },
  answers: { [place('a')]: summary('a'), [place('b')]: summary('b', 90), [place('c')]: summary('c') },
}
const broken = Object.assign(new Error('the kubelet is away'), { class: 'retryable' })
const but = (answers: FakeCluster['answers']): FakeCluster => ({ ...cluster, answers: { ...cluster.answers, ...answers } })
const file = (node: string) => `node-metrics/${node}.json`

const WHICH: [name: string, entry: object, nodes: string[]][] = [
  ['all without a word', {}, ['a', 'b', 'c']],
  ['all with null', { nodeNames: null, selector: null }, ['a', 'b', 'c']],
  ['named ones', { nodeNames: ['c', 'a', 'c'] }, ['c', 'a']],
  ['those with labels', { selector: ['role=worker', 'disk=ssd'] }, ['a']],
  ['both, each once', { nodeNames: ['c', 'a'], selector: ['role=worker'] }, ['c', 'a', 'b']],
]

describe('nodeMetrics', () => {
  it.each(WHICH)('asks nodes: %s', async (_, entry, nodes) => {
    const gathered = await collectFrom(collector, entry, cluster)
    expect(Object.keys(texts(gathered))).toEqual(nodes.map(file))
    expect(gathered.warnings).toEqual([])
  })

  it('keeps the very bytes of a kubelet', async () => {
    const sent = '{"node": {"startTime":1.0,\n "b":"\\u003c"}}'
    const kube: Kube = { ...fakeKube(cluster), raw: pieces(sent.slice(0, 9), sent.slice(9)) }
    const gathered = await gather(collector.collect(contextOf(kube, ['a'])))
    expect(texts(gathered)).toEqual({ [file('a')]: sent })
  })

  it('lists no nodes when they are named', async () => {
    const gathered = await collectFrom(collector, { nodeNames: ['a'] }, but({ '/api/v1/nodes': forbidden('nodes') }))
    expect(Object.keys(texts(gathered))).toEqual([file('a')])
    expect(gathered.warnings).toEqual([])
  })

  it('one bad node costs itself', async () => {
    const gathered = await collectFrom(collector, {}, but({ [place('a')]: broken, [place('c')]: forbidden('nodes/proxy') }))
    expect(Object.keys(texts(gathered))).toEqual([file('b')])
    expect(gathered.warnings).toMatchObject([
      { code: 'NODE_METRICS_MISSING', message: 'no metrics of the node "a": the kubelet is away', isLoss: true },
      { message: 'no metrics of the node "c": nodes/proxy is forbidden', isLoss: false },
    ])
  })

  it('a node that is not there is a warning, and no loss', async () => {
    const gathered = await collectFrom(collector, { nodeNames: ['gone', 'a'] }, cluster)
    expect(Object.keys(texts(gathered))).toEqual([file('a')])
    expect(gathered.warnings).toMatchObject([{ isLoss: false }])
  })

  it.each([
    ['may not be listed', { '/api/v1/nodes': forbidden('nodes') }, {}, 'nodes is forbidden'],
    ['have other labels', {}, { selector: ['role=none'] }, 'there are none that fit'],
  ])('nodes that %s are told', async (_, answers, entry, reason) => {
    const gathered = await collectFrom(collector, entry, but(answers))
    expect(gathered.files).toEqual([])
    expect(gathered.warnings).toMatchObject([{ message: `nodes could not be listed: ${reason}`, isLoss: false }])
  })

  it('named nodes come although labels could not be looked for', async () => {
    const gathered = await collectFrom(
      collector,
      { nodeNames: ['a'], selector: ['role=worker'] },
      but({ '/api/v1/nodes': forbidden('nodes') }),
    )
    expect(Object.keys(texts(gathered))).toEqual([file('a')])
  })

  it('asks several nodes at a time, and not all', async () => {
    const asked: string[] = []
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    const names = Array.from({ length: 20 }, (_, index) => `n${index}`)
    const raw: Kube['raw'] = async function* (path) {
      asked.push(path)
      await gate
      yield Buffer.from('{}')
    }
    const gathering = gather(collector.collect(contextOf({ ...fakeKube(), raw }, names)))
    await settle()
    expect(asked).toEqual(names.slice(0, 8).map(place))
    release()
    expect(Object.keys(texts(await gathering))).toEqual(names.map(file))
  })

  it('an answer without end is given up', async () => {
    let sent = 0
    const endless: Kube['raw'] = async function* () {
      for (;;) {
        sent += 2 ** 20
        yield Buffer.alloc(2 ** 20, 0x20)
      }
    }
    const gathered = await gather(collector.collect(contextOf({ ...fakeKube(), raw: endless }, ['a'])))
    expect(gathered.warnings).toMatchObject([{ message: expect.stringContaining('larger than 32 MiB') as string, isLoss: true }])
    expect(sent).toBeLessThan(40 * 2 ** 20)
  })

  it('an answer that breaks off leaves no half a file', async () => {
    const cut: Kube['raw'] = async function* () {
      yield Buffer.from('{"node":')
      throw broken
    }
    const gathered = await gather(collector.collect(contextOf({ ...fakeKube(), raw: cut }, ['a'])))
    expect(gathered.files).toEqual([])
    expect(gathered.warnings).toMatchObject([{ isLoss: true }])
  })

  it('is read by the analyzer', async () => {
    const gathered = await collectFrom(collector, {}, but({ [place('c')]: broken }))
    const outcomes = [
      { fail: { when: 'pvcUsedPercentage >= 80', message: 'full: {{ .PVC.ConcatenatedNames }}' } },
      { pass: { message: 'fine' } },
    ]
    expect(run('analyzers', 'nodeMetrics', { outcomes }, texts(gathered))).toMatchObject([
      { verdict: 'fail', message: 'full: shop/data-b' },
    ])
  })

  it('refuses keys that it does not know', async () => {
    expect(await issues(collector, { nodeName: 'a' })).toHaveLength(1)
    expect(await issues(collector, { nodeNames: [''] })).toHaveLength(1)
  })
})

const contextOf = (kube: Kube, nodeNames: string[]) => collectorContext({ config: { nodeNames, selector: [] } as unknown, kube })

function pieces(...texts: string[]): Kube['raw'] {
  return async function* () {
    for (const text of texts) yield Buffer.from(text)
  }
}
