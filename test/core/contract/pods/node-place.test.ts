import { describe, expect, it } from 'vitest'
import { isMeantFor, nodePlace, placedOn } from '../../../../core/contract/pods/index.ts'

const node = { name: 'node-a', labels: { disk: 'ssd', size: '8' }, isReady: true }
const required = (...nodeSelectorTerms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
})
const expression = (key: string, operator: string, ...values: string[]) => ({ matchExpressions: [{ key, operator, values }] })

it.each<[string, object, boolean]>([
  ['anything', {}, true],
  ['its name', { nodeName: 'node-a' }, true],
  ['another name', { nodeName: 'node-b' }, false],
  ['its labels', { nodeSelector: { disk: 'ssd' } }, true],
  ['other labels', { nodeSelector: { disk: 'ssd', size: '9' } }, false],
  ['a value', required(expression('disk', 'In', 'ssd', 'hdd')), true],
  ['no such value', required(expression('disk', 'In', 'hdd')), false],
  ['another value', required(expression('disk', 'NotIn', 'hdd')), true],
  ['not this value', required(expression('disk', 'NotIn', 'ssd')), false],
  ['a label', required(expression('disk', 'Exists')), true],
  ['no label', required(expression('disk', 'DoesNotExist')), false],
  ['more', required(expression('size', 'Gt', '7')), true],
  ['still more', required(expression('size', 'Gt', '8')), false],
  ['less', required(expression('size', 'Lt', '9')), true],
  ['something that is not known', required(expression('size', 'About', '8')), false],
  ['one of several', required(expression('disk', 'In', 'hdd'), expression('size', 'Exists')), true],
  ['the name as a field', required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-b'] }] }), false],
])('a pod that wants %s', (_, spec, isMeant) => {
  expect(isMeantFor({ ...spec }, node)).toBe(isMeant)
})

describe('a pod for one node', () => {
  const here = { key: 'metadata.name', operator: 'In', values: ['node-a'] }
  it('goes there and nowhere else, whatever keeps others off', () => {
    expect(placedOn({ a: 1, nodeName: 'node-b', tolerations: [] }, node)).toEqual({
      a: 1,
      ...required({ matchFields: [here] }),
      tolerations: [{ operator: 'Exists' }],
    })
  })

  it('keeps what it wants besides', () => {
    const wanted = required(expression('disk', 'Exists'), { matchFields: [{ key: 'x', operator: 'In', values: [] }] })
    expect(placedOn({ affinity: { ...wanted.affinity, podAffinity: {} } }, node)['affinity']).toEqual({
      podAffinity: {},
      ...required(
        { ...expression('disk', 'Exists'), matchFields: [here] },
        { matchFields: [{ key: 'x', operator: 'In', values: [] }, here] },
      ).affinity,
    })
  })
})

it('a node is ready when it says so', () => {
  const place = (conditions?: object[]) => nodePlace({ metadata: { name: 'n' }, status: conditions ? { conditions } : {} })
  expect(place([{ type: 'Ready', status: 'True' }])).toEqual({ name: 'n', labels: {}, isReady: true })
  expect(
    place([
      { type: 'Ready', status: 'Unknown' },
      { type: 'Other', status: 'True' },
    ]).isReady,
  ).toBe(false)
  expect(place().isReady).toBe(false)
})
