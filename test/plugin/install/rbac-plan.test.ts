import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JobSpec } from '../../../core/job.ts'
import { wantedRights } from '../../../plugin/install/collected-rights.ts'
import { grants, type Rule, rightsOf, rulesOf, showRight } from '../../../plugin/install/rules.ts'
import { useCluster } from '../../cluster/use-cluster.ts'
import { type Server, startServer } from './on-server.ts'

const LISTS = { specKey: 'lists', permissions: [{ apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['list'] }] }
const SECRET = { specKey: 'secret', permissions: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }] }
const MIXED = {
  specKey: 'clusterResources',
  permissions: [
    { apiGroups: [''], resources: ['secrets'], verbs: ['list'] },
    { apiGroups: ['*'], resources: ['*'], verbs: ['list'] },
  ],
}
const NONE = { specKey: 'clusterInfo', permissions: [] }
const DATABASE = {
  specKey: 'postgres',
  permissions: [{ apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['get'] }],
}
const CERTIFICATES = {
  specKey: 'certificates',
  permissions: [{ apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['get'] }],
}
const RUN = { specKey: 'runPod', permissions: [{ apiGroups: [''], resources: ['pods'], verbs: ['create'] }] }
const METADATA = { specKey: 'supportBundleMetadata', permissions: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] }
const ON_NODES = {
  specKey: 'sysctl',
  permissions: [
    { apiGroups: [''], resources: ['pods'], verbs: ['create'] },
    { apiGroups: [''], resources: ['nodes'], verbs: ['list'] },
  ],
}
const DNS = {
  specKey: 'dns',
  permissions: [
    { apiGroups: [''], resources: ['pods'], verbs: ['create', 'list'] },
    { apiGroups: [''], resources: ['services', 'endpoints'], verbs: ['list'] },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
  ],
}
const MANIFESTS = [DNS, ON_NODES, METADATA, LISTS, SECRET, MIXED, NONE, DATABASE, CERTIFICATES, RUN]

function plan(collectors: object[], namespaces: string[] = [], isClusterWide = false) {
  const spec = JobSpec.parse({ apiVersion: 'support-bundle-schedule.io/v1', schedule: '@daily', collect: { namespaces } })
  const wanted = wantedRights({ namespace: 'own', spec }, [{ spec: { collectors } }], MANIFESTS, isClusterWide)
  return {
    rights: wanted.rights.map(({ right, namespace }) => `${namespace ?? '*'}: ${showRight(right)}`),
    leftOut: wanted.leftOut.map(({ right }) => showRight(right)),
    unknown: wanted.unknown,
  }
}

