import fc from 'fast-check'
import { expect, it } from 'vitest'
import { itemNamespace } from '../../../../agent/task/kube/item-namespace.ts'

const read = (value: unknown) => itemNamespace(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))

it.each([
  ['a built-in kind', { metadata: { name: 'a', namespace: 'b' } }, 'b'],
  ['a kind of the whole cluster', { metadata: { name: 'a', labels: { namespace: 'b' } }, spec: { namespace: 'c' } }, undefined],
  [
    'a custom kind',
    {
      apiVersion: 'x/v1',
      kind: 'K',
      metadata: { annotations: { namespace: 'x', metadata: 'y' }, managedFields: [{ namespace: 'z' }], namespace: 'b' },
    },
    'b',
  ],
  [
    'one with a field of that name before',
    { a: { metadata: { namespace: 'x' } }, b: 'metadata', metadata: { namespace: 'b' } },
    'b',
  ],
  ['one without metadata', { spec: { metadata: { namespace: 'x' } } }, undefined],
  ['a namespace that is no text', { metadata: { namespace: null } }, undefined],
  ['escapes', { metadata: { name: '\\"namespace":"x', namespace: 'a"b' } }, 'a"b'],
  ['white space', '{ "metadata" : { "namespace" : "b" } }', 'b'],
  ['nothing', '{}', undefined],
  ['half an object', '{"metadata":{"namesp', undefined],
])('%s', (_, value, wanted) => {
  expect(read(value)).toBe(wanted)
})

it('finds what JSON.parse finds', () => {
  const metadata = fc.dictionary(fc.constantFrom('name', 'namespace', 'labels', '__x'), fc.oneof(fc.string(), fc.jsonValue()))
  const object = fc.record({ metadata }, { requiredKeys: [] }).chain((one) => fc.jsonValue().map((spec) => ({ spec, ...one })))
  fc.assert(
    fc.property(object, (value) => {
      const text = JSON.stringify(value)
      const { metadata: found } = JSON.parse(text) as { metadata?: { namespace?: unknown } }
      expect(read(text)).toBe(typeof found?.namespace === 'string' ? found.namespace : undefined)
    }),
  )
})
