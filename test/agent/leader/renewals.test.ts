import { describe, expect, it } from 'vitest'
import { createRenewals } from '../../../agent/leader/renewals.ts'
import { FakeClock } from '../../support/clock.ts'

describe('renewals of leadership', () => {
  it('are told at once with what is left, and at each renewal, until nobody wants to hear of them', async () => {
    const clock = new FakeClock('2026-03-10T00:00:00Z')
    const renewals = createRenewals(clock)
    const heard: number[] = []
    renewals.renewed(20_000)
    await clock.advance(5_000)
    const stop = renewals.subscribe((forMs) => void heard.push(forMs))
    renewals.renewed(20_000)
    stop()
    renewals.renewed(20_000)
    expect(heard).toEqual([15_000, 20_000])
  })

  it('that are over leave no time', async () => {
    const clock = new FakeClock('2026-03-10T00:00:00Z')
    const renewals = createRenewals(clock)
    const heard: number[] = []
    renewals.subscribe((forMs) => void heard.push(forMs))
    renewals.renewed(20_000)
    await clock.advance(30_000)
    renewals.subscribe((forMs) => void heard.push(forMs))
    expect(heard).toEqual([0, 20_000, 0])
  })
})
