import { describe, expect, it } from 'vitest'
import helm from '../../collectors/helm/index.ts'
import { type FakeCluster, forbidden } from '../../core/testkit/index.ts'
import { collectFrom, issues, texts } from './collect.ts'
import { aConfigMap, aSecret } from './helm/releases.ts'

const ordinary = { metadata: { name: 'db', namespace: 'shop', labels: { owner: 'helm', name: 'web' } }, type: 'Opaque', data: {} }
const SECRETS = [
  ordinary,
  aSecret({ version: 10, status: 'pending-upgrade', deployed: '2026-01-03T02:00:00Z' }),
  aSecret({ version: 2, status: 'deployed', deployed: '2026-01-02T02:00:00.5+02:00' }),
  aSecret({ version: 9, status: 'superseded' }),
  aSecret({ name: 'api' }),
  aSecret({ name: 'api', namespace: 'other', config: { password: 'x' } }),
]
const clusterOf = (secrets: object[], configMaps: object[] = [], answers: FakeCluster['answers'] = {}): FakeCluster => ({
  objects: {
    '/api/v1/namespaces': [{ metadata: { name: 'shop' } }, { metadata: { name: 'other' } }],
    '/api/v1/secrets': secrets,
    '/api/v1/configmaps': configMaps,
  },
  answers,
})
const cluster = clusterOf(SECRETS)

async function collect(entry: object, of: FakeCluster = cluster, namespaces = ['*']) {
  const gathered = await collectFrom(helm, entry, of, { namespaces })
  const files = Object.entries(texts(gathered)).map(([path, text]) => [path, JSON.parse(text) as unknown] as const)
  return { files: Object.fromEntries(files), warnings: gathered.warnings, texts: texts(gathered) }
}

