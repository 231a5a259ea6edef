import { describe, expect, it } from 'vitest'
import { createAnalyzers } from '../../../agent/analysis/create-analyzers.ts'
import { defaultHostSpec } from '../../../agent/specs/default-host-spec.ts'

it('collects one computer, without a cluster', () => {
  const spec = defaultHostSpec()
  const collected = ['cpu', 'memory', 'hostOS', 'diskUsage', 'time', 'ipv4Interfaces', 'hostServices', 'kernelModules']
  expect(spec.hostCollectors.map(({ key }) => key)).toEqual(collected)
  expect(spec.hostAnalyzers.map(({ key }) => key)).toEqual(['cpu', 'memory', 'diskUsage', 'time'])
  expect([spec.collectors, spec.analyzers]).toEqual([[], []])
  expect(spec.hostCollectors.find(({ key }) => key === 'diskUsage')?.config).toEqual({ collectorName: 'root', path: '/' })
})

describe('how it judges', () => {
  const verdict = (path: string, content: object): string | undefined => {
    const analyzer = createAnalyzers(defaultHostSpec(), new Date('2026-01-01T00:00:00Z')).analyzers.find(({ wants }) =>
      wants(path),
    )
    analyzer?.file(path, new TextEncoder().encode(JSON.stringify(content)))
    return analyzer?.finish()[0]?.verdict
  }
  const system = 'host-collectors/system'
  const disk = 'host-collectors/diskUsage/root.json'

  it.each([
    [`${system}/cpu.json`, { logicalCount: 1, physicalCount: 1 }, 'warn'],
    [`${system}/cpu.json`, { logicalCount: 2, physicalCount: 1 }, 'pass'],
    [`${system}/memory.json`, { total: 2 ** 30 - 1 }, 'warn'],
    [`${system}/memory.json`, { total: 2 ** 30 }, 'pass'],
    [disk, { total_bytes: 100, used_bytes: 80 }, 'pass'],
    [disk, { total_bytes: 100, used_bytes: 81 }, 'warn'],
    [disk, { total_bytes: 100, used_bytes: 95 }, 'warn'],
    [disk, { total_bytes: 100, used_bytes: 96 }, 'fail'],
    [`${system}/time.json`, { ntp_synchronized: true, ntp_active: false }, 'pass'],
    [`${system}/time.json`, { ntp_synchronized: false, ntp_active: true }, 'warn'],
    [`${system}/time.json`, { ntp_synchronized: false, ntp_active: false }, 'warn'],
  ])('%s %j: %s', (path, content, want) => expect(verdict(path, content)).toBe(want))
})
