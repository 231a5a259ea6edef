import { describe, expect, it } from 'vitest'
import { byPriority, customKind, customResources } from '../../../collectors/cluster-resources/custom-resources.ts'
import type { Kind } from '../../../collectors/cluster-resources/kinds.ts'
import type { Kube, RawList, RawObject } from '../../../core/contract/index.ts'
import { collectorContext, fakeKube } from '../../../core/testkit/index.ts'
import { payments } from '../clusters.ts'

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

  it.each([
    [true, ['example.com/v2', 'example.com/v1']],
    [false, ['example.com/v2']],
  ])('names that in which objects are stored second, when it is served: %s', (served, apis) => {
    const list = [{ name: 'v1', served, storage: true }, ...versions('v2')]
    expect(customKind(definition({ versions: list }))).toMatchObject({ apis })
  })

  it('passes over a kind that is not served', () => {
    expect(customKind(definition({ versions: [{ name: 'v1', served: false }] }))).toBeUndefined()
  })
})

async function all<Item>(source: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of source) items.push(item)
  return items
}

describe('a custom kind', () => {
  const widgets = { name: 'widgets.example.com', kind: 'Widget', plural: 'widgets', isNamespaced: true }
  const failing = Object.assign(new Error('conversion webhook failed'), { code: 'API_UNAVAILABLE', class: 'retryable' })
  const item = (namespace: string, size = 1) => {
    const json = { metadata: { name: 'w', namespace }, filler: 'x'.repeat(size) }
    return { json, text: JSON.stringify(json), bytes: Buffer.from(JSON.stringify(json)) }
  }
  const part = (namespace: string, ...items: RawObject[]): RawList => ({ namespace, resourceVersion: '1', items })

  /** What the collector yields when its lists give this, call by call, with the versions that were listed. */
  async function outputsOf(kind: Kind, lists: ((RawList | Error)[] | undefined)[], names?: string[]) {
    const versions: string[] = []
    const kube: Kube = {
      ...fakeKube(payments),
      async *list({ version }) {
        const parts = lists[versions.push(version) - 1] ?? []
        for (const one of parts) {
          if (one instanceof Error) throw one
          yield one
        }
      },
    }
    const context = collectorContext({ config: {}, kube })
    const outputs = await all(customResources(context, [kind], names, undefined))
    return { outputs, versions }
  }
  const both: Kind = { ...widgets, apis: ['example.com/v2', 'example.com/v1'] }

  it.each<[string, (RawList | Error)[]]>([
    ['fails', [failing]],
    ['fails in one namespace of many', [part('a'), { ...part('b'), failure: failing }, part('c', item('c'))]],
    ['is not there any more', [Object.assign(new Error('gone'), { code: 'API_NOT_FOUND', class: 'config' })]],
  ])('is listed as it is stored when its newest version %s', async (_, first) => {
    const { outputs, versions } = await outputsOf(both, [first, [part('b', item('b'))]], ['a', 'b', 'c'])
    expect(versions).toEqual(['v2', 'v1'])
    expect(outputs).toMatchObject([
      { path: 'cluster-resources/custom-resources/widgets.example.com/b.json' },
      { type: 'warning', code: 'CUSTOM_KIND_VERSION' },
    ])
  })

  it.each<[string, Kind, (RawList | Error)[]]>([
    ['has one version only', { ...both, apis: ['example.com/v2'] }, [failing]],
    ['fails in its middle', both, [part('a', item('a')), part('b', item('b')), failing]],
    ['may not be listed', both, [Object.assign(new Error('no'), { code: 'API_FORBIDDEN', class: 'permission' })]],
  ])('is an error when it %s', async (_, kind, first) => {
    const { outputs, versions } = await outputsOf(kind, [first])
    expect(versions).toEqual(['v2'])
    expect(outputs.slice(-2)).toMatchObject([
      { path: 'cluster-resources/custom-resources/custom-resources-errors.json' },
      { code: 'CLUSTER_LIST_MISSING' },
    ])
  })

  it('that is too large to be held is listed again in the version that worked, and says what came of that', async () => {
    const large = [part('a', item('a', 17 * 2 ** 20))]
    const { outputs, versions } = await outputsOf(both, [[failing], large, [part('a', item('a')), failing]])
    const [file] = outputs
    if (file?.type !== 'file' || typeof file.body !== 'function') throw new Error('a body that is read later is wanted')
    await expect(all(file.body())).rejects.toBe(failing)
    expect(versions).toEqual(['v2', 'v1', 'v1'])
    expect(file.instead?.('it broke')).toMatchObject({
      path: 'cluster-resources/custom-resources/custom-resources-errors.json',
      body: expect.stringContaining('"widgets.example.com/a": "it broke"') as string,
    })
  })
})
