import { expect, it } from 'vitest'
import { Backoff } from '../../../core/kube/backoff.ts'

const waits = (random: number, count: number, backoff = new Backoff(() => random)) =>
  Array.from({ length: count }, () => Math.round(backoff.next()))

it('doubles up to its most, between half and the whole of each step', () => {
  expect(waits(0, 9)).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  expect(waits(1, 9)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
})

it('begins anew after a reset', () => {
  const backoff = new Backoff(() => 0)
  waits(0, 5, backoff)
  backoff.reset()
  expect(backoff.next()).toBe(50)
})

it('never waits less than it is told', () => {
  const backoff = new Backoff(() => 1)
  expect(backoff.next(2_000)).toBe(2_500)
  expect(backoff.next(10)).toBe(200)
})
