import { describe, expect, it } from 'vitest'
import clusterResources from '../../collectors/cluster-resources/index.ts'
import { KINDS } from '../../collectors/cluster-resources/kinds.ts'
import { type FakeCluster, forbidden, type Gathered } from '../../core/testkit/index.ts'
import { aPod, CRASHED, discovery, noObjects, payments as small } from './clusters.ts'
import { collectFrom, texts } from './collect.ts'

const ROOT = 'cluster-resources'
const broken = Object.assign(new Error('it is down'), { class: 'retryable' })
const encoded = (text: string) => Buffer.from(text).toString('base64')

/** The made-up cluster, which knows all kinds. */
const payments: FakeCluster = { ...small, answers: { ...small.answers, ...discovery() } }

/** The same with other parts. */
const but = (change: FakeCluster): FakeCluster => ({
  ...payments,
  ...change,
  objects: { ...payments.objects, ...change.objects },
  answers: { ...payments.answers, ...change.answers },
})
const file = (gathered: Gathered, path: string) => JSON.parse(texts(gathered)[`${ROOT}/${path}`] ?? 'null') as unknown
const paths = (gathered: Gathered) => Object.keys(texts(gathered)).map((path) => path.slice(ROOT.length + 1))

describe('the layout', () => {
  it('has a file for each namespace and kind, also when there is nothing', async () => {
    const gathered = await collectFrom(clusterResources, {}, payments)
    for (const { name, isNamespaced } of KINDS) {
      const wanted = isNamespaced ? [`${name}/payments.json`, `${name}/empty.json`] : [`${name}.json`]
      expect(paths(gathered)).toEqual(expect.arrayContaining(wanted))
    }
    expect(paths(gathered).filter((path) => path.includes('errors'))).toEqual([])
    expect(gathered.warnings).toEqual([])
    expect(file(gathered, 'jobs/empty.json')).toEqual({ kind: 'JobList', apiVersion: 'batch/v1', metadata: {}, items: [] })
  })

  it('is a List whose items name their kind, indented', async () => {
    const gathered = await collectFrom(clusterResources, {}, payments)
    expect(texts(gathered)[`${ROOT}/configmaps/payments.json`]).toBe(
      `{
  "kind": "ConfigMapList",
  "apiVersion": "v1",
  "metadata": {
    "resourceVersion": "1"
  },
  "items": [
    {
      "kind": "ConfigMap",
      "apiVersion": "v1",
      "metadata": {
        "name": "settings",
        "namespace": "payments",
        "labels": {
          "app": "web"
        }
      },
      "data": {
        "mode": "production",
        "empty": ""
      }
    }
  ]
}`,
    )
    expect(file(gathered, 'namespaces.json')).toMatchObject({
      kind: 'NamespaceList',
      items: [{ kind: 'Namespace', apiVersion: 'v1' }, {}],
    })
  })

  it.each([
    ['kind first', { kind: 'ConfigMap', apiVersion: 'v1' }],
    ['version first', { apiVersion: 'v1', kind: 'ConfigMap' }],
  ])('leaves an item as it is that names its kind: %s', async (_, typed) => {
    const objects = { '/api/v1/configmaps': [{ ...typed, metadata: { name: 'c', namespace: 'payments' } }] }
    const text = texts(await collectFrom(clusterResources, {}, but({ objects })))[`${ROOT}/configmaps/payments.json`] ?? ''
    expect(text.match(/"kind": "ConfigMap"/g)).toHaveLength(1)
  })

  it('has the rules of each namespace, discovery, and the logs of pods that are not well', async () => {
    const rules = {
      payments: {
        resourceRules: [
          { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: [] },
          { verbs: ['*'], apiGroups: ['a'], resources: ['b'], resourceNames: ['c'] },
        ],
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/version'] }],
      },
    }
    const gathered = await collectFrom(clusterResources, {}, but({ rules }))
    expect(file(gathered, 'auth-cani-list/payments.json')).toEqual([
      { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['*'], apiGroups: ['a'], resources: ['b'], resourceNames: ['c'] },
      { verbs: ['get'], nonResourceURLs: ['/version'] },
    ])
    const groups = file(gathered, 'groups.json') as object[]
    expect(groups[0]).toMatchObject({ name: '', versions: [{ groupVersion: 'v1', version: 'v1' }] })
    expect((file(gathered, 'resources.json') as object[])[0]).toMatchObject({ groupVersion: 'v1' })
    expect(paths(gathered).filter((path) => path.startsWith('pods/logs'))).toEqual([
      'pods/logs/payments/web-2/web.log',
      'pods/logs/payments/web-2/web-previous.log',
    ])
  })

  it('wants 500 lines of a log of a pod that is not well', () => {
    const wish = (pod: object) =>
      clusterResources.logWish?.({} as never, {
        namespace: 'a',
        name: 'b',
        container: 'c',
        object: { json: pod as never, text: '' },
      })
    expect(wish(aPod({ name: 'web-2', status: CRASHED }))).toEqual({ limits: { maxLines: 500, maxBytes: 5_000_000 }, links: [] })
    expect(wish(aPod({ name: 'web-1' }))).toBeUndefined()
  })
})

