import { describe, expect, it } from 'vitest'
import { byPriority, customKind } from '../../../collectors/cluster-resources/custom-resources.ts'

const definition = (spec: object) => {
  const json = {
    metadata: { name: 'widgets.example.com' },
    spec: { group: 'example.com', names: { plural: 'widgets', kind: 'Widget' }, ...spec },
  }
  return { json, text: JSON.stringify(json) }
}
const versions = (...names: string[]) => names.map((name) => ({ name, served: true }))

describe('which version of a custom kind is listed', () => {
  it('sorts as Kubernetes does', () => {
    const sorted = ['foo10', 'v1alpha1', 'v2', 'v10', 'v1beta2', 'v11beta1', 'foo1', 'v1', 'v1beta1', 'v12alpha1'].toSorted(
      byPriority,
    )
    expect(sorted).toEqual(['v10', 'v2', 'v1', 'v11beta1', 'v1beta2', 'v1beta1', 'v12alpha1', 'v1alpha1', 'foo1', 'foo10'])
  })

  it.each([
    ['the newest', versions('v1beta1', 'v2', 'v1'), 'example.com/v2'],
    [
      'only one that is served',
      [
        { name: 'v2', served: false },
        { name: 'v1', served: true },
      ],
      'example.com/v1',
    ],
  ])('takes %s', (_, list, api) => {
    expect(customKind(definition({ scope: 'Namespaced', versions: list }))).toEqual({
      name: 'widgets.example.com',
      kind: 'Widget',
      plural: 'widgets',
      apis: [api],
      isNamespaced: true,
    })
  })

  it('knows definitions of v1beta1 that name one version, and kinds of the whole cluster', () => {
    expect(customKind(definition({ scope: 'Cluster', version: 'v1' }))).toMatchObject({
      apis: ['example.com/v1'],
      isNamespaced: false,
    })
  })

  it('passes over a kind that is not served', () => {
    expect(customKind(definition({ versions: [{ name: 'v1', served: false }] }))).toBeUndefined()
  })
})
