import { describe, expect, it } from 'vitest'
import { readAhead } from '../../../../agent/task/kube/read-ahead.ts'
import { settle } from '../../../support/clock.ts'

const MIB = 2 ** 20

/** A source that counts what was taken from it, and a client that tells when it waits. */
function source(count: number, end?: Error, bytes = 4 * MIB) {
  const state = { taken: 0, pauses: 0, stopped: 0, closed: false }
  async function* values() {
    try {
      while (state.taken < count) yield ++state.taken
      if (end) throw end
    } finally {
      state.closed = true
    }
  }
  const client = { pauseFor: async (other: Promise<unknown>) => (state.pauses++, void (await other)) }
  return {
    state,
    values: readAhead(
      values(),
      client,
      () => void state.stopped++,
      () => bytes,
    ),
  }
}

async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const taken: Value[] = []
  for await (const value of values) taken.push(value)
  return taken
}

describe('reading ahead', () => {
  it('gives all, in order', async () => {
    const { values, state } = source(50)
    expect(await all(values)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    expect(state).toMatchObject({ closed: true, stopped: 0 })
  })

  it('reads two beyond the one worked on, and waits without a turn', async () => {
    const { values, state } = source(50)
    await values.next()
    await settle()
    expect(state.taken).toBe(3)
    expect(state.pauses).toBeGreaterThan(0)
    await values.next()
    await settle()
    expect(state.taken).toBe(4)
  })

  it('reads more of what is small', async () => {
    const { values, state } = source(50, undefined, MIB / 16)
    await values.next()
    await settle()
    expect(state.taken).toBe(1 + 8)
    await values.next()
    await settle()
    expect(state.taken).toBe(2 + 8)
  })

  it('reads nothing before it is asked', async () => {
    const { state } = source(50)
    await settle()
    expect(state.taken).toBe(0)
  })

  it('gives what came before an error, then the error', async () => {
    const { values } = source(2, new Error('broken'))
    expect([await values.next(), await values.next()]).toMatchObject([{ value: 1 }, { value: 2 }])
    await expect(values.next()).rejects.toThrow('broken')
  })

  it('ends the source when its reader leaves', async () => {
    const { values, state } = source(50)
    await values.next()
    await values.return(undefined)
    await settle()
    expect(state).toMatchObject({ stopped: 1, closed: true })
  })
})
