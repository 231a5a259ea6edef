import { describe, expect, it } from 'vitest'
import clusterResources from '../../../collectors/cluster-resources/index.ts'
import { type Kind, KINDS, splitApi } from '../../../collectors/cluster-resources/kinds.ts'
import { type FakeCluster, forbidden, type Gathered } from '../../../core/testkit/index.ts'
import { aPod, CRASHED, discovery, payments as small } from '../clusters.ts'
import { codes, collectFrom, texts } from '../collect.ts'

const ROOT = 'cluster-resources'
const broken = Object.assign(new Error('it is down'), { class: 'retryable' })
const payments: FakeCluster = { ...small, answers: { ...small.answers, ...discovery() } }
const but = ({ objects, answers }: FakeCluster): FakeCluster => ({
  ...payments,
  objects: { ...payments.objects, ...objects },
  answers: { ...payments.answers, ...answers },
})
const file = (gathered: Gathered, path: string) => JSON.parse(texts(gathered)[`${ROOT}/${path}`] ?? 'null') as unknown
const paths = (gathered: Gathered) => Object.keys(texts(gathered)).map((path) => path.slice(ROOT.length + 1))

describe('kinds beyond those of the peer', () => {
  const extras = KINDS.filter(({ isOptional }) => isOptional)
  const pathOf = ({ name, isNamespaced }: Kind) => (isNamespaced ? `${name}/payments.json` : `${name}.json`)
  const placeOf = ({ apis: [api = ''], plural }: Kind) => `/${api.includes('/') ? 'apis' : 'api'}/${api}/${plural}`

  it('are these', () => {
    expect(extras.map(pathOf)).toEqual([
      'horizontalpodautoscalers/payments.json',
      'replicationcontrollers/payments.json',
      'controllerrevisions/payments.json',
      'csistoragecapacities/payments.json',
      'pod-metrics/payments.json',
      'runtimeclasses.json',
      'csidrivers.json',
      'csinodes.json',
      'apiservices.json',
      'flowschemas.json',
      'prioritylevelconfigurations.json',
      'node-metrics.json',
    ])
  })

  it.each(extras.map((kind) => [kind.name, kind] as const))('%s: has its objects, in a list of their kind', async (_, kind) => {
    const object = { metadata: { name: 'one', ...(kind.isNamespaced ? { namespace: 'payments' } : {}) } }
    const gathered = await collectFrom(clusterResources, {}, but({ objects: { [placeOf(kind)]: [object] } }))
    const [apiVersion] = kind.apis
    expect(file(gathered, pathOf(kind))).toMatchObject({
      kind: `${kind.kind}List`,
      apiVersion,
      items: [{ kind: kind.kind, apiVersion, metadata: { name: 'one' } }],
    })
    expect(gathered.warnings).toEqual([])
  })

  it.each([['*'], ['payments']])('that the server has not are not asked for, and cost no word: namespaces %s', async (names) => {
    const without = extras.map(({ apis: [api = ''] }) => splitApi(api).group ?? '')
    const objects: Record<string, object[]> = { ...payments.objects }
    for (const kind of extras) delete objects[placeOf(kind)]
    const answers = { ...payments.answers, ...discovery(without), '/api/v1': { groupVersion: 'v1', resources: [] } }
    const cluster = { ...payments, objects, answers: { ...answers, '/apis/metrics.k8s.io/v1beta1/pods': broken } }
    const gathered = await collectFrom(clusterResources, {}, cluster, { namespaces: [names] })
    expect(paths(gathered).filter((path) => extras.some(({ name }) => path.startsWith(name)))).toEqual([])
    expect(paths(gathered).filter((path) => path.includes('errors') && !path.startsWith('namespaces'))).toEqual([])
    expect(gathered.warnings).toEqual([])
    expect(paths(gathered)).toContain('deployments/payments.json')
  })

  it('are listed in the version that the server has, without a try at others', async () => {
    const answers = {
      '/apis': { groups: [{ name: 'autoscaling', versions: [{ groupVersion: 'autoscaling/v1', version: 'v1' }] }] },
      '/apis/autoscaling/v1': { groupVersion: 'autoscaling/v1', resources: [{ name: 'horizontalpodautoscalers' }] },
      '/apis/autoscaling/v2/horizontalpodautoscalers': broken,
    }
    const objects = { '/apis/autoscaling/v1/horizontalpodautoscalers': [{ metadata: { name: 'h', namespace: 'payments' } }] }
    const gathered = await collectFrom(clusterResources, {}, but({ answers, objects }))
    expect(file(gathered, 'horizontalpodautoscalers/payments.json')).toMatchObject({ apiVersion: 'autoscaling/v1', items: [{}] })
    expect(gathered.warnings).toEqual([])
  })

  it('are looked for by their names, not only by their group', async () => {
    const answers = {
      '/apis/storage.k8s.io/v1': {
        groupVersion: 'storage.k8s.io/v1',
        resources: [{ name: 'storageclasses' }, { name: 'csinodes' }],
      },
      '/apis/storage.k8s.io/v1/csidrivers': broken,
    }
    const gathered = await collectFrom(clusterResources, {}, but({ answers }))
    expect(paths(gathered)).toEqual(expect.arrayContaining(['storage-classes.json', 'csinodes.json']))
    expect(paths(gathered).filter((path) => path.startsWith('csidrivers'))).toEqual([])
    expect(gathered.warnings).toEqual([])
  })

  it('that may not be listed, or are served by something that is down, say so', async () => {
    const down = '/apis/metrics.k8s.io/v1beta1/nodes'
    const gathered = await collectFrom(
      clusterResources,
      {},
      but({ answers: { [down]: broken, '/apis/node.k8s.io/v1/runtimeclasses': forbidden('runtimeclasses') } }),
    )
    expect(file(gathered, 'node-metrics-errors.json')).toEqual(['it is down'])
    expect(file(gathered, 'runtimeclasses-errors.json')).toEqual(['runtimeclasses is forbidden'])
    expect(gathered.warnings).toMatchObject([{ isLoss: false }, { isLoss: true }])
  })

  it('are tried all the same when discovery does not tell', async () => {
    const answers = { '/apis/metrics.k8s.io/v1beta1': broken }
    const gathered = await collectFrom(clusterResources, {}, but({ answers }))
    expect(paths(gathered)).toContain('pod-metrics/payments.json')
    expect(codes(gathered)).toEqual(['API_RESOURCES_MISSING'])
    const blind = await collectFrom(clusterResources, {}, but({ answers: { '/apis': broken } }))
    expect(paths(blind)).toEqual(
      expect.arrayContaining(['node-metrics.json', 'csinodes.json', 'replicationcontrollers/payments.json']),
    )
  })

  it('pod metrics are no pods: no log is looked for, whatever is in them', async () => {
    const objects = { '/apis/metrics.k8s.io/v1beta1/pods': [aPod({ name: 'web-2', status: CRASHED })] }
    const gathered = await collectFrom(clusterResources, {}, but({ objects }))
    const logs = gathered.files.filter(({ path }) => path.startsWith(`${ROOT}/pods/logs/payments/web-2`))
    expect(logs).toHaveLength(2)
    expect(file(gathered, 'pod-metrics/payments.json')).toMatchObject({ kind: 'PodMetricsList', items: [{ kind: 'PodMetrics' }] })
  })
})
