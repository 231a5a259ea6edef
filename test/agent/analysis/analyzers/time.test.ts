import { describe, expect, it } from 'vitest'
import { condition } from '../run-analyzer.ts'

const files = { 'host-collectors/system/time.json': { timezone: 'UTC', ntp_synchronized: true, ntp_active: false } }

// Each verdict is the peer's.
describe('time', () => {
  it.each([
    ['timezone == UTC', 'held'],
    ['timezone = UTC', 'held'],
    ['timezone === UTC', 'held'],
    ['timezone != UTC', 'not'],
    ['timezone == CET', 'not'],
    ['timezone <> UTC', 'error'],
    ['Timezone == UTC', 'error'],
    ['ntp == synchronized+inactive', 'held'],
    ['ntp == synchronized+active', 'not'],
    ['ntp = unsynchronized+inactive', 'not'],
    ['ntp != synchronized+active', 'error'],
    ['ntp == foo', 'error'],
    ['ntp == synchronized + inactive', 'error'],
    ['zone == x', 'error'],
    ['ntp ==', 'error'],
  ])('%s: %s', (when, want) => expect(condition('hostAnalyzers', 'time', when, files)).toBe(want))

  it.each([
    [true, true, 'synchronized+active'],
    [true, false, 'synchronized+inactive'],
    [false, true, 'unsynchronized+active'],
    [false, false, 'unsynchronized+inactive'],
  ])('synchronized %s, active %s', (ntp_synchronized, ntp_active, state) => {
    const given = { 'host-collectors/system/time.json': { ntp_synchronized, ntp_active } }
    expect(condition('hostAnalyzers', 'time', `ntp == ${state}`, given)).toBe('held')
  })

  it('takes what is missing for false', () => {
    expect(condition('hostAnalyzers', 'time', 'ntp == unsynchronized+inactive', { 'host-collectors/system/time.json': {} })).toBe(
      'held',
    )
  })
})
