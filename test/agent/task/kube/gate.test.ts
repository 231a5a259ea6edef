import { describe, expect, it } from 'vitest'
import { createGate } from '../../../../agent/task/kube/gate.ts'
import { FakeClock, settle } from '../../../support/clock.ts'

/** Asks for turns, and tells who has one. */
function crowd(gate: ReturnType<typeof createGate>) {
  const inside: string[] = []
  const enter = (name: string, signal?: AbortSignal) => gate.enter(signal).then(() => void inside.push(name))
  return { inside, enter }
}

describe('the gate', () => {
  it('lets so many in at once, others in the order in which they came', async () => {
    const gate = createGate({ clock: new FakeClock(), atOnce: 2 })
    const { inside, enter } = crowd(gate)
    for (const name of ['a', 'b', 'c', 'd']) void enter(name)
    await settle()
    expect(inside).toEqual(['a', 'b'])
    gate.leave()
    await settle()
    expect(inside).toEqual(['a', 'b', 'c'])
    gate.leave()
    gate.leave()
    await settle()
    expect(inside).toEqual(['a', 'b', 'c', 'd'])
  })

  it('forgets who gave up waiting', async () => {
    const gate = createGate({ clock: new FakeClock(), atOnce: 1 })
    const { inside, enter } = crowd(gate)
    const late = new AbortController()
    void enter('a')
    const gone = enter('b', late.signal)
    void enter('c')
    late.abort(new Error('enough'))
    await expect(gone).rejects.toThrow('enough')
    await expect(enter('d', late.signal)).rejects.toThrow('enough')
    gate.leave()
    await settle()
    expect(inside).toEqual(['a', 'c'])
  })

  it('lets so many in a second', async () => {
    const clock = new FakeClock()
    const gate = createGate({ clock, atOnce: 10, perSecond: 4 })
    const { inside, enter } = crowd(gate)
    for (const name of ['a', 'b', 'c']) void enter(name)
    await settle()
    expect(inside).toEqual(['a'])
    await clock.advance(250)
    expect(inside).toEqual(['a', 'b'])
    await clock.advance(250)
    expect(inside).toEqual(['a', 'b', 'c'])
    await clock.advance(10_000)
    void enter('d')
    await settle()
    expect(inside).toHaveLength(4)
  })

  it('gives the turn back of who gives up while it waits for its time', async () => {
    const clock = new FakeClock()
    const gate = createGate({ clock, atOnce: 1, perSecond: 1 })
    const { inside, enter } = crowd(gate)
    void enter('a')
    await settle()
    gate.leave()
    const late = new AbortController()
    const gone = enter('b', late.signal)
    await settle()
    late.abort(new Error('enough'))
    await expect(gone).rejects.toThrow('enough')
    void enter('c')
    await clock.advance(3000)
    expect(inside).toEqual(['a', 'c'])
  })
})
