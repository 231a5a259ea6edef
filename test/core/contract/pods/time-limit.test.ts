import { expect, it } from 'vitest'
import { timeLimit } from '../../../../core/contract/pods/index.ts'
import { FakeClock } from '../../../support/clock.ts'

it('fires after its time, and says that it was the time', async () => {
  const clock = new FakeClock()
  const limit = timeLimit({ clock, signal: new AbortController().signal }, 1000)
  await clock.advance(999)
  expect([limit.signal.aborted, limit.isOver()]).toEqual([false, false])
  await clock.advance(1)
  expect([limit.signal.reason, limit.isOver()]).toEqual([new Error('timeout'), true])
})

it('fires with the run, which is not the time, even when that comes as well', async () => {
  const clock = new FakeClock()
  const run = new AbortController()
  const limit = timeLimit({ clock, signal: run.signal }, 1000)
  run.abort(new Error('cancelled'))
  expect([limit.signal.reason, limit.isOver()]).toEqual([new Error('cancelled'), false])
  await clock.advance(1000)
  expect(limit.isOver()).toBe(false)
})

it('leaves nothing behind once it is stopped, and there is none without a time', async () => {
  const clock = new FakeClock()
  const { signal } = new AbortController()
  const limit = timeLimit({ clock, signal }, 1000)
  timeLimit({ clock, signal }, 0)
  expect(clock.sleeping).toBe(1)
  limit.stop()
  await clock.advance(2000)
  expect([clock.sleeping, limit.signal.aborted, limit.isOver()]).toEqual([0, false, false])
})
