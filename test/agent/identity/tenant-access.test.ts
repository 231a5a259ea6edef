import { describe, expect, it } from 'vitest'
import { type TenantPolicy, tenantAccess } from '../../../agent/identity/tenant-access.ts'
import { AgentConfig } from '../../../agent/config.ts'
import { COLLECTOR_ACCOUNT } from '../../../core/names.ts'
import type { ProductError } from '../../../core/errors.ts'
import { readJob } from '../../../core/job.ts'
import { allowUploadsWith } from '../../cluster/tenants.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const cluster = await useCluster()
const access = (namespace: string, policy: Partial<TenantPolicy> = {}) =>
  tenantAccess(cluster.admin, namespace, AgentConfig.parse(policy), () => undefined)
const spec = (collect: object = {}) => {
  const { spec: found } = readJob({ apiVersion: 'support-bundle-schedule.io/v1', schedule: '@daily', collect })
  if (!found) throw new Error('no spec')
  return found
}

describe.skipIf(cluster.skipped)('what the agent may do in a namespace', () => {
  it('is to keep its records there, and nowhere else', async () => {
    const [own, other] = [await cluster.newTenant(), await cluster.newTenant()]
    const { store } = access(own)
    const text = 'apiVersion: support-bundle-schedule.io/v1'
    await store.create({ kind: 'job', namespace: own, name: 'a' }, { text })
    expect((await store.get({ kind: 'job', namespace: own, name: 'a' }))?.text).toBe(text)
    await expect(store.create({ kind: 'job', namespace: other, name: 'a' }, { text })).rejects.toMatchObject({
      code: 'STORE_FORBIDDEN',
    })
  })

  it('is to read the Secrets that it was given by name, and no others', async () => {
    const namespace = await cluster.newTenant()
    const path = `/api/v1/namespaces/${namespace}/secrets`
    for (const name of ['keys', 'other'])
      await cluster.admin.json({ method: 'POST', path, body: { metadata: { name }, stringData: { a: 'value' } } })
    await allowUploadsWith(cluster.admin, namespace, 'keys')
    const { outside } = access(namespace)
    await expect.poll(() => outside.secret('keys').catch(String)).toEqual({ a: 'value' })
    await expect(outside.secret('other')).rejects.toMatchObject({
      code: 'UPLOAD_FAILED',
      remedy: expect.stringContaining(`install namespace ${namespace}`),
    })
    await cluster.admin.json({ method: 'DELETE', path: `${path}/keys` })
    await expect(outside.secret('keys')).rejects.toMatchObject({ remedy: expect.stringContaining('kubectl create secret') })
  })

  it('is to read specs of its ConfigMaps, and of the Secrets that it was given', async () => {
    const namespace = await cluster.newTenant()
    const make = (plural: string, body: object) =>
      cluster.admin.json({ method: 'POST', path: `/api/v1/namespaces/${namespace}/${plural}`, body })
    await make('configmaps', { metadata: { name: 'vendor' }, data: { a: 'spec' } })
    for (const name of ['keys', 'other']) await make('secrets', { metadata: { name }, stringData: { a: 'secret spec' } })
    await allowUploadsWith(cluster.admin, namespace, 'keys')
    const { outside } = access(namespace)
    await expect.poll(() => outside.specSource({ kind: 'Secret', name: 'keys', key: 'a' }).catch(String)).toBe('secret spec')
    expect(await outside.specSource({ kind: 'ConfigMap', name: 'vendor', key: 'a' })).toBe('spec')
    const refused = (kind: 'ConfigMap' | 'Secret', name: string, key = 'a') =>
      outside.specSource({ kind, name, key }).catch(({ code, message, remedy }: ProductError) => [code, message, remedy])
    const source = (kind: string, name: string, key = 'a') => `the spec in ${kind} ${namespace}/${name}, key "${key}",`
    expect(await refused('Secret', 'other')).toEqual([
      'SPEC_SOURCE',
      `${source('Secret', 'other')} cannot be read: it may not be read`,
      expect.stringContaining('get secrets "other"'),
    ])
    expect(await refused('ConfigMap', 'none')).toEqual([
      'SPEC_SOURCE',
      `${source('ConfigMap', 'none')} cannot be read: there is no ConfigMap of this name`,
      expect.stringContaining('collect.specs'),
    ])
    expect(await refused('ConfigMap', 'vendor', 'toString')).toEqual([
      'SPEC_SOURCE',
      `${source('ConfigMap', 'vendor', 'toString')} cannot be read: there is no such key`,
      'use one of its keys: a',
    ])
  })

  it('is to read the key of its redaction tokens, if there is one', async () => {
    const namespace = await cluster.newTenant()
    const { outside } = access(namespace)
    await expect.poll(() => outside.tokenKey?.()).toBeUndefined()
    const path = `/api/v1/namespaces/${namespace}/secrets`
    const secret = (key: string) => ({
      metadata: { name: 'support-bundle-schedule-token-key' },
      stringData: { 'token.key': key },
    })
    const { metadata } = secret('')
    await cluster.admin.json({ method: 'POST', path, body: secret('ab'.repeat(32)) })
    expect(await outside.tokenKey?.()).toBe('ab'.repeat(32))
    await cluster.admin.json({ method: 'PUT', path: `${path}/${metadata.name}`, body: secret('no key') })
    expect(await outside.tokenKey?.()).toBeUndefined()
    expect(
      await access(await cluster.newNamespace())
        .outside.tokenKey?.()
        .catch(() => 'nobody there'),
    ).toBe('nobody there')
  })

  it('hands tasks a token of the collecting account alone', async () => {
    const namespace = await cluster.newTenant()
    const handed = await access(namespace).outside.cluster(spec())
    expect(handed?.request.namespaces).toEqual([namespace])
    expect((await access(namespace).outside.cluster(spec({ namespaces: ['*'] })))?.request.namespaces).toEqual(['*'])
    const [, payload = ''] = (handed?.request.connection.credential.authorization ?? '').split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string; exp: number; iat: number }
    expect(claims.sub).toBe(`system:serviceaccount:${namespace}:${COLLECTOR_ACCOUNT}`)
    expect(claims.exp - claims.iat).toBe(600)
    expect(handed?.request.connection.headers).toEqual({})
    expect(handed?.request.connection.credential).not.toHaveProperty('cert')
  })
})