describe('what the collectors of a job want', () => {
  it.each<[what: string, want: string[], collectors: object[], namespaces?: string[], isClusterWide?: boolean]>([
    ['its own namespace', ['own: list pods'], [{ lists: {} }]],
    ['its namespaces', ['a: list pods', 'b: list pods'], [{ lists: {} }], ['a', 'b']],
    ['those of the entry', ['c: list pods'], [{ lists: { namespace: 'c' } }], ['a']],
    ['everywhere', ['*: list pods', '*: list nodes'], [{ lists: {} }], ['*']],
    ['kinds of the whole cluster when asked', ['own: list pods', '*: list nodes'], [{ lists: {} }], [], true],
    ['a Secret by its name', ['own: get secrets "s"'], [{ secret: { name: 's' } }]],
    ['Secrets by labels', ['own: list secrets'], [{ secret: { selector: ['a=b'] } }]],
    ['nothing for a database whose address stands there', [], [{ postgres: { uri: 'postgres://a' } }]],
    [
      'what a database refers to, by name',
      ['own: get secrets "s"', 'own: get secrets "t"', 'own: get configmaps "c"'],
      [
        {
          postgres: {
            uri: { valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
            tls: { secret: { name: 't' }, cacert: { valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } } },
          },
        },
      ],
      ['a', 'b'],
    ],
    ['where it refers to', ['x: get secrets "s"'], [{ postgres: { tls: { secret: { name: 's', namespace: 'x' } } } }]],
    ['in the only namespace that it looks in', ['a: get secrets "s"'], [{ postgres: { tls: { secret: { name: 's' } } } }], ['a']],
    [
      'objects with certificates, each where it is said to lie',
      ['x: get secrets "s"', 'y: get secrets "s"', 'own: get secrets "t"', 'z: get configmaps "c"'],
      [
        {
          certificates: {
            secrets: [{ name: 's', namespaces: ['x', 'y'] }, { name: 't' }],
            configMaps: [{ name: 'c', namespaces: ['z'] }],
          },
        },
      ],
      ['a', 'b'],
    ],
    [
      'the one Secret that an application writes for bundles',
      ['own: get secrets "replicated-support-metadata"'],
      [{ supportBundleMetadata: {} }],
      ['a', 'b'],
    ],
    [
      'that Secret where it is said to lie',
      ['m: get secrets "replicated-support-metadata"'],
      [{ supportBundleMetadata: { namespace: 'm' } }],
    ],
    [
      'a pod of its own that asks for names, and a look at DNS where it runs',
      [
        ...['own: create pods', 'own: list pods', 'kube-system: list pods', 'kube-system: list services'],
        ...['kube-system: list endpoints', 'kube-system: get configmaps', 'default: list services'],
      ],
      [{ dns: {} }],
      ['a', 'b'],
    ],
    ['nothing for certificates of nothing', [], [{ certificates: { secrets: null } }]],
    ['pods of its own in one namespace only', ['own: create pods'], [{ runPod: {} }], ['a', 'b']],
    ['pods of its own not everywhere', ['own: create pods'], [{ runPod: {} }], ['*']],
    ['pods of its own, and the nodes for them', ['own: create pods', '*: list nodes'], [{ sysctl: {} }], ['*']],
    ['a Secret in the only namespace that it looks in', ['a: get secrets "s"'], [{ secret: { name: 's' } }], ['a']],
    ['pods of its own where it says', ['p: create pods'], [{ runPod: { namespace: 'p' } }], ['*']],
    ['nothing that is excluded', [], [{ lists: { exclude: 'true' } }]],
  ])('%s', (_, want, collectors, namespaces, isClusterWide) => {
    expect(plan(collectors, namespaces, isClusterWide).rights).toEqual(want)
  })

  it('leaves out all of something, and Secrets that are only taken along; tells what it does not know', () => {
    expect(plan([{ foo: {} }])).toEqual({ rights: [], leftOut: ['list secrets', 'list *.*'], unknown: ['foo'] })
  })

  it('rules grant what they are made of, and no more', () => {
    const rules: Rule[] = [
      { apiGroups: ['', 'apps'], resources: ['a', 'b'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['x', 'y'], verbs: ['get'] },
      { nonResourceURLs: ['/version'], verbs: ['get'] },
    ]
    const rights = rules.flatMap(rightsOf)
    expect(new Set(rulesOf(rights).flatMap(rightsOf).map(showRight))).toEqual(new Set(rights.map(showRight)))
    for (const right of rights) expect(grants(rulesOf(rights), right)).toBe(true)
    expect(grants(rules, { verb: 'get', group: '', resource: 'secrets' })).toBe(false)
    expect(grants(rules, { verb: 'get', group: '', resource: 'secrets', name: 'z' })).toBe(false)
  })
})

const { skipped } = await useCluster()
describe.skipIf(skipped)('rbac plan on a real API server', () => {
  let server: Server
  const cleanup: (() => void | Promise<void>)[] = []
  beforeAll(async () => {
    server = await startServer((work) => void cleanup.push(work))
    for (const name of ['own', 'other']) await server.send('POST', '/api/v1/namespaces', { metadata: { name } })
    const spec = {
      apiVersion: 'support-bundle-schedule.io/v1',
      schedule: '@daily',
      upload: [{ uploader: 's3', config: { bucket: 'b', region: 'r' }, credentials: { secret: 'up' } }],
      collect: { specs: [{ inline: spec2([{ secret: { name: 's' } }, { configMap: { name: 'c', namespace: 'other' } }]) }] },
    }
    await server.ok('install', 'namespace', 'own')
    await server.send('POST', '/api/v1/namespaces/own/configmaps', {
      metadata: { name: 'nightly', labels: { 'support-bundle-schedule.io/kind': 'job' } },
      data: { 'job.yaml': JSON.stringify(spec) },
    })
  }, 120_000)
  afterAll(async () => {
    await server?.stop()
    for (const work of cleanup) await work()
  })
  const spec2 = (collectors: object[]) => ({
    apiVersion: 'troubleshoot.sh/v1beta2',
    kind: 'SupportBundle',
    metadata: { name: 'x' },
    spec: { collectors },
  })

  it('prints what is missing, applies it, and then finds nothing more', async () => {
    const { out, err } = await server.ok('rbac', 'plan', 'nightly', '-n', 'own')
    expect(err).toMatch(/\n3 rights are missing, \d\d are granted/)
    expect(out.match(/^ {2}namespace: .*$/gm)).toEqual(
      ['own', 'own', 'other', 'other', 'own', 'own'].map((name) => `  namespace: ${name}`),
    )
    expect(out).not.toMatch(/pods|nodes/)
    await server.ok('rbac', 'plan', 'nightly', '-n', 'own', '--apply')
    let again = await server.ok('rbac', 'plan', 'nightly', '-n', 'own')
    for (let count = 0; count < 50 && again.out !== ''; count++) again = await server.ok('rbac', 'plan', 'nightly', '-n', 'own')
    expect(again).toMatchObject({ out: '' })
    expect(again.err).toContain('nothing is missing')
    await server.ok('uninstall', 'namespace', 'own')
    const left = await server.get('/apis/rbac.authorization.k8s.io/v1/namespaces/other/roles')
    expect(left['items']).toEqual([])
  })
})