describe('namespaces', () => {
  it('are those of the entry, and namespaces.json a bare array', async () => {
    const gathered = await collectFrom(clusterResources, { namespaces: ['payments', 'gone'] }, payments)
    expect(file(gathered, 'namespaces.json')).toMatchObject([{ metadata: { name: 'payments' } }])
    expect(file(gathered, 'namespaces-errors.json')).toEqual(['namespaces "gone" not found'])
    expect(paths(gathered).filter((path) => path.startsWith('services/'))).toEqual([
      'services/payments.json',
      'services/gone.json',
    ])
  })

  it('are those of the run when the entry names none', async () => {
    const gathered = await collectFrom(clusterResources, {}, payments, { namespaces: ['payments'] })
    expect(paths(gathered).filter((path) => path.startsWith('pods/') && !path.includes('logs'))).toEqual(['pods/payments.json'])
  })

  it.each([
    ['drops those in which pods may not be read', {}, ['payments.json']],
    ['keeps them with ignoreRBAC', { ignoreRBAC: true }, ['payments.json', 'empty.json']],
  ])('%s', async (_, entry, wanted) => {
    const rules = { empty: { resourceRules: [{ verbs: ['get'], apiGroups: ['apps'], resources: ['pods'] }] } }
    const gathered = await collectFrom(clusterResources, entry, but({ rules }))
    expect(paths(gathered).filter((path) => path.startsWith('services/'))).toEqual(wanted.map((name) => `services/${name}`))
    expect(paths(gathered)).toContain('auth-cani-list/empty.json')
  })

  it('keeps one whose rules cannot be told', async () => {
    const rules = { empty: { incomplete: true, evaluationError: 'webhook authorizer does not support user rule resolution' } }
    const gathered = await collectFrom(clusterResources, {}, but({ rules }))
    expect(paths(gathered)).toContain('services/empty.json')
    expect(file(gathered, 'auth-cani-list-errors.json')).toEqual({
      empty: 'webhook authorizer does not support user rule resolution',
    })
  })

  it('is the default one where nobody tells which there are', async () => {
    const answers = { '/api/v1/namespaces': forbidden('namespaces') }
    const gathered = await collectFrom(clusterResources, {}, but({ answers }), { defaultNamespace: 'payments' })
    expect(file(gathered, 'namespaces-errors.json')).toEqual(['namespaces is forbidden'])
    expect(paths(gathered)).not.toContain('namespaces.json')
    expect(file(gathered, 'configmaps/payments.json')).toMatchObject({ items: [{ metadata: { name: 'settings' } }] })
  })

  it('lists many named ones at once and drops the others', async () => {
    const many = Array.from({ length: 12 }, (_, index) => `n-${index}`)
    const objects = {
      '/api/v1/services': [{ metadata: { name: 's', namespace: 'n-3' } }, { metadata: { name: 's', namespace: 'other' } }],
    }
    const gathered = await collectFrom(clusterResources, { namespaces: many }, but({ objects }))
    expect(paths(gathered).filter((path) => path.startsWith('services/'))).toHaveLength(12)
    expect(file(gathered, 'services/n-3.json')).toMatchObject({ items: [{ metadata: { namespace: 'n-3' } }] })
  })
})

