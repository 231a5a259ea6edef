import type * as Croner from 'croner'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { isFailure } from '../../../core/errors.ts'
import { parseSchedule } from '../../../core/schedule/cron.ts'

/** What croner is made to answer, and how many of its objects were made. */
const croner = vi.hoisted(() => ({ made: 0, next: undefined as Date | undefined, previous: undefined as Date | undefined }))
vi.mock('croner', async (original) => {
  const { Cron } = await original<typeof Croner>()
  class Counted extends Cron {
    constructor(...args: ConstructorParameters<typeof Cron<undefined>>) {
      super(...args)
      croner.made++
    }
    override nextRun(from: Date) {
      return croner.next ?? super.nextRun(from)
    }
    override previousRuns(count: number, from: Date) {
      return croner.previous ? [croner.previous] : super.previousRuns(count, from)
    }
  }
  return { Cron: Counted }
})

beforeEach(() => Object.assign(croner, { made: 0, next: undefined, previous: undefined }))

describe('answers of croner that cannot be', () => {
  const at = (text: string) => new Date(`2026-${text}Z`)
  it.each([
    ['the day asked from', 'next', at('05-01T00:00:00')],
    ['an earlier day', 'next', at('04-01T00:00:00')],
    ['no midnight', 'next', at('05-03T00:00:01')],
    ['a later day', 'previous', at('05-03T00:00:00')],
    ['no midnight', 'previous', at('04-30T23:00:00')],
  ] as const)('%s as %s is refused and told', (_, which, answer) => {
    // Each case has days of its own: good answers are remembered.
    const day = (answer.getTime() / 1_000) % 7
    const schedule = parseSchedule(`30 2 * * ${day},${which === 'next' ? 1 : 2},4#${(answer.getUTCDate() % 4) + 1}`, 'UTC')
    croner[which] = answer
    const ask = () => (which === 'next' ? schedule.next(at('05-02T12:00:00')) : schedule.latest(at('05-02T12:00:00')))
    let error: unknown
    try {
      ask()
    } catch (thrown) {
      error = thrown
    }
    expect(isFailure(error, 'INTERNAL')).toBe(true)
    expect(String(error)).toContain(`croner gave ${answer.toISOString()} as the day`)
    croner[which] = undefined
    expect(ask()).toBeInstanceOf(Date)
  })
})

it('a wrong answer is no fault of who wrote the schedule', () => {
  croner.next = new Date('1999-01-01T00:00Z')
  expect(() => parseSchedule('0 0 17 3 5', 'UTC')).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
})

describe('croner objects, of 81 KiB each', () => {
  it('are shared by schedules with the same days, in whatever zone and spelling', () => {
    const zones = ['UTC', 'Europe/Berlin', 'Asia/Kolkata']
    for (let index = 0; index < 10_000; index++) {
      const [minute, hour] = [index % 60, Math.floor(index / 60) % 24]
      const days = ['1-5', 'MON-FRI', '1,2,3,4,5'][index % 3]
      const schedule = parseSchedule(`${minute} ${hour} * 3 ${days}`, zones[index % 3] ?? 'UTC')
      expect(schedule.next(new Date('2026-01-01T00:00Z'))).toBeDefined()
    }
    expect(croner.made).toBe(1)
  })

  it('are made anew instead of kept, when there are many', () => {
    const schedules = Array.from({ length: 365 }, (_, index) =>
      parseSchedule(`0 0 ${(index % 28) + 1} ${(Math.floor(index / 28) % 12) + 1} ${index % 7}`, 'UTC'),
    )
    const first = croner.made
    for (const schedule of schedules) schedule.latest(new Date('2026-01-01T00:00Z'))
    expect(first).toBeGreaterThan(300)
    expect(croner.made - first).toBeGreaterThan(300)
  })
})
