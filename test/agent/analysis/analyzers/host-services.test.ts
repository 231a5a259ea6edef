import { describe, expect, it } from 'vitest'
import { condition } from '../run-analyzer.ts'

const services = [
  { Unit: 'ufw.service', Load: 'loaded', Active: 'active', Sub: 'exited' },
  { Unit: 'sshd.service', Load: 'loaded', Active: 'inactive', Sub: 'dead' },
]
const files = { 'host-collectors/system/systemctl_services.json': services }

// Each verdict is the peer's.
describe('hostServices', () => {
  it.each([
    ['ufw.service = active', 'held'],
    ['ufw.service == active', 'held'],
    ['ufw.service != active', 'not'],
    ['ufw = active', 'held'],
    ['u = active', 'held'],
    ['service = active', 'not'],
    ['ufw = active,exited', 'held'],
    ['ufw = active,running', 'not'],
    ['ufw = *,exited', 'held'],
    ['ufw = ,exited', 'held'],
    ['ufw = active,exited,loaded', 'held'],
    ['ufw = active,exited,loaded,more', 'held'],
    ['ufw = active,*,masked', 'not'],
    ['ufw != active,exited,masked', 'held'],
    ['ufw <> active,exited,loaded', 'not'],
    ['ufw != *,*,*', 'not'],
    ['ufw = *', 'held'],
    ['sshd = inactive', 'held'],
    ['sshd.service = active', 'not'],
    ['nope = active', 'not'],
    ['nope != active', 'not'],
    ['ufw > active', 'error'],
    ['ufw active', 'error'],
  ])('%s: %s', (when, want) => expect(condition('hostAnalyzers', 'hostServices', when, files)).toBe(want))

  it('reads null as none', () => {
    expect(
      condition('hostAnalyzers', 'hostServices', 'ufw = *', { 'host-collectors/system/systemctl_services.json': null }),
    ).toBe('not')
  })
})
