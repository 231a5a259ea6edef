import { describe, expect, it } from 'vitest'
import metadata from '../../collectors/support-bundle-metadata/index.ts'
import { type FakeCluster, forbidden } from '../../core/testkit/index.ts'
import { collectFrom, issues, texts } from './collect.ts'

const encoded = (text: string) => Buffer.from(text).toString('base64')
const secret = (namespace: string, data?: object) => ({ metadata: { name: 'replicated-support-metadata', namespace }, data })
const cluster: FakeCluster = {
  objects: {
    '/api/v1/secrets': [
      secret('shop', { version: encoded('1.0.0 ü'), app: encoded('shop'), none: '' }),
      secret('home', { app: encoded('home') }),
      secret('empty'),
    ],
  },
}
const PATH = 'metadata/cluster.json'

describe('supportBundleMetadata', () => {
  it('is all of the Secret, by key', async () => {
    const gathered = await collectFrom(metadata, { namespace: 'shop' }, cluster)
    expect(texts(gathered)).toEqual({ [PATH]: '{\n  "app": "shop",\n  "none": "",\n  "version": "1.0.0 ü"\n}\n' })
    expect(gathered.warnings).toEqual([])
  })

  it('is an empty object of a Secret without data', async () => {
    expect(texts(await collectFrom(metadata, { namespace: 'empty' }, cluster))).toEqual({ [PATH]: '{}\n' })
  })

  it.each([
    ['the only one of the run', { namespaces: ['shop'], defaultNamespace: 'home' }, 'shop'],
    ['else the default one', { namespaces: ['*'], defaultNamespace: 'home' }, 'home'],
    ['also of several', { namespaces: ['shop', 'empty'], defaultNamespace: 'home' }, 'home'],
  ])('without a namespace looks into %s', async (_, where, app) => {
    expect(JSON.parse(texts(await collectFrom(metadata, {}, cluster, where))[PATH] ?? '')).toMatchObject({ app })
  })

  it.each([
    ['missing', {}, 'secrets "replicated-support-metadata" not found', false],
    ['refused', { '/api/v1/namespaces/gone/secrets/replicated-support-metadata': forbidden('it') }, 'it is forbidden', false],
    [
      'out of reach',
      { '/api/v1/namespaces/gone/secrets/replicated-support-metadata': new Error('it is down') },
      'it is down',
      true,
    ],
  ])('a Secret that is %s is a warning', async (_, answers, reason, isLoss) => {
    const gathered = await collectFrom(metadata, { namespace: 'gone' }, { ...cluster, answers })
    expect(gathered.files).toEqual([])
    expect(gathered.warnings).toEqual([
      {
        type: 'warning',
        code: 'SUPPORT_METADATA_MISSING',
        message: `no metadata in the namespace "gone": ${reason}`,
        isLoss,
      },
    ])
  })

  it('refuses keys that it does not know', async () => {
    expect(await issues(metadata, { name: 'x' })).toHaveLength(1)
  })
})