describe('what cannot be had', () => {
  it('a namespace that may not be listed costs only itself', async () => {
    const answers = {
      '/api/v1/services': forbidden('services'),
      '/api/v1/namespaces/empty/services': forbidden('services in empty'),
    }
    const gathered = await collectFrom(clusterResources, {}, but({ answers }))
    expect(paths(gathered).filter((path) => path.startsWith('services'))).toEqual([
      'services/payments.json',
      'services-errors.json',
    ])
    expect(file(gathered, 'services-errors.json')).toEqual({ empty: 'services in empty is forbidden' })
    expect(gathered.warnings).toMatchObject([{ code: 'CLUSTER_LIST_MISSING', isLoss: false }])
  })

  it.each([
    ['refused', forbidden('deployments'), 'deployments is forbidden', false],
    ['broken', broken, 'it is down', true],
  ])('a kind that is %s has the reason for each namespace', async (_, error, message, isLoss) => {
    const answers = {
      '/apis/apps/v1/deployments': error,
      '/apis/apps/v1/namespaces/payments/deployments': error,
      '/apis/apps/v1/namespaces/empty/deployments': error,
    }
    const gathered = await collectFrom(clusterResources, {}, but({ answers }))
    expect(paths(gathered).filter((path) => path.startsWith('deployments'))).toEqual(['deployments-errors.json'])
    expect(file(gathered, 'deployments-errors.json')).toEqual({ payments: message, empty: message })
    expect(gathered.warnings).toMatchObject([{ isLoss }])
    expect(paths(gathered)).toContain('statefulsets/payments.json')
  })

  it('a kind of the whole cluster has a list of reasons', async () => {
    const gathered = await collectFrom(clusterResources, {}, but({ answers: { '/api/v1/nodes': forbidden('nodes') } }))
    expect(file(gathered, 'nodes-errors.json')).toEqual(['nodes is forbidden'])
    expect(paths(gathered)).not.toContain('nodes.json')
  })

  it('discovery that is not whole says so', async () => {
    const answers = {
      '/apis': { groups: [{ name: 'metrics.k8s.io', versions: [{ groupVersion: 'metrics.k8s.io/v1', version: 'v1' }] }] },
      '/apis/metrics.k8s.io/v1': broken,
    }
    const gathered = await collectFrom(clusterResources, {}, but({ answers }))
    expect(file(gathered, 'groups.json')).toHaveLength(2)
    expect(file(gathered, 'resources.json')).toHaveLength(1)
    expect(file(gathered, 'groups-resources-errors.json')).toEqual(['/apis/metrics.k8s.io/v1: it is down'])
    expect(gathered.warnings).toMatchObject([{ code: 'API_RESOURCES_MISSING', isLoss: true }])
  })
})

describe('older servers', () => {
  const old = [
    ['policy', 'poddisruptionbudgets', 'pod-disruption-budgets/payments.json', 'PodDisruptionBudget'],
    ['batch', 'cronjobs', 'cronjobs/payments.json', 'CronJob'],
    ['networking.k8s.io', 'ingresses', 'ingress/payments.json', 'Ingress'],
    ['extensions', 'ingresses', 'ingress/payments.json', 'Ingress'],
    ['scheduling.k8s.io', 'priorityclasses', 'priorityclasses.json', 'PriorityClass'],
    ['storage.k8s.io', 'storageclasses', 'storage-classes.json', 'StorageClass'],
    ['apiextensions.k8s.io', 'customresourcedefinitions', 'custom-resource-definitions.json', 'CustomResourceDefinition'],
  ] as const

  it.each(old)('have %s/v1beta1 of %s', async (group, plural, path, kind) => {
    const isNamespaced = path.includes('/')
    const object = { metadata: { name: 'old', ...(isNamespaced ? { namespace: 'payments' } : {}) } }
    const objects: Record<string, object[]> = { ...payments.objects, [`/apis/${group}/v1beta1/${plural}`]: [object] }
    for (const newer of KINDS.find((one) => one.plural === plural)?.apis ?? [])
      if (newer !== `${group}/v1beta1`) delete objects[`/apis/${newer}/${plural}`]
    for (const namespaces of [['*'], ['payments']]) {
      const gathered = await collectFrom(clusterResources, {}, { ...payments, objects }, { namespaces })
      expect(file(gathered, path)).toMatchObject({
        kind: `${kind}List`,
        apiVersion: `${group}/v1beta1`,
        items: [{ kind, apiVersion: `${group}/v1beta1`, metadata: { name: 'old' } }],
      })
      expect(paths(gathered).filter((one) => one.includes('errors') && !one.startsWith('namespaces'))).toEqual([])
    }
  })
})

