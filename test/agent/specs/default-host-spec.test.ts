import { expect, it } from 'vitest'
import { defaultHostSpec } from '../../../agent/specs/default-host-spec.ts'

it('collects and judges one computer, without a cluster', () => {
  const spec = defaultHostSpec()
  expect(spec.hostCollectors.map(({ key }) => key)).toEqual([
    'cpu',
    'memory',
    'hostOS',
    'diskUsage',
    'time',
    'ipv4Interfaces',
    'hostServices',
    'kernelModules',
  ])
  expect(spec.hostAnalyzers.map(({ key }) => key)).toEqual(['cpu', 'memory', 'diskUsage', 'time'])
  expect([spec.collectors, spec.analyzers]).toEqual([[], []])
  expect(spec.hostCollectors.find(({ key }) => key === 'diskUsage')?.config).toEqual({ collectorName: 'root', path: '/' })
})
