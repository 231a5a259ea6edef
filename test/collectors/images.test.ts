import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import images from '../../collectors/images/index.ts'
import { parseImageId, parseReference } from '../../collectors/images/reference.ts'
import { LABEL_RUN } from '../../core/names.ts'
import { type FakeCluster, forbidden } from '../../core/testkit/index.ts'
import { codes, collectFrom, issues, texts } from './collect.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`

interface AnImagePod {
  name: string
  namespace?: string
  image?: string
  id?: string
  labels?: Record<string, string>
  owner?: object
  spec?: object
  status?: object
}
const pod = ({ name, namespace = 'shop', image = 'nginx', id = '', labels, owner, spec, status }: AnImagePod) => ({
  metadata: { name, namespace, ...(labels ? { labels } : {}), ...(owner ? { ownerReferences: [owner] } : {}) },
  spec: { containers: [{ name: 'web', image, imagePullPolicy: 'IfNotPresent' }], ...spec },
  status: { containerStatuses: [{ name: 'web', imageID: id }], ...status },
})
const clusterOf = (...pods: object[]): FakeCluster => ({
  objects: {
    '/api/v1/pods': pods,
    '/api/v1/namespaces': [{ metadata: { name: 'shop' } }, { metadata: { name: 'other' } }],
  },
})
const facts = async (...pods: object[]) =>
  JSON.parse(texts(await collectFrom(images, {}, clusterOf(...pods)))['images/images.json'] ?? '') as Record<string, unknown>[]

describe('a reference', () => {
  it.each<[string, object]>([
    ['nginx', { registry: 'docker.io', repository: 'library/nginx', tag: 'latest' }],
    ['acme/shop:1.2', { registry: 'docker.io', repository: 'acme/shop', tag: '1.2' }],
    ['index.docker.io/nginx:1', { registry: 'docker.io', repository: 'library/nginx', tag: '1' }],
    ['shop.web', { registry: 'docker.io', repository: 'library/shop.web', tag: 'latest' }],
    ['localhost/shop', { registry: 'localhost', repository: 'shop', tag: 'latest' }],
    ['reg.example:5000/a/b', { registry: 'reg.example:5000', repository: 'a/b', tag: 'latest' }],
    ['reg.example:5000/a/b:v1', { registry: 'reg.example:5000', repository: 'a/b', tag: 'v1' }],
    ['[::1]:5000/a:v1', { registry: '[::1]:5000', repository: 'a', tag: 'v1' }],
    [`ghcr.io/a@${digest('a')}`, { registry: 'ghcr.io', repository: 'a', digest: digest('a') }],
    [`ghcr.io/a:v1@${digest('a')}`, { registry: 'ghcr.io', repository: 'a', tag: 'v1', digest: digest('a') }],
  ])('%s', (text, want) => expect(parseReference(text)).toEqual(want))

  it('is the same when its parts are put together again', () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    const parts = fc.record({
      registry: fc.constantFrom('reg.example', 'reg.example:5000', 'localhost', 'localhost:80', '10.0.0.1:443'),
      repository: fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/')),
      tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,8}$/), { nil: undefined }),
      digest: fc.option(fc.constant(digest('d')), { nil: undefined }),
    })
    fc.assert(
      fc.property(parts, ({ registry, repository, ...ends }) => {
        const text = `${registry}/${repository}${ends.tag ? `:${ends.tag}` : ''}${ends.digest ? `@${ends.digest}` : ''}`
        const tag = ends.tag ?? (ends.digest ? undefined : 'latest')
        const rest = Object.fromEntries(Object.entries({ tag, digest: ends.digest }).filter(([, value]) => value !== undefined))
        expect(parseReference(text)).toEqual({ registry, repository, ...rest })
      }),
    )
  })
})

