import { describe, expect, it } from 'vitest'
import customMetrics from '../../collectors/custom-metrics/index.ts'
import { type FakeCluster, forbidden } from '../../core/testkit/index.ts'
import { collectFrom, issues, texts } from './collect.ts'

const ROOT = '/apis/custom.metrics.k8s.io'
const at = '2026-01-01T02:00:00Z'
const pod = (name: string, namespace = 'shop') => ({
  describedObject: { kind: 'Pod', namespace, name, apiVersion: '/v1' },
  metricName: 'requests',
  timestamp: at,
  window: 60,
  value: '500m',
  selector: null,
})
const node = { describedObject: { kind: 'Node', name: 'n1' }, metric: { name: 'load', selector: {} }, timestamp: at, value: '2' }
const list = (...items: object[]) => ({ kind: 'MetricValueList', items })
const cluster: FakeCluster = {
  answers: {
    [`${ROOT}/v1beta1/namespaces/shop/pods/*/requests`]: list(pod('web-1'), pod('web-2'), pod('far', 'other')),
    [`${ROOT}/v1beta1/namespaces/shop/pods/web-1/requests`]: list(pod('web-1')),
    [`${ROOT}/v1beta2/nodes/*/load`]: list(node),
    [`${ROOT}/v1beta1/namespace/*/quota`]: list({ describedObject: { kind: 'Namespace', name: 'shop' }, value: '1' }),
    [`${ROOT}/v1beta1/namespaces/shop/pods/*/refused`]: forbidden('pods/refused'),
    [`${ROOT}/v1beta1/namespaces/shop/pods/*/odd`]: { items: 'none' },
  },
}
const collect = async (...metricRequests: object[]) => {
  const gathered = await collectFrom(customMetrics, { metricRequests }, cluster)
  const files = Object.entries(texts(gathered)).map(([path, text]) => [path, JSON.parse(text) as unknown] as const)
  return { files: Object.fromEntries(files), warnings: gathered.warnings }
}
const PODS = { namespace: 'shop', resourceMetricName: 'pods/requests' }

describe('customMetrics', () => {
  it('gives readings a file a namespace, with the members of the peer’s', async () => {
    const { files, warnings } = await collect(PODS)
    expect(Object.keys(files)).toEqual(['metrics/Pod/requests/shop.json', 'metrics/Pod/requests/other.json'])
    const [first, second] = files['metrics/Pod/requests/shop.json'] as object[]
    expect(first).toEqual({
      DescribedObject: {
        Kind: 'Pod',
        Namespace: 'shop',
        Name: 'web-1',
        UID: '',
        APIVersion: '/v1',
        ResourceVersion: '',
        FieldPath: '',
      },
      Metric: { Name: 'requests', Selector: null },
      Timestamp: at,
      WindowSeconds: 60,
      Value: '500m',
    })
    expect(second).toMatchObject({ DescribedObject: { Name: 'web-2' } })
    expect(warnings).toEqual([])
  })

  it('asks for one object, and adds to the file of another request', async () => {
    const { files } = await collect({ ...PODS, objectName: 'web-1' }, PODS)
    expect(files['metrics/Pod/requests/shop.json']).toHaveLength(3)
  })

  it('gives objects without a namespace a file each, also from the newer API', async () => {
    const { files } = await collect({ resourceMetricName: 'nodes/load' }, { resourceMetricName: 'namespaces/quota' })
    expect(files).toMatchObject({
      'metrics/Node/load/n1.json': [{ Metric: { Name: 'load', Selector: {} }, WindowSeconds: null, Value: '2' }],
      'metrics/Namespace/quota/shop.json': [{ Metric: { Name: '' }, Timestamp: null }],
    })
  })

  it('one that cannot be had costs itself', async () => {
    const { files, warnings } = await collect(
      { namespace: 'shop', resourceMetricName: 'pods/refused' },
      { namespace: 'shop', resourceMetricName: 'pods/gone' },
      { namespace: 'shop', resourceMetricName: 'pods/odd' },
      PODS,
    )
    expect(Object.keys(files)).toContain('metrics/Pod/requests/shop.json')
    expect(files['metrics/errors.json']).toEqual([
      'pods/refused: pods/refused is forbidden',
      'pods/gone: no adapter serves it',
      'pods/odd: the answer is no list of readings',
    ])
    expect(warnings.map(({ code, isLoss }) => `${code} ${isLoss}`)).toEqual([
      'CUSTOM_METRICS_MISSING false',
      'CUSTOM_METRICS_MISSING false',
      'CUSTOM_METRICS_MISSING true',
    ])
  })

  it.each(['requests', 'a/b/c', '/b', 'a/'])(
    'a metric that is no kind and metric costs itself: %s',
    async (resourceMetricName) => {
      const { files, warnings } = await collect({ resourceMetricName }, PODS)
      expect(files['metrics/errors.json']).toEqual([
        `${resourceMetricName}: a kind and a metric are needed, like "pods/http_requests"`,
      ])
      expect(Object.keys(files)).toContain('metrics/Pod/requests/shop.json')
      expect(warnings).toMatchObject([{ isLoss: false }])
    },
  )

  it('without requests writes nothing', async () => {
    for (const entry of [{}, { metricRequests: null }])
      expect((await collectFrom(customMetrics, entry, cluster)).outputs).toEqual([])
  })

  it.each([
    ['no metric', { metricRequests: [{ namespace: 'shop' }] }],
    ['an unknown key', { metricRequests: [{ resourceMetricName: 'a/b', name: 'x' }] }],
  ])('refuses %s', async (_, entry) => {
    expect(await issues(customMetrics, entry)).not.toEqual([])
  })
})
