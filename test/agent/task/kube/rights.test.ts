import { describe, expect, it } from 'vitest'
import { checkAccess, checkPath, readPath } from '../../../../agent/task/kube/rights.ts'

const pods = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }

describe('what a path means', () => {
  it.each([
    ['/api/v1/pods', { group: '', resource: 'pods', verb: 'list' }],
    ['/api/v1/namespaces/a/pods', { group: '', resource: 'pods', verb: 'list' }],
    ['/api/v1/namespaces/a/pods/b', { group: '', resource: 'pods', verb: 'get' }],
    ['/api/v1/namespaces/a/pods/b/log', { group: '', resource: 'pods/log', verb: 'get' }],
    ['/api/v1/namespaces', { group: '', resource: 'namespaces', verb: 'list' }],
    ['/api/v1/namespaces/a', { group: '', resource: 'namespaces', verb: 'get' }],
    ['/api/v1/namespaces/a/status', { group: '', resource: 'namespaces/status', verb: 'get' }],
    ['/api/v1/nodes/n/proxy/stats/summary', { group: '', resource: 'nodes/proxy', verb: 'get' }],
    ['/apis/apps/v1/deployments', { group: 'apps', resource: 'deployments', verb: 'list' }],
    ['/apis/apps/v1/namespaces/a/deployments/b/scale', { group: 'apps', resource: 'deployments/scale', verb: 'get' }],
  ])('%s', (path, wanted) => {
    expect(readPath(path)).toEqual(wanted)
  })

  it.each([
    '/metrics',
    '/api',
    '/apis/apps',
    '/logs/x',
    '',
    'api/v1/pods',
    '/api/v1/pods/../secrets',
    '/api/v1//secrets',
    '/api/v1/pods?x',
    '/api/v1/pods%2f..',
    '/api/v1/a\\b',
  ])('%j is no kind', (path) => {
    expect(readPath(path)).toBeUndefined()
  })
})

describe('a manifest', () => {
  const refusal = expect.objectContaining({ code: 'COLLECTOR_PERMISSION' }) as Error

  it.each([
    ['/api/v1/namespaces/a/pods', [pods]],
    ['/api/v1/namespaces/a/pods/b', [pods]],
    ['/apis/example.com/v1/widgets', [{ apiGroups: ['*'], resources: ['*'], verbs: ['list'] }]],
    ['/metrics', [{ apiGroups: [], resources: [], verbs: ['get'], nonResourceURLs: ['/metrics'] }]],
    ['/version', []],
    ['/api', []],
    ['/apis/apps/v1', []],
  ])('allows %s', (path, permissions) => {
    expect(() => checkPath(permissions, 'x', path)).not.toThrow()
  })

  it.each([
    ['/api/v1/namespaces/a/secrets/b', [pods]],
    ['/api/v1/namespaces/a/pods/b/log', [pods]],
    ['/apis/metrics.k8s.io/v1/pods', [pods]],
    ['/api/v1/pods/../secrets', [pods]],
    ['/metrics', [pods]],
    ['/apis/example.com/v1/widgets/a', [{ apiGroups: ['*'], resources: ['*'], verbs: ['list'] }]],
  ])('does not allow %s', (path, permissions) => {
    expect(() => checkPath(permissions, 'x', path)).toThrow(refusal)
  })

  it('is named in the refusal, and what it lacks', () => {
    const access = { group: 'apps', resource: 'deployments', verb: 'list' }
    expect(() => checkAccess([pods], 'mine', access)).toThrow('collector "mine" asked to list deployments.apps')
  })
})
