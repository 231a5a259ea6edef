import { describe, expect, it } from 'vitest'
import { createGate } from '../../../agent/server/gate.ts'
import { createRecent } from '../../../agent/server/recent.ts'
import { FakeClock, settle } from '../../support/clock.ts'

const clock = () => new FakeClock('2026-03-10T00:00:00Z')

describe('a gate', () => {
  it('lets so many work at once, the others in their order, and turns away who would wait too long', async () => {
    const gate = createGate(clock(), { atOnce: 2, waiting: 2, perMinute: 100 })
    const doors = Array.from({ length: 5 }, () => Promise.withResolvers<void>())
    const begun: number[] = []
    const passing = doors.map(({ promise }, index) =>
      gate.pass(async () => {
        begun.push(index)
        await promise
        return index
      }),
    )
    await settle()
    expect(begun).toEqual([0, 1])
    expect(await passing[4], 'two wait, no third').toBeUndefined()
    doors[1]?.resolve()
    await settle()
    expect(begun).toEqual([0, 1, 2])
    for (const { resolve } of doors) resolve()
    expect(await Promise.all(passing)).toEqual([{ value: 0 }, { value: 1 }, { value: 2 }, { value: 3 }, undefined])
    expect(await gate.pass(async () => 'again')).toEqual({ value: 'again' })
  })

  it('gives a place back after a failure', async () => {
    const gate = createGate(clock(), { atOnce: 1, waiting: 1, perMinute: 100 })
    for (let turn = 0; turn < 3; turn++) await expect(gate.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await gate.pass(async () => 1)).toEqual({ value: 1 })
  })

  it('lets so many begin in a minute, and more as time goes by', async () => {
    const time = clock()
    const gate = createGate(time, { atOnce: 9, waiting: 9, perMinute: 3 })
    const some = async () => (await Promise.all([1, 2, 3, 4].map(() => gate.pass(async () => 1)))).filter(Boolean).length
    expect(await some()).toBe(3)
    expect(await some()).toBe(0)
    await time.advance(20_000)
    expect(await some()).toBe(1)
    await time.advance(3_600_000)
    expect(await some(), 'no more than a minute is saved up').toBe(3)
  })
})

describe('what is remembered', () => {
  it('is forgotten in time, and when there is too much of it', async () => {
    const time = clock()
    const recent = createRecent<number>(time, 2)
    recent.set('a', 1)
    await time.advance(1000)
    expect([recent.get('a', 1001), recent.get('a', 1000)]).toEqual([1, undefined])
    recent.set('b', 2)
    recent.set('a', 3)
    recent.set('c', 4)
    expect([recent.get('a', 9), recent.get('b', 9), recent.get('c', 9)]).toEqual([3, undefined, 4])
    recent.drop('a')
    expect(recent.get('a', 9)).toBeUndefined()
  })
})
