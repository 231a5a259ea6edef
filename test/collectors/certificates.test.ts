import { describe, expect, it } from 'vitest'
import certificates from '../../collectors/certificates/index.ts'
import { type FakeCluster, forbidden, type Gathered } from '../../core/testkit/index.ts'
import { run } from '../agent/analysis/run-analyzer.ts'
import { CERTIFICATES } from './certificates/pem.ts'
import { collectFrom, issues, texts } from './collect.ts'

const encoded = (text: string) => Buffer.from(text).toString('base64')
const { web, authority } = CERTIFICATES
const key = '-----BEGIN PRIVATE KEY-----\nZ2VoZWlt\n-----END PRIVATE KEY-----\n'
const cluster: FakeCluster = {
  objects: {
    '/api/v1/secrets': [
      {
        metadata: { name: 'web-tls', namespace: 'shop' },
        data: { 'tls.crt': encoded(web + authority), 'tls.key': encoded(key) },
      },
      { metadata: { name: 'web-tls', namespace: 'home' }, data: { 'tls.crt': encoded(web) } },
    ],
    '/api/v1/configmaps': [
      { metadata: { name: 'ca', namespace: 'shop' }, data: { 'ca.crt': authority } },
      { metadata: { name: 'void', namespace: 'shop' } },
    ],
  },
}
const PATH = 'certificates/certificates.json'
interface One {
  source: object
  errors?: string[]
  certificateChain?: { certificate: string; isValid: boolean }[]
}
const listOf = (gathered: Gathered) => JSON.parse(texts(gathered)[PATH] ?? '') as One[]

describe('certificates', () => {
  it('come from Secrets, then from ConfigMaps, each with its source', async () => {
    const entry = {
      configMaps: [{ name: 'ca', namespaces: ['shop'] }],
      secrets: [{ name: 'web-tls', namespaces: ['home', 'shop'] }],
    }
    const gathered = await collectFrom(certificates, entry, cluster)
    expect(listOf(gathered)).toMatchObject([
      { source: { secret: 'web-tls', namespace: 'home' }, certificateChain: [{ certificate: 'tls.crt' }] },
      {
        source: { secret: 'web-tls', namespace: 'shop' },
        errors: ['No certificates found in tls.key'],
        certificateChain: [{ certificate: 'tls.crt' }, { certificate: 'tls.crt', isCA: true }],
      },
      { source: { configMap: 'ca', namespace: 'shop' }, certificateChain: [{ certificate: 'ca.crt' }] },
    ])
    expect(listOf(gathered)[0]).not.toHaveProperty('errors')
    expect(texts(gathered)[PATH]).toMatch(/^\[\n\t\{\n\t\t"source": \{\n\t\t\t"secret"/)
    expect(texts(gathered)[PATH]).not.toContain('Z2VoZWlt')
    expect(gathered.warnings).toEqual([])
  })

  it('has neither member of an object without data', async () => {
    const entry = { configMaps: [{ name: 'void', namespaces: ['shop'] }] }
    expect(listOf(await collectFrom(certificates, entry, cluster))).toEqual([
      { source: { configMap: 'void', namespace: 'shop' } },
    ])
  })

  it('without anything asked for is an empty list', async () => {
    for (const entry of [{}, { secrets: null, configMaps: [] }])
      expect(texts(await collectFrom(certificates, entry, cluster))).toEqual({ [PATH]: '[]' })
  })

  it.each([
    ['the only namespace of the run', { namespaces: ['home'] }, 'home'],
    ['else the default one', { namespaces: ['*'], defaultNamespace: 'shop' }, 'shop'],
    ['also of several', { namespaces: ['home', 'other'], defaultNamespace: 'shop' }, 'shop'],
  ])('looks into %s when none is named', async (_, where, namespace) => {
    const gathered = await collectFrom(certificates, { secrets: [{ name: 'web-tls', namespaces: null }] }, cluster, where)
    expect(listOf(gathered)).toMatchObject([{ source: { namespace } }])
  })

  it('one that is missing or refused costs itself', async () => {
    const answers = { '/api/v1/namespaces/x/secrets/web-tls': forbidden('web-tls') }
    const entry = { secrets: [{ name: 'web-tls', namespaces: ['x', 'gone', 'shop'] }] }
    const gathered = await collectFrom(certificates, entry, { ...cluster, answers })
    expect(listOf(gathered)).toMatchObject([
      { source: { secret: 'web-tls', namespace: 'x' }, errors: ['web-tls is forbidden'] },
      { source: { secret: 'web-tls', namespace: 'gone' }, errors: ['secrets "web-tls" not found'] },
      { certificateChain: [{}, {}] },
    ])
    expect(gathered.warnings).toMatchObject([
      { code: 'CERTIFICATES_MISSING', message: 'no certificates of x/web-tls: web-tls is forbidden', isLoss: false },
      { isLoss: false },
    ])
  })

  it('are judged by the analyzer', async () => {
    const entry = { secrets: [{ name: 'web-tls', namespaces: ['home', 'gone'] }] }
    const files = texts(await collectFrom(certificates, entry, cluster))
    // the fake clock stands in January 2026, when this certificate is not valid yet
    const outcomes = [{ fail: { message: 'bad' } }, { pass: { message: 'good' } }]
    expect(run('analyzers', 'certificates', { outcomes }, files)).toMatchObject([
      { verdict: 'fail', message: 'tls.crt bad, obtained from web-tls secret within home namespace' },
    ])
  })

  it.each([
    ['an unknown key', { secret: [] }],
    ['an unknown key of a source', { secrets: [{ name: 'a', namespace: 'b' }] }],
    ['a source without a name', { configMaps: [{ namespaces: ['a'] }] }],
  ])('refuses %s', async (_, entry) => {
    expect((await issues(certificates, entry)).length).toBeGreaterThan(0)
  })
})