describe('an image id', () => {
  it.each<[string, object]>([
    [`docker.io/library/nginx@${digest('b')}`, { digest: digest('b') }],
    [`docker-pullable://nginx@${digest('b')}`, { digest: digest('b') }],
    [`docker://${digest('b')}`, { localId: digest('b') }],
    [digest('b'), { localId: digest('b') }],
    ['', {}],
    ['nginx:latest', {}],
    ['nginx@latest', {}],
  ])('%s', (text, want) => expect(parseImageId(text)).toEqual(want))
})

describe('images', () => {
  it('has one entry a reference, with all that is known of it', async () => {
    expect(
      await facts(
        pod({ name: 'web-2', image: 'reg.example/shop:1', id: `reg.example/shop@${digest('b')}` }),
        pod({ name: 'web-1', image: 'reg.example/shop:1', id: `reg.example/shop@${digest('a')}`, namespace: 'other' }),
        pod({ name: 'db', image: 'postgres:17', id: digest('c') }),
      ),
    ).toEqual([
      {
        image: 'postgres:17',
        registry: 'docker.io',
        repository: 'library/postgres',
        tag: '17',
        runningDigests: [],
        localIds: [digest('c')],
        pullPolicies: ['IfNotPresent'],
        containers: 1,
        usedBy: [{ namespace: 'shop', owner: { kind: 'Pod', name: 'db' }, container: 'web', pods: 1 }],
      },
      {
        image: 'reg.example/shop:1',
        registry: 'reg.example',
        repository: 'shop',
        tag: '1',
        runningDigests: [digest('a'), digest('b')],
        pullPolicies: ['IfNotPresent'],
        containers: 2,
        usedBy: [
          { namespace: 'other', owner: { kind: 'Pod', name: 'web-1' }, container: 'web', pods: 1 },
          { namespace: 'shop', owner: { kind: 'Pod', name: 'web-2' }, container: 'web', pods: 1 },
        ],
      },
    ])
  })

  it.each<[string, Partial<AnImagePod>, object]>([
    [
      'a Deployment, which owns by a ReplicaSet',
      { owner: { kind: 'ReplicaSet', name: 'web-7f9c', controller: true }, labels: { 'pod-template-hash': '7f9c' } },
      { kind: 'Deployment', name: 'web' },
    ],
    [
      'a ReplicaSet of its own',
      { owner: { kind: 'ReplicaSet', name: 'web-7f9c', controller: true } },
      { kind: 'ReplicaSet', name: 'web-7f9c' },
    ],
    [
      'a ReplicaSet that is not named after the hash',
      { owner: { kind: 'ReplicaSet', name: 'web' }, labels: { 'pod-template-hash': '7f9c' } },
      { kind: 'ReplicaSet', name: 'web' },
    ],
    [
      'a StatefulSet',
      { owner: { kind: 'StatefulSet', name: 'db-b', controller: true }, labels: { 'pod-template-hash': 'b' } },
      { kind: 'StatefulSet', name: 'db-b' },
    ],
  ])('names %s as the owner', async (_, change, owner) => {
    expect(await facts(pod({ name: 'a', ...change }), pod({ name: 'b', ...change }))).toMatchObject([
      { containers: 2, usedBy: [{ owner, container: 'web', pods: 2 }] },
    ])
  })

  it('knows containers that initialize or debug, those without a status, and pods that say nothing', async () => {
    const spec = {
      containers: [{ name: 'web', image: 'a' }],
      initContainers: [{ name: 'init', image: 'b' }],
      ephemeralContainers: [{ name: 'debug', image: 'c' }, { name: 'none' }],
    }
    const status = {
      containerStatuses: null,
      initContainerStatuses: [{ name: 'init', imageID: `b@${digest('b')}` }],
      ephemeralContainerStatuses: [{ name: 'debug', imageID: `c@${digest('c')}` }],
    }
    const found = await facts(pod({ name: 'x', spec, status }), { metadata: { name: 'odd', namespace: 'shop' } })
    expect(found.map(({ image, runningDigests, pullPolicies }) => [image, runningDigests, pullPolicies])).toEqual([
      ['a', [], []],
      ['b', [digest('b')], []],
      ['c', [digest('c')], []],
    ])
  })

  it('tells users of one name in two namespaces apart', async () => {
    const owner = { kind: 'StatefulSet', name: 'db', controller: true }
    const found = await facts(pod({ name: 'a', owner }), pod({ name: 'a', owner, namespace: 'other' }))
    expect(found).toMatchObject([
      {
        usedBy: [
          { namespace: 'other', pods: 1 },
          { namespace: 'shop', pods: 1 },
        ],
      },
    ])
  })

  it('lists no more than 100 users, the first by name, and counts the others', async () => {
    const pods = Array.from({ length: 150 }, (_, at) => pod({ name: `p${String(149 - at).padStart(3, '0')}` }))
    const [found] = await facts(...pods)
    expect(found).toMatchObject({ containers: 150, moreUsers: 50 })
    const users = found?.['usedBy'] as { owner: { name: string } }[]
    expect(users.map(({ owner }) => owner.name)).toEqual(
      Array.from({ length: 100 }, (_, at) => `p${String(at).padStart(3, '0')}`),
    )
  })

  it('says the same whatever the order of the pods', async () => {
    const pods = ['c', 'a', 'b'].map((name, at) => pod({ name, image: `i${at % 2}`, id: `x@${digest(name)}` }))
    expect(await facts(...pods.toReversed())).toEqual(await facts(...pods))
  })

  it('looks in the namespaces of the run, or in that of the entry, in a folder of its own', async () => {
    const cluster = clusterOf(pod({ name: 'a' }), pod({ name: 'b', namespace: 'other', image: 'redis' }))
    const all = texts(await collectFrom(images, {}, cluster, { namespaces: ['other'] }))
    expect(Object.keys(all)).toEqual(['images/images.json'])
    expect(JSON.parse(all['images/images.json'] ?? '')).toMatchObject([{ image: 'redis' }])
    const one = texts(await collectFrom(images, { namespace: 'shop' }, cluster, { namespaces: ['other'] }))
    expect(Object.keys(one)).toEqual(['images/shop/images.json'])
    expect(JSON.parse(one['images/shop/images.json'] ?? '')).toMatchObject([{ image: 'nginx' }])
  })

  it('gives what it may see, and says what not', async () => {
    const refusing = (answers: FakeCluster['answers']) => ({ ...clusterOf(pod({ name: 'a' })), ...(answers ? { answers } : {}) })
    const refused = { '/api/v1/namespaces/other/pods': forbidden('pods of other') }
    const partly = await collectFrom(images, {}, refusing(refused), { namespaces: ['other', 'shop'] })
    expect(Object.keys(texts(partly))).toEqual(['images/images.json', 'images/errors.json'])
    expect(texts(partly)['images/errors.json']).toContain('pods of other is forbidden')
    expect(partly.warnings).toMatchObject([{ code: 'IMAGES_MISSING', isLoss: false }])
    const none = await collectFrom(images, {}, refusing(refused), { namespaces: ['other'] })
    expect(Object.keys(texts(none))).toEqual(['images/errors.json'])
    expect(codes(none)).toEqual(['IMAGES_MISSING'])
  })

  it('is an empty list where there are no pods', async () => expect(await facts()).toEqual([]))

  it('takes no other fields', async () => {
    expect(await issues(images, { selector: ['a=b'] })).toEqual([expect.stringContaining('selector')])
  })
})

it('passes over pods that other entries created for the time of a run', async () => {
  const own = pod({ name: 'sysctl-node-a-x', image: 'busybox:1', labels: { [LABEL_RUN]: 'nightly.1' } })
  expect((await facts(pod({ name: 'web' }), own)).map(({ image }) => image)).toEqual(['nginx'])
})
