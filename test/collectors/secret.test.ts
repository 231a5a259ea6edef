import { describe, expect, it } from 'vitest'
import configMap from '../../collectors/config-map/index.ts'
import secret from '../../collectors/secret/index.ts'
import { type FakeCluster, forbidden } from '../../core/testkit/index.ts'
import { codes, collectFrom, issues, texts } from './collect.ts'

const encoded = (text: string) => Buffer.from(text).toString('base64')
const labels = { app: 'shop' }
const cluster: FakeCluster = {
  objects: {
    '/api/v1/namespaces': [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
    '/api/v1/secrets': [
      { metadata: { name: 'db', namespace: 'a', labels }, data: { password: encoded('geheim ü'), empty: '' } },
      { metadata: { name: 'db', namespace: 'b', labels } },
    ],
    '/api/v1/configmaps': [
      { metadata: { name: 'settings', namespace: 'a', labels }, data: { mode: 'test', empty: '' } },
      { metadata: { name: 'settings', namespace: 'b', labels } },
    ],
  },
}
const json = async (...args: Parameters<typeof collectFrom>) =>
  Object.fromEntries(Object.entries(texts(await collectFrom(...args))).map(([path, text]) => [path, JSON.parse(text) as unknown]))

const SECRETS: [name: string, entry: object, files: Record<string, unknown>][] = [
  [
    'tells that a Secret and a key exist, and no value',
    { name: 'db', namespace: 'a', key: 'password' },
    { 'secrets/a/db/password.json': { namespace: 'a', name: 'db', key: 'password', secretExists: true, keyExists: true } },
  ],
  [
    'tells that a key does not exist',
    { name: 'db', namespace: 'a', key: 'toString', includeValue: true },
    { 'secrets/a/db/toString.json': { namespace: 'a', name: 'db', key: 'toString', secretExists: true, keyExists: false } },
  ],
  [
    'gives the value of a key when asked',
    { name: 'db', namespace: 'a', key: 'password', includeValue: true },
    { 'secrets/a/db/password.json': expect.objectContaining({ keyExists: true, value: 'geheim ü' }) },
  ],
  [
    'gives all values when asked, in a file that is not named after a key',
    { name: 'db', namespace: 'a', key: 'password', includeAllData: true },
    {
      'secrets/a/db.json': {
        namespace: 'a',
        name: 'db',
        key: 'password',
        secretExists: true,
        keyExists: false,
        data: { password: 'geheim ü', empty: '' },
      },
    },
  ],
  [
    'gives no data of a Secret without any',
    { name: 'db', namespace: 'b', includeAllData: true },
    { 'secrets/b/db.json': { namespace: 'b', name: 'db', key: '', secretExists: true, keyExists: false } },
  ],
  [
    'finds by labels, wherever it may look',
    { selector: ['app=shop'] },
    { 'secrets/a/db.json': expect.anything(), 'secrets/b/db.json': expect.objectContaining({ namespace: 'b' }) },
  ],
]

describe('secret', () => {
  it.each(SECRETS)('%s', async (_, entry, files) => {
    expect(await json(secret, entry, cluster)).toEqual(files)
  })

  it('tells that one does not exist, in both places', async () => {
    const gathered = await collectFrom(secret, { name: 'none', namespace: 'a', key: 'k' }, cluster)
    expect(Object.keys(texts(gathered))).toEqual(['secrets/a/none/k.json', 'secrets-errors/a/none/k.json'])
    expect(JSON.parse(gathered.files[0]?.text ?? '')).toMatchObject({ secretExists: false, keyExists: false })
    expect(gathered.warnings).toMatchObject([{ code: 'SECRET_MISSING', isLoss: false }])
  })

  it('names the errors of labels as the peer does', async () => {
    const refusing = {
      ...cluster,
      answers: { '/api/v1/secrets': forbidden('secrets'), '/api/v1/namespaces/a/secrets': forbidden('secrets') },
    }
    const files = await json(secret, { selector: ['a.b/c=*', 'x in (y)'], namespace: 'a' }, refusing)
    expect(files).toEqual({ 'secrets-errors/a/a.b_c-all-x in (y).json': ['secrets is forbidden'] })
  })

  it.each<[string, object, string]>([
    ['the only namespace of the run', { namespaces: ['b'] }, 'b'],
    ['the default one, when the run has several', { namespaces: ['a', 'c'], defaultNamespace: 'b' }, 'b'],
    ['the default one, when it may look everywhere', { defaultNamespace: 'a' }, 'a'],
  ])('looks for a name without a namespace in %s', async (_, options, namespace) => {
    const files = await json(secret, { name: 'db' }, cluster, options)
    expect(files).toEqual({ 'secrets/db.json': expect.objectContaining({ namespace, secretExists: true }) })
  })

  it('tells those that it found, and that others may not be listed', async () => {
    const partly = {
      ...cluster,
      answers: { '/api/v1/secrets': forbidden('secrets'), '/api/v1/namespaces/b/secrets': forbidden('secrets of b') },
    }
    const gathered = await collectFrom(secret, { selector: ['app=shop'] }, partly)
    expect(Object.keys(texts(gathered))).toEqual(['secrets/a/db.json', 'secrets-errors/app-shop.json'])
    expect(codes(gathered)).toEqual(['SECRET_MISSING'])
  })

  it('wants a name or labels', async () => {
    expect(await issues(secret, { namespace: 'a' })).toEqual(['name: is needed (or "selector")'])
  })
})

describe('configMap', () => {
  it('gives data only when asked, and names the file after the key in any case', async () => {
    const base = { namespace: 'a', name: 'settings', key: 'mode', configMapExists: true, keyExists: true }
    const entry = { name: 'settings', namespace: 'a', key: 'mode' }
    expect(await json(configMap, entry, cluster)).toEqual({ 'configmaps/a/settings/mode.json': { ...base, data: null } })
    expect(await json(configMap, { ...entry, includeValue: true }, cluster)).toEqual({
      'configmaps/a/settings/mode.json': { ...base, value: 'test', data: null },
    })
    expect(await json(configMap, { ...entry, includeAllData: true }, cluster)).toEqual({
      'configmaps/a/settings/mode.json': { ...base, data: { mode: 'test', empty: '' } },
    })
  })

  it('tells that one does not exist', async () => {
    const gathered = await collectFrom(configMap, { name: 'none', namespace: 'a' }, cluster)
    expect(Object.keys(texts(gathered))).toEqual(['configmaps/a/none.json', 'configmaps-errors/a/none.json'])
    expect(JSON.parse(gathered.files[0]?.text ?? '')).toEqual({
      namespace: 'a',
      name: 'none',
      key: '',
      configMapExists: false,
      keyExists: false,
      data: null,
    })
  })

  it('finds by labels in the namespaces of the run', async () => {
    const files = await json(configMap, { selector: ['app=shop'] }, cluster, { namespaces: ['b'] })
    expect(Object.keys(files)).toEqual(['configmaps/b/settings.json'])
  })
})
