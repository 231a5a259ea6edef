import { describe, expect, it } from 'vitest'
import { watchTask } from '../../../agent/runner/task-life.ts'
import { FakeClock, settle } from '../../support/clock.ts'

const MIB = 2 ** 20

function start() {
  const clock = new FakeClock()
  const log: string[] = []
  const state = { resident: 10 * MIB }
  const life = watchTask(
    { kill: (signal) => void log.push(signal), closeInput: () => void log.push('end of input') },
    { memoryBytes: 100 * MIB, timeoutMs: 60_000, aliveMs: 15_000 },
    {
      clock,
      residentBytes: async () => state.resident,
      onRss: (bytes) => void (bytes > 100 * MIB && log.push(`${bytes / MIB} MiB`)),
      onForsaken: () => void log.push('dropped'),
    },
  )
  /** time in which the agent is heard */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 5_000) {
      life.heard()
      await clock.advance(Math.min(left, 5_000))
    }
  }
  return { clock, log, life, state, pass }
}

describe('a task of the runner', () => {
  it('lives as long as the agent is heard, and its time is not over', async () => {
    const { log, life, pass } = start()
    await pass(69_000)
    expect(log).toEqual([])
    await pass(2_000)
    expect(log).toEqual(['SIGKILL'])
    expect(life.how('SIGKILL')).toBe('SIGKILL, its time is over')
  })

  it('is killed when the agent is not heard any more, and the connection is dropped', async () => {
    const { clock, log, life } = start()
    await clock.advance(14_900)
    life.heard()
    await clock.advance(14_900)
    expect(log).toEqual([])
    await clock.advance(400)
    expect(log).toEqual(['SIGKILL', 'dropped'])
    expect(life.how('SIGKILL')).toBe('SIGKILL, the agent says nothing any more')
  })

  it('is not killed for words that wait to be read', async () => {
    const { clock, log, life } = start()
    await clock.advance(15_100)
    life.heard()
    await clock.advance(14_000)
    expect(log).toEqual([])
  })

  it('is killed above its memory, once that was told', async () => {
    const { clock, log, life, state } = start()
    state.resident = 101 * MIB
    await clock.advance(300)
    expect(log.slice(0, 2)).toEqual(['101 MiB', 'SIGKILL'])
    expect(life.how('SIGKILL')).toBe('SIGKILL, too much memory')
  })

  it('that is stopped has 5 s to clear up; the first reason counts', async () => {
    const { clock, log, life } = start()
    life.stop('the runner was told to stop')
    await clock.advance(4_900)
    expect(log).toEqual(['end of input'])
    await clock.advance(200)
    expect(log).toEqual(['end of input', 'SIGKILL'])
    life.end('as the agent asked')
    expect(life.how('SIGKILL')).toBe('SIGKILL, the runner was told to stop')
  })

  it('that is gone is left alone: its number may be another’s', async () => {
    const { clock, log, life } = start()
    life.over()
    life.end('as the agent asked')
    await clock.advance(100_000)
    await settle()
    expect(log).toEqual([])
    expect(life.how('exit code 0')).toBe('exit code 0')
  })
})
