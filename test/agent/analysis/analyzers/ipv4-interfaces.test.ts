import { describe, expect, it } from 'vitest'
import { condition } from '../run-analyzer.ts'

const files = { 'host-collectors/system/ipv4Interfaces.json': [{ Name: 'eth0' }, { Name: 'eth1' }] }

// Each verdict is the peer's.
describe('ipv4Interfaces', () => {
  it.each([
    ['count == 2', 'held'],
    ['count === 2', 'held'],
    ['count >= 3', 'not'],
    ['count < 3', 'held'],
    ['count > 2', 'not'],
    ['Count == 2', 'error'],
    ['count == x', 'error'],
    ['count => 2', 'error'],
    ['== 2', 'error'],
    ['interfaces == 2', 'error'],
  ])('%s: %s', (when, want) => expect(condition('hostAnalyzers', 'ipv4Interfaces', when, files)).toBe(want))

  it('reads null as none', () => {
    expect(
      condition('hostAnalyzers', 'ipv4Interfaces', 'count == 0', { 'host-collectors/system/ipv4Interfaces.json': null }),
    ).toBe('held')
  })
})
