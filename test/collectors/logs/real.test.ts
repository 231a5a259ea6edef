import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mergePatch } from '../../../core/kube/objects.ts'
import { collectFrom, removeCollected } from '../../cluster/collect-from.ts'
import { type FakeKubelet, type LogRequest, startFakeKubelet } from '../../cluster/fake-kubelet.ts'
import { startFaultProxy } from '../../cluster/fault-proxy.ts'
import { useCluster } from '../../cluster/use-cluster.ts'
import { CRASHED } from '../clusters.ts'

const cluster = await useCluster()
const L = 'cluster-resources/pods/logs'

describe.skipIf(cluster.skipped)('logs through a real API server', () => {
  let kubelet: FakeKubelet
  let namespace = ''
  const asked: LogRequest[] = []
  beforeAll(async () => {
    kubelet = await startFakeKubelet(cluster, (log, _, response) => {
      asked.push(log)
      const { pod, container, query } = log
      if (pod === 'starts') return void response.writeHead(400).end('container "main" is waiting to start')
      if (pod === 'broken') return void response.writeHead(500).end('the node is on fire')
      response.end(`${pod} ${container} ${query.get('previous') ?? 'false'}\n`)
    })
    namespace = await cluster.newNamespace()
    for (const pod of ['web', 'starts', 'broken']) await kubelet.aPod(namespace, pod)
    await kubelet.aPod(namespace, 'crashed', ['web'])
    for (const [pod, labels] of [
      ['web', { app: 'shop' }],
      ['crashed', { app: 'shop' }],
    ] as const)
      await mergePatch(cluster.admin, `/api/v1/namespaces/${namespace}/pods/${pod}`, { metadata: { labels } })
    await mergePatch(cluster.admin, `/api/v1/namespaces/${namespace}/pods/crashed/status`, {
      status: { phase: 'Running', ...CRASHED },
    })
    const running = {
      containerStatuses: [{ name: 'main', ready: true, state: { running: {} }, image: 'i', imageID: '', restartCount: 0 }],
    }
    await mergePatch(cluster.admin, `/api/v1/namespaces/${namespace}/pods/web/status`, {
      status: { phase: 'Running', ...running },
    })
  })
  afterAll(async () => {
    await kubelet?.close()
    await removeCollected()
  })
  const collect = (...collectors: object[]) => {
    asked.length = 0
    return collectFrom(cluster, collectors, { namespaces: [namespace] })
  }
  const limitsOf = (pod: string) =>
    asked
      .filter((log) => log.pod === pod)
      .map(({ query }) => [query.get('tailLines'), query.get('limitBytes'), query.get('previous')])

  it('writes real files, links, and logs of the time before a restart', async () => {
    const bundle = await collect({ logs: { name: 'app', selector: ['app=shop'] } })
    expect(
      bundle.paths.filter(
        (path) => !path.startsWith('support-bundle-schedule') && path !== 'version.yaml' && path !== 'skipped-collectors.json',
      ),
    ).toEqual([
      'app/crashed/web-previous.log',
      'app/crashed/web.log',
      'app/web/main.log',
      `${L}/${namespace}/crashed/web-previous.log`,
      `${L}/${namespace}/crashed/web.log`,
      `${L}/${namespace}/web/main.log`,
    ])
    expect(await bundle.link('app/web/main.log')).toBe(`../../${L}/${namespace}/web/main.log`)
    expect(await bundle.text('app/crashed/web-previous.log')).toBe('crashed web true\n')
    expect(bundle.result.archive.isPartial).toBe(false)
    expect((await bundle.report('logs')).requests).toBe(4)
  })

  it('fetches each log once, with the widest limits of all entries that want it', async () => {
    const bundle = await collect(
      { logs: { name: 'few', selector: ['app=shop'], limits: { maxLines: 10, maxBytes: 100 } } },
      { logs: { name: 'many', selector: ['app in (shop)'], limits: { maxLines: 700, maxBytes: 50 } } },
      { logs: { name: 'other', selector: ['app=other'], limits: { maxLines: 9999 } } },
    )
    expect(limitsOf('web')).toEqual([['700', '100', null]])
    expect(limitsOf('crashed').toSorted()).toEqual([
      ['700', '100', null],
      ['700', '100', 'true'],
    ])
    for (const name of ['few', 'many']) expect(await bundle.text(`${name}/web/main.log`)).toBe('web main false\n')
    expect(bundle.paths.filter((path) => path.startsWith('other'))).toEqual([])
    const entries = (
      (await bundle.json('support-bundle-schedule/report.json')) as { collectors: { state: string; warnings: object[] }[] }
    ).collectors
    expect(entries.filter(({ state }) => state === 'ran').map(({ warnings }) => warnings)).toEqual([[], [], []])
  })

  it('shares logs of pods that are not well with clusterResources', async () => {
    const bundle = await collect(
      { clusterResources: {} },
      { logs: { name: 'app', selector: ['app=shop'], limits: { maxLines: 20 } } },
    )
    expect(limitsOf('crashed').toSorted()).toEqual([
      ['500', '5000000', null],
      ['500', '5000000', 'true'],
    ])
    expect(limitsOf('web')).toEqual([['20', '5000000', null]])
    expect(await bundle.text('app/crashed/web.log')).toBe('crashed web false\n')
    expect(await bundle.text(`${L}/${namespace}/starts/main-logs-errors.log`)).toContain('waiting to start')
  })

  it('writes down what cannot be had: what is not there yet is no loss, a broken node is', async () => {
    const starting = await collect({ logs: { name: 'app', namespace, selector: ['!app'], containerNames: ['main'] } })
    expect(await starting.json('app/starts/main-errors.json')).toEqual([expect.stringContaining('waiting to start')])
    expect(await starting.json('app/broken/main-errors.json')).toEqual([expect.stringContaining('on fire')])
    const { warnings, isComplete } = await starting.report('logs')
    expect(isComplete).toBe(false)
    expect(warnings.map(({ message }) => message).join('\n')).toContain('on fire')
    expect(warnings.map(({ message }) => message).join('\n')).not.toContain('waiting to start')
  })

  it('keeps what came of a log that breaks off, and says so', async () => {
    const proxy = await startFaultProxy(cluster.info)
    proxy.rules({ fault: { kind: 'truncate', bytes: 4 }, path: /\/log\?/ })
    const entry = { logs: { name: 'app', namespace, selector: ['app=shop'] } }
    const bundle = await collectFrom(cluster, [entry], { server: proxy.url })
    await proxy.close()
    expect(await bundle.text(`${L}/${namespace}/web/main.log`)).toBe('web ')
    const { warnings, isComplete } = await bundle.report('logs')
    expect(isComplete).toBe(false)
    expect(warnings.map(({ message }) => message).join('\n')).toContain(`the log of ${namespace}/web/main breaks off`)
  })

  it('begins where the run wants it to, whatever the entry says', async () => {
    asked.length = 0
    const since = '2026-01-01T00:00:00.000Z'
    await collectFrom(cluster, [{ logs: { name: 'app', selector: ['app=shop'], limits: { maxLines: 5 } } }], {
      namespaces: [namespace],
      since,
    })
    expect(asked[0]?.query.get('sinceTime')).toBe('2026-01-01T00:00:00Z')
    expect(asked[0]?.query.get('tailLines')).toBe('1000000')
  })
})