describe.skipIf(cluster.skipped)('what no job changes', () => {
  it('is where its specs may come from', () => {
    expect(access('a').outside.specUrls()).toEqual([])
    expect(access('a', { specUrls: ['https://a.example/'] }).outside.specUrls()).toEqual(['https://a.example/'])
  })

  it('is where uploads may connect to, by namespace', () => {
    const networks = [
      { allow: ['10.1.0.0/16'], namespaces: ['a'] },
      { allow: ['10.2.0.1'], namespaces: [] },
    ]
    const network = (namespace: string) => access(namespace, { clusterRanges: ['10.0.0.0/8'], networks }).outside.network()
    expect(network('a')).toEqual({ refused: ['10.0.0.0/8'], allowed: ['10.1.0.0/16', '10.2.0.1'] })
    expect(network('b')).toEqual({ refused: ['10.0.0.0/8'], allowed: ['10.2.0.1'] })
  })

  it.each<[string[], string, boolean]>([
    [[], 's3', true],
    [[], 'mine', true],
    [[], 'local', false],
    [['s3'], 's3', true],
    [['s3'], 'mine', false],
    [['local'], 'local', true],
  ])('is what to upload with: of %j, %s: %s', (uploaders, name, isAllowed) => {
    const refusal = access('a', { uploaders }).outside.refusesUploader(name)
    expect(refusal?.code).toBe(isAllowed ? undefined : 'UPLOADER_REFUSED')
  })
})
