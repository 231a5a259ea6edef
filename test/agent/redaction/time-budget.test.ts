import { describe, expect, it } from 'vitest'
import { createTimeBudget } from '../../../agent/redaction/time-budget.ts'

const endless = () => {
  for (;;);
}
const failed = (ms: number) =>
  expect.objectContaining({
    code: 'REDACTION_FAILED',
    message: expect.stringMatching(new RegExp(`more than ${ms} ms on a part of a\\.log`)),
  })

describe('the time of patterns', () => {
  it('is halved each time that it was used up, to a floor', () => {
    const budget = createTimeBudget(150)
    for (const ms of [150, 75, 50, 50]) expect(() => budget.spend('a.log', endless)).toThrowError(failed(ms))
  })

  it('does not touch work that ends, and hands on what it throws', () => {
    const budget = createTimeBudget()
    let done = false
    budget.spend('a.log', () => void (done = true))
    expect(done).toBe(true)
    const error = new TypeError('oops')
    const broken = () => {
      throw error
    }
    expect(() => budget.spend('a.log', broken)).toThrowError(error)
  })
})
