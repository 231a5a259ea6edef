import { describe, expect, it } from 'vitest'
import { resourcePath, withQuery } from '../../../core/kube/path.ts'

describe('resourcePath', () => {
  it.each([
    [{ version: 'v1', plural: 'nodes' }, '/api/v1/nodes'],
    [
      { group: '', version: 'v1', plural: 'pods', namespace: 'n', name: 'p', subresource: 'log' },
      '/api/v1/namespaces/n/pods/p/log',
    ],
    [{ group: 'apps', version: 'v1', plural: 'deployments', namespace: 'n' }, '/apis/apps/v1/namespaces/n/deployments'],
    [{ group: 'a.b', version: 'v1', plural: 'x', name: 'system:a/b?c#d%' }, '/apis/a.b/v1/x/system%3Aa%2Fb%3Fc%23d%25'],
  ])('%o', (resource, want) => {
    expect(resourcePath(resource)).toBe(want)
  })

  it.each(['', '.', '..'])('refuses the part %j, which would reach another path', (name) => {
    expect(() => resourcePath({ version: 'v1', plural: 'pods', namespace: 'n', name })).toThrow(TypeError)
  })
})

describe('withQuery', () => {
  it.each([
    ['/x', undefined, '/x'],
    ['/x', { a: undefined }, '/x'],
    ['/x', { a: 0, b: false, c: '' }, '/x?a=0&b=false&c='],
    ['/x?a=1', { b: 'ä =&' }, '/x?a=1&b=%C3%A4%20%3D%26'],
  ])('%j with %o', (path, query, want) => {
    expect(withQuery(path, query)).toBe(want)
  })
})
