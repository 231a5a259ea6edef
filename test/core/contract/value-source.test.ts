import { describe, expect, it } from 'vitest'
import { readTls, readValue, type TlsSource, type ValueSource } from '../../../core/contract/value-source.ts'
import { fakeKube, forbidden } from '../../../core/testkit/index.ts'

const encoded = (text: string) => Buffer.from(text).toString('base64')
const pem = { cacert: encoded('CA'), clientCert: encoded('CERT'), clientKey: encoded('KEY') }
const kube = fakeKube({
  objects: {
    '/api/v1/secrets': [
      { metadata: { name: 'db', namespace: 'app' }, data: { uri: encoded('geheim ü'), empty: '' } },
      { metadata: { name: 'bare', namespace: 'app' } },
      { metadata: { name: 'tls', namespace: 'app' }, data: pem },
      { metadata: { name: 'ca', namespace: 'app' }, data: { cacert: pem.cacert } },
      { metadata: { name: 'half', namespace: 'app' }, data: { cacert: pem.cacert, clientCert: pem.clientCert } },
    ],
    '/api/v1/configmaps': [{ metadata: { name: 'db', namespace: 'shop' }, data: { uri: 'plain' } }],
  },
  answers: { '/api/v1/namespaces/secret/secrets/db': forbidden('secrets "db"') },
})
const context = { kube, namespaces: ['app'], defaultNamespace: 'shop' }
const secret = (ref: object): ValueSource => ({ valueFrom: { secretKeyRef: { name: 'db', key: 'uri', ...ref } } })
const configMap = (ref: object): ValueSource => ({ valueFrom: { configMapKeyRef: { name: 'db', key: 'uri', ...ref } } })

describe('a value', () => {
  it.each<[name: string, source: ValueSource | undefined, value: string]>([
    ['that is none', undefined, ''],
    ['that is a text', 'a', 'a'],
    ['in an object', { value: 'a' }, 'a'],
    ['in an object that points elsewhere too', { value: '', valueFrom: { secretKeyRef: { name: 'db', key: 'uri' } } }, ''],
    ['in an empty object', {}, ''],
    ['that points nowhere', { valueFrom: {} }, ''],
    ['of a Secret of the only namespace of the run', secret({}), 'geheim ü'],
    ['of a Secret that is empty', secret({ key: 'empty' }), ''],
    ['of a ConfigMap of another namespace', configMap({ namespace: 'shop' }), 'plain'],
    ['of a Secret that need not be', secret({ name: 'none', optional: true }), ''],
    ['of a key that need not be', secret({ key: 'none', optional: true }), ''],
  ])('%s', async (_, source, value) => {
    expect(await readValue(source, context)).toBe(value)
  })

  it.each<[name: string, namespaces: string[]]>([
    ['several namespaces', ['app', 'shop']],
    ['all namespaces', ['*']],
    ['no namespace', []],
  ])('is looked for in the default namespace when the run has %s', async (_, namespaces) => {
    expect(await readValue(configMap({}), { ...context, namespaces })).toBe('plain')
  })

  it.each<[name: string, source: ValueSource, message: string, of: string]>([
    ['a Secret is missing', secret({ name: 'none' }), 'there is no secret app/none', 'config'],
    ['a ConfigMap is missing', configMap({}), 'there is no configmap app/db', 'config'],
    ['a key is missing', secret({ key: 'none' }), 'secret app/db has no key "none"', 'config'],
    ['a key is one of every object', secret({ key: 'toString' }), 'secret app/db has no key "toString"', 'config'],
    ['a Secret has no data', secret({ name: 'bare' }), 'secret app/bare has no key "uri"', 'config'],
    ['a Secret may not be read', secret({ namespace: 'secret' }), 'secret secret/db: secrets "db" is forbidden', 'permission'],
    [
      'an optional one may not be read',
      secret({ namespace: 'secret', optional: true }),
      'secret secret/db: secrets "db" is forbidden',
      'permission',
    ],
  ])('fails when %s', async (_, source, message, of) => {
    await expect(readValue(source, context)).rejects.toMatchObject({ message, class: of })
  })
})

describe('certificates', () => {
  const source = (of: Partial<TlsSource>): TlsSource => ({ skipVerify: false, ...of })
  it.each<[name: string, source: TlsSource | undefined, want: object | undefined]>([
    ['of no TLS', undefined, undefined],
    ['of none', source({}), { skipVerify: false, ca: '', cert: '', key: '' }],
    ['of texts', source({ cacert: 'a', clientCert: { value: 'b' }, clientKey: 'c' }), { ca: 'a', cert: 'b', key: 'c' }],
    ['of a Secret', source({ secret: { name: 'tls', namespace: 'app' }, cacert: 'x' }), { ca: 'CA', cert: 'CERT', key: 'KEY' }],
    ['of a Secret with an authority alone', source({ secret: { name: 'ca', namespace: '' } }), { ca: 'CA', cert: '', key: '' }],
    [
      'of a Secret without an authority, which nobody looks at',
      source({ skipVerify: true, secret: { name: 'db', namespace: 'app' } }),
      { skipVerify: true, ca: '', cert: '', key: '' },
    ],
    ['that are not looked at', source({ skipVerify: true }), { skipVerify: true }],
  ])('%s', async (_, from, want) => {
    const found = await readTls(from, context)
    if (want) expect(found).toMatchObject(want)
    else expect(found).toBeUndefined()
  })

  it.each<[name: string, source: TlsSource, message: RegExp]>([
    ['the Secret is missing', source({ secret: { name: 'none', namespace: 'app' } }), /^there is no secret app\/none$/],
    ['the Secret of the run is missing', source({ secret: { name: 'none', namespace: '' } }), /^there is no secret app\/none$/],
    ['a Secret of the run has no authority', source({ secret: { name: 'db', namespace: '' } }), /^secret app\/db has no key/],
    ['the Secret has no authority', source({ secret: { name: 'db', namespace: 'app' } }), /^secret app\/db has no key "cacert"$/],
    ['the Secret has no key', source({ secret: { name: 'half', namespace: 'app' } }), /needs its key/],
    ['there is a certificate without a key', source({ clientCert: 'b' }), /needs its key/],
    ['there is a key without a certificate', source({ clientKey: 'b' }), /needs its key/],
  ])('fail when %s', async (_, from, message) => {
    await expect(readTls(from, context)).rejects.toThrow(message)
  })
})
