import { describe, expect, it } from 'vitest'
import { readSpecs } from '../../../agent/task/read-specs.ts'
import { spec } from '../../support/task.ts'

const keys = (specs: unknown[], hasCluster: boolean) => {
  const { collectors, hostCollectors } = readSpecs(specs, hasCluster).spec
  return { cluster: collectors.map(({ key }) => key), host: hostCollectors.map(({ key }) => key) }
}

describe('a run without a spec', () => {
  it('looks at the machine when there is no cluster', () => {
    const { cluster, host } = keys([], false)
    expect(cluster).toEqual([])
    expect(host).toContain('memory')
  })

  it('looks at the cluster alone when there is one, with logs of the namespaces', () => {
    expect(keys([], true)).toEqual({ cluster: ['clusterResources', 'logs', 'clusterInfo'], host: [] })
  })
})

describe('a run with a spec', () => {
  const data = { data: { name: 'a', data: 'b' } }

  it('has what every bundle of a cluster has, when there is one', () => {
    expect(keys([spec({ collectors: [data] })], true).cluster).toEqual(['clusterResources', 'data', 'clusterInfo'])
    expect(keys([spec({ collectors: [data] })], false).cluster).toEqual(['data'])
  })

  it('has it not when it looks at the machine alone, or has an entry of its own', () => {
    expect(keys([spec({ hostCollectors: [{ cpu: {} }] })], true).cluster).toEqual([])
    const { spec: merged } = readSpecs([spec({ collectors: [{ clusterResources: { exclude: true } }] })], true)
    expect(merged.collectors.map(({ key, isExcluded }) => [key, isExcluded])).toEqual([
      ['clusterResources', true],
      ['clusterInfo', false],
    ])
  })
})
