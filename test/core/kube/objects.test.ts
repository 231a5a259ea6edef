import { describe, expect, it } from 'vitest'
import { applyObject, createObject, deleteObject, getObject, mergePatch, replaceObject } from '../../../core/kube/objects.ts'
import { resourcePath } from '../../../core/kube/path.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const cluster = await useCluster()

describe.skipIf(cluster.skipped)('objects of a real API server', () => {
  const thrown = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no error',
      (error: unknown) => error,
    )
  const path = (namespace: string, name?: string) => resourcePath({ version: 'v1', plural: 'configmaps', namespace, name })
  const aConfigMap = (name: string, data: Record<string, string> = {}, metadata: object = {}) => ({
    metadata: { name, ...metadata },
    data,
  })

  it('are created once, and read as they were sent', async () => {
    const namespace = await cluster.newNamespace()
    const data = { 'a.yaml': 'x: "1"\nü: ✓\u0000\n', empty: '' }
    const created = await createObject(cluster.admin, path(namespace), aConfigMap('x', data))
    expect(created.metadata).toMatchObject({ name: 'x', namespace })
    const got = await getObject(cluster.admin, path(namespace, 'x'))
    expect(got?.json['data']).toEqual(data)
    expect(JSON.parse(got?.text ?? '')).toEqual(got?.json)
    const again = await thrown(createObject(cluster.admin, path(namespace), aConfigMap('x')))
    expect(again).toMatchObject({
      status: 409,
      reason: 'AlreadyExists',
      code: 'API_CONFLICT',
      details: { name: 'x', kind: 'configmaps' },
    })
    expect(await getObject(cluster.admin, path(namespace, 'y'))).toBeUndefined()
  })

  it('are replaced only by who knows their state', async () => {
    const namespace = await cluster.newNamespace()
    const first = await createObject(cluster.admin, path(namespace), aConfigMap('x', { a: '1' }))
    const { resourceVersion } = first.metadata
    const second = await replaceObject(cluster.admin, path(namespace, 'x'), aConfigMap('x', { a: '2' }, { resourceVersion }))
    expect(second.json['data']).toEqual({ a: '2' })
    const stale = await thrown(
      replaceObject(cluster.admin, path(namespace, 'x'), aConfigMap('x', { a: '3' }, { resourceVersion })),
    )
    expect(stale).toMatchObject({ status: 409, reason: 'Conflict' })
    expect((await getObject(cluster.admin, path(namespace, 'x')))?.json['data']).toEqual({ a: '2' })
  })

  it('are patched, with and without a guard', async () => {
    const namespace = await cluster.newNamespace()
    const first = await createObject(cluster.admin, path(namespace), aConfigMap('x', { a: '1', b: '2' }))
    const patched = await mergePatch(cluster.admin, path(namespace, 'x'), { data: { a: null, c: '3' } })
    expect(patched.json['data']).toEqual({ b: '2', c: '3' })
    const { resourceVersion } = first.metadata
    const stale = await thrown(
      mergePatch(cluster.admin, path(namespace, 'x'), { metadata: { resourceVersion }, data: { d: '4' } }),
    )
    expect(stale).toMatchObject({ status: 409, reason: 'Conflict' })
  })

  it('are applied by several owners', async () => {
    const namespace = await cluster.newNamespace()
    const applied = (fieldManager: string, data: object, force?: boolean) =>
      applyObject(
        cluster.admin,
        path(namespace, 'x'),
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data },
        { fieldManager, ...(force ? { force } : {}) },
      )
    await applied('one', { a: '1', b: '1' })
    await applied('two', { c: '2' })
    expect((await applied('one', { a: '1' })).json['data']).toEqual({ a: '1', c: '2' })
    expect(await thrown(applied('two', { a: '2' }))).toMatchObject({
      status: 409,
      reason: 'Conflict',
      details: { causes: [{ reason: 'FieldManagerConflict' }] },
    })
    expect((await applied('two', { a: '2' }, true)).json['data']).toEqual({ a: '2' })
  })

  it('are deleted only if they are the ones that were meant', async () => {
    const namespace = await cluster.newNamespace()
    const { uid } = (await createObject(cluster.admin, path(namespace), aConfigMap('x'))).metadata
    const other = await thrown(
      deleteObject(cluster.admin, path(namespace, 'x'), { preconditions: { uid: 'f0000000-0000-0000-0000-000000000000' } }),
    )
    expect(other).toMatchObject({ status: 409, reason: 'Conflict' })
    const stale = await thrown(
      deleteObject(cluster.admin, path(namespace, 'x'), { preconditions: { uid, resourceVersion: '1' } }),
    )
    expect(stale).toMatchObject({ status: 409 })
    expect(await deleteObject(cluster.admin, path(namespace, 'x'), { preconditions: { uid } })).toBe(true)
    expect(await deleteObject(cluster.admin, path(namespace, 'x'))).toBe(false)
  })

  it("are refused with the server's own words: quota, terminating namespace, invalid fields, rights", async () => {
    const namespace = await cluster.newNamespace()
    await createObject(cluster.admin, resourcePath({ version: 'v1', plural: 'resourcequotas', namespace }), {
      metadata: { name: 'q' },
      spec: { hard: { 'count/configmaps': '0' } },
    })
    expect(await thrown(createObject(cluster.admin, path(namespace), { metadata: { name: 'UPPER' } }))).toMatchObject({
      status: 422,
      reason: 'Invalid',
      code: 'API_INVALID',
      details: { causes: [{ field: 'metadata.name' }] },
    })
    const carol = await thrown(createObject(cluster.client('carol'), path(namespace), aConfigMap('x')))
    expect(carol).toMatchObject({
      status: 403,
      reason: 'Forbidden',
      code: 'API_FORBIDDEN',
      exitCode: 5,
      said: expect.stringContaining('User "carol" cannot create resource "configmaps"') as string,
    })

    await deleteObject(cluster.admin, resourcePath({ version: 'v1', plural: 'namespaces', name: namespace }))
    const late = await thrown(createObject(cluster.admin, path(namespace), aConfigMap('x')))
    expect(late).toMatchObject({ status: 403, details: { causes: [{ reason: 'NamespaceTerminating' }] } })
  })
})