describe('helm', () => {
  it('gives each namespace a list of releases, with their history, the newest first', async () => {
    const { files, warnings } = await collect({})
    expect(Object.keys(files)).toEqual(['helm/other.json', 'helm/shop.json'])
    expect(files['helm/shop.json']).toEqual([
      {
        releaseName: 'api',
        chart: 'web',
        chartVersion: '1.2.0',
        appVersion: '4.1',
        namespace: 'shop',
        releaseHistory: [{ revision: '1', date: '2026-01-01 02:00:00.123456789 +0000 UTC', status: 'deployed' }],
      },
      {
        releaseName: 'web',
        chart: 'web',
        chartVersion: '1.2.0',
        appVersion: '4.1',
        namespace: 'shop',
        releaseHistory: [
          { revision: '10', date: '2026-01-03 02:00:00 +0000 UTC', status: 'pending-upgrade', isPending: true },
          { revision: '9', date: '2026-01-01 02:00:00.123456789 +0000 UTC', status: 'superseded' },
          { revision: '2', date: '2026-01-02 02:00:00.5 +0200 +0200', status: 'deployed' },
        ],
      },
    ])
    expect(warnings).toEqual([])
  })

  it('is indented as the peer does it', async () => {
    const { texts: raw, files } = await collect({ collectValues: true })
    expect(raw['helm/shop.json']).toBe(JSON.stringify(files['helm/shop.json'], undefined, '\t'))
  })

  it('has no values unless they are asked for', async () => {
    expect(JSON.stringify((await collect({})).files)).not.toContain('password')
    const { files } = await collect({ collectValues: true })
    expect(files['helm/other.json']).toMatchObject([
      { releaseHistory: [{ values: { image: { tag: 'a' }, password: 'x', replicas: 1 }, userValues: { password: 'x' } }] },
    ])
  })

  it('leaves out what is empty', async () => {
    const bare = clusterOf([aSecret({ chart: { metadata: null, values: null }, config: {} })])
    const { files } = await collect({ collectValues: true }, bare)
    expect(files['helm/shop.json']).toEqual([
      {
        releaseName: 'web',
        namespace: 'shop',
        releaseHistory: [{ revision: '1', date: '2026-01-01 02:00:00.123456789 +0000 UTC', status: 'deployed' }],
      },
    ])
  })

  it.each([
    ['the entry', { namespace: 'other' }, ['*'], ['helm/other.json']],
    ['the run', {}, ['other'], ['helm/other.json']],
    ['the entry, not the run', { namespace: 'shop' }, ['other'], ['helm/shop.json']],
  ])('looks where %s says', async (_, entry, namespaces, paths) => {
    expect(Object.keys((await collect(entry, cluster, namespaces)).files)).toEqual(paths)
  })

  it('gives one release a file of its own', async () => {
    const { files } = await collect({ releaseName: 'api' })
    expect(Object.keys(files)).toEqual(['helm/other/api.json', 'helm/shop/api.json'])
    expect(files['helm/shop/api.json']).toMatchObject([{ releaseName: 'api' }])
  })

  it('reads ConfigMaps as well, and Secrets first', async () => {
    const foreign = { metadata: { name: 'settings', namespace: 'shop' }, data: {} }
    const configMaps = [foreign, aConfigMap({ name: 'old', version: 4 }), aConfigMap({ version: 9, status: 'failed' })]
    const { files, warnings } = await collect({ namespace: 'shop' }, clusterOf(SECRETS, configMaps))
    expect(files['helm/shop.json']).toMatchObject([
      { releaseName: 'api' },
      { releaseName: 'old', releaseHistory: [{ revision: '4' }] },
      { releaseName: 'web', releaseHistory: [{}, { revision: '9', status: 'superseded' }, {}] },
    ])
    expect(warnings).toEqual([])
  })

  it('a release that cannot be read costs only itself, and nothing of it is told', async () => {
    const bad = aSecret({ name: 'bad' }, 'geheim')
    const { data: _, ...none } = aSecret({ name: 'none' })
    const { files, warnings } = await collect({}, clusterOf([bad, none, ...SECRETS]))
    expect(files['helm/shop.json']).toMatchObject([{ releaseName: 'api' }, { releaseName: 'web' }])
    expect(files['helm/errors.json']).toEqual([
      'shop/sh.helm.release.v1.bad.v1: it is not JSON of a release',
      'shop/sh.helm.release.v1.none.v1: it holds no release',
    ])
    expect(warnings).toMatchObject([
      {
        code: 'HELM_MISSING',
        message: expect.stringContaining('bad.v1: it is not JSON of a release (and 1 more)') as string,
        isLoss: true,
      },
    ])
  })

  it('values that are nested too deep cost only their release', async () => {
    let deep: object = {}
    for (let level = 0; level < 3000; level++) deep = { a: deep }
    const { files } = await collect(
      { collectValues: true, namespace: 'shop' },
      clusterOf([aSecret({ config: deep }), ...SECRETS.slice(4)]),
    )
    expect(files['helm/shop.json']).toMatchObject([{ releaseName: 'api' }, {}])
    const text = `{"name":"web","version":1,"config":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}}`
    const worse = await collect(
      { collectValues: true, namespace: 'shop' },
      clusterOf([aSecret({}, Buffer.from(text).toString('base64')), ...SECRETS.slice(4)]),
    )
    expect(worse.files['helm/shop.json']).toMatchObject([{ releaseName: 'api' }])
    expect(worse.files['helm/errors.json']).toEqual(['shop/web: its values cannot be written'])
    expect(worse.warnings).toHaveLength(1)
  })

  it('places that may not be listed are told, and the others come', async () => {
    const answers = {
      '/api/v1/secrets': forbidden('secrets'),
      '/api/v1/namespaces/other/secrets': forbidden('secrets in other'),
      '/api/v1/configmaps': forbidden('configmaps'),
      '/api/v1/namespaces/other/configmaps': forbidden('configmaps'),
      '/api/v1/namespaces/shop/configmaps': forbidden('configmaps'),
    }
    const { files, warnings } = await collect({}, clusterOf(SECRETS, [], answers))
    expect(files['helm/shop.json']).toHaveLength(2)
    expect(files['helm/errors.json']).toEqual([
      'secrets in other: secrets in other is forbidden',
      'configmaps in shop: configmaps is forbidden',
      'configmaps in other: configmaps is forbidden',
    ])
    expect(warnings).toMatchObject([{ isLoss: false }])
  })

  it('a server that is away is told, and is a loss', async () => {
    const answers = { '/api/v1/secrets': new Error('it is down'), '/api/v1/configmaps': new Error('it is down') }
    const { files, warnings } = await collect({}, clusterOf(SECRETS, [], answers))
    expect(files).toEqual({ 'helm/errors.json': ['secrets: it is down', 'configmaps: it is down'] })
    expect(warnings).toMatchObject([{ isLoss: true }])
  })

  it('a release that is asked for and not there is told; none at all is nothing', async () => {
    const { files, warnings } = await collect({ releaseName: 'gone' })
    expect(files).toEqual({ 'helm/errors.json': ['gone: there is no such release'] })
    expect(warnings).toMatchObject([{ isLoss: false }])
    expect(await collect({}, clusterOf([ordinary]))).toMatchObject({ files: {}, warnings: [] })
  })

  it.each([
    ['an unknown key', { release: 'web' }],
    ['what would be more than a name in a selector', { releaseName: 'web,owner!=helm' }],
    ['what would lead out of its folder', { releaseName: '../web' }],
  ])('refuses %s', async (_, entry) => {
    expect(await issues(helm, entry)).toHaveLength(1)
  })
})
