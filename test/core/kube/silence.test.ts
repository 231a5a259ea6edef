import { describe, expect, it } from 'vitest'
import { watchSilence } from '../../../core/kube/silence.ts'
import { FakeClock } from '../../support/clock.ts'

function watched(limitMs = 100) {
  const clock = new FakeClock()
  const fired: number[] = []
  return { clock, fired, silence: watchSilence(clock, limitMs, (limit) => fired.push(limit)) }
}

describe('silence', () => {
  it('is noticed once, at its limit', async () => {
    const { clock, fired } = watched()
    await clock.advance(99)
    expect(fired).toEqual([])
    await clock.advance(1_000)
    expect(fired).toEqual([100])
  })

  it('begins anew with each piece, and may get another limit', async () => {
    const { clock, fired, silence } = watched()
    await clock.advance(80)
    silence.expect()
    await clock.advance(80)
    silence.expect(500)
    await clock.advance(499)
    expect(fired).toEqual([])
    await clock.advance(2)
    expect(fired).toEqual([500])
  })

  it('is noticed at a limit that got shorter', async () => {
    const { clock, fired, silence } = watched(15_000)
    await clock.advance(50)
    silence.expect(100)
    await clock.advance(99)
    expect(fired).toEqual([])
    await clock.advance(1)
    expect(fired).toEqual([100])
  })

  it('does not count while nothing is awaited', async () => {
    const { clock, fired, silence } = watched()
    silence.rest()
    await clock.advance(10_000)
    silence.expect()
    await clock.advance(99)
    expect(fired).toEqual([])
    await clock.advance(101)
    expect(fired).toEqual([100])
  })

  it('is nothing after stop', async () => {
    const { clock, fired, silence } = watched()
    silence.stop()
    await clock.advance(1_000)
    expect(fired).toEqual([])
  })
})
