import { describe, expect, it } from 'vitest'
import { createCapacity } from '../../../agent/scheduler/capacity.ts'

describe('capacity', () => {
  it('gives as many places as there are, and each back once', () => {
    const freed: (readonly string[])[] = []
    const capacity = createCapacity(
      () => 2,
      (waiting) => freed.push(waiting),
    )
    const first = capacity.take('a')
    expect(capacity.take('a')).toBeDefined()
    expect(capacity.take('a')).toBeUndefined()
    first?.()
    first?.()
    expect(freed).toEqual([['a']])
    expect(capacity.take('a')).toBeDefined()
    expect(capacity.take('a')).toBeUndefined()
  })

  it('lets no namespace take the next place while one with less waits', () => {
    const capacity = createCapacity(
      () => 2,
      () => undefined,
    )
    const first = capacity.take('busy')
    capacity.take('busy')
    expect(capacity.take('quiet')).toBeUndefined()
    first?.()
    expect(capacity.take('busy')).toBeUndefined()
    expect(capacity.take('quiet')).toBeDefined()
  })

  it('forgets a namespace that waits no longer', () => {
    const capacity = createCapacity(
      () => 2,
      () => undefined,
    )
    const first = capacity.take('busy')
    capacity.take('busy')
    capacity.take('quiet')
    capacity.rest('quiet')
    first?.()
    expect(capacity.take('busy')).toBeDefined()
  })
})