describe('secrets', () => {
  const pullSecret = (name: string, config: string) => ({
    metadata: { name, namespace: 'payments' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': encoded(config) },
  })

  it('of image registries give users, and never a password', async () => {
    const auths = {
      'r.example.com': { auth: encoded('bob:geheim') },
      'q.example.com': { username: 'eve', password: 'geheim' },
      none: null,
    }
    const objects = {
      '/api/v1/secrets': [pullSecret('good', JSON.stringify({ auths })), pullSecret('bad', '{geheim'), pullSecret('void', '{}')],
    }
    const gathered = await collectFrom(clusterResources, {}, but({ objects }))
    expect(file(gathered, 'image-pull-secrets/payments/good.json')).toEqual({
      'r.example.com': 'bob',
      'q.example.com': 'eve',
      none: '',
    })
    expect(file(gathered, 'image-pull-secrets-errors.json')).toEqual({
      'payments/bad': 'its .dockerconfigjson is not valid JSON',
    })
    expect(JSON.stringify(texts(gathered))).not.toContain('geheim')
    expect(paths(gathered).filter((path) => path.startsWith('image-pull-secrets/'))).toHaveLength(1)
  })

  it('that may not be listed say so for each namespace', async () => {
    const answers = Object.fromEntries(
      ['', '/namespaces/payments', '/namespaces/empty'].map((place) => [`/api/v1${place}/secrets`, forbidden('secrets')]),
    )
    const gathered = await collectFrom(clusterResources, {}, but({ answers }))
    expect(file(gathered, 'image-pull-secrets-errors.json')).toEqual({
      payments: 'secrets is forbidden',
      empty: 'secrets is forbidden',
    })
  })

  it('of the peer hold a license', async () => {
    const config = 'license: |\n  kind: License\n  spec:\n    licenseID: abc-123\n    appSlug: shop\n'
    const objects = {
      '/api/v1/secrets': [{ metadata: { name: 'replicated', namespace: 'payments' }, data: { 'config.yaml': encoded(config) } }],
    }
    const gathered = await collectFrom(clusterResources, {}, but({ objects }))
    expect(file(gathered, 'license.json')).toEqual({ licenseID: 'abc-123', appSlug: 'shop' })
  })
})

describe('custom kinds', () => {
  const definition = (plural: string, scope: string) => ({
    metadata: { name: `${plural}.example.com` },
    spec: { group: 'example.com', scope, names: { plural, kind: 'K' }, versions: [{ name: 'v1', served: true }] },
  })
  const objects = {
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions': [
      definition('widgets', 'Namespaced'),
      definition('zones', 'Cluster'),
      definition('gone', 'Cluster'),
      definition('none', 'Cluster'),
    ],
    '/apis/example.com/v1/widgets': [
      { apiVersion: 'example.com/v1', kind: 'K', metadata: { name: 'w', namespace: 'payments' } },
      { metadata: { name: 'x', namespace: 'other' } },
    ],
    '/apis/example.com/v1/zones': [{ apiVersion: 'example.com/v1', kind: 'K', metadata: { name: 'z' } }],
    '/apis/example.com/v1/none': [],
  }

  it('are bare arrays, with a link for those who look for YAML; none without objects', async () => {
    const gathered = await collectFrom(clusterResources, {}, but({ objects }))
    const custom = gathered.files.filter(({ path }) => path.startsWith(`${ROOT}/custom-resources/`))
    expect(custom.map(({ path, links }) => [path, links])).toEqual([
      [
        `${ROOT}/custom-resources/widgets.example.com/payments.json`,
        [`${ROOT}/custom-resources/widgets.example.com/payments.yaml`],
      ],
      [`${ROOT}/custom-resources/zones.example.com.json`, [`${ROOT}/custom-resources/zones.example.com.yaml`]],
      [`${ROOT}/custom-resources/custom-resources-errors.json`, []],
    ])
    expect(custom[1]?.text).toBe(
      '[\n  {\n    "apiVersion": "example.com/v1",\n    "kind": "K",\n    "metadata": {\n      "name": "z"\n    }\n  }\n]',
    )
    expect(file(gathered, 'custom-resources/custom-resources-errors.json')).toEqual({ 'gone.example.com': 'gone not found' })
  })
})

it('reads namespaces and kinds that are too large to hold once more', async () => {
  const filler = 'x'.repeat(6 * 2 ** 20)
  const large = (name: string, namespace?: string) => ({
    metadata: { name, ...(namespace ? { namespace } : {}) },
    data: { filler },
  })
  const three = (namespace?: string) => ['1', '2', '3'].map((name) => large(name, namespace))
  const objects = {
    ...noObjects,
    '/api/v1/namespaces': [{ metadata: { name: 'a' } }],
    '/api/v1/configmaps': three('a'),
    '/api/v1/nodes': three(),
  }
  const gathered = await collectFrom(clusterResources, {}, { ...payments, objects })
  for (const path of ['configmaps/a.json', 'nodes.json']) {
    const list = file(gathered, path) as { items: { metadata: { name: string }; kind: string }[] }
    expect(list.items.map(({ metadata, kind }) => `${kind} ${metadata.name}`)).toHaveLength(3)
  }
})
