import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../core/schedule/cron.ts'

const warn = (schedule: string | string[], zone = 'Europe/Berlin') => parseSchedule(schedule, zone).warnings

describe('uneven steps', () => {
  it.each([
    ['*/59 * * * *', '"*/59" is uneven: the minute goes from 59 to 0, which is 1 apart, not 59'],
    ['*/45 * * * *', '"*/45" is uneven: the minute goes from 45 to 0, which is 15 apart, not 45'],
    ['20/15 * * * *', '"20/15" is uneven: the minute goes from 50 to 20, which is 30 apart, not 15'],
    ['0 */5 * * *', '"*/5" is uneven: the hour goes from 20 to 0, which is 4 apart, not 5'],
    ['0 0 */2 * *', '"*/2" is uneven: the day of the month starts again at 1 in each month'],
    ['0 0 1 */5 *', '"*/5" is uneven: the month goes from 11 to 1, which is 2 apart, not 5'],
    ['0 0 * * */2', '"*/2" is uneven: the day of the week goes from 6 to 0, which is 1 apart, not 2'],
  ])('%s', (schedule, message) => {
    expect(warn(schedule)).toEqual([{ code: 'STEP_UNEVEN', message: `schedule "${schedule}": ${message}` }])
  })

  it.each([
    '*/15 * * * *',
    '5/15 * * * *',
    '*/60 * * * *',
    '*/1 * * * *',
    '0 */6 * * *',
    '0 0 1 */3 *',
    '0-59/7 * * * *',
    '0 0 1-31/2 * *',
  ])('%s is even, or bounded on purpose', (schedule) => expect(warn(schedule)).toEqual([]))
})

describe('intervals in chosen hours, where clocks change', () => {
  const forward = 'does not run on the day they go forward'
  const back = 'runs twice as often on the day they go back'
  it.each([
    ['*/15 2 * * *', 'Europe/Berlin', `it ${forward}, and ${back}; write "0,15,30,45 2 * * *" to`],
    ['*/15 2 * * 1-5', 'America/New_York', `it ${forward}; write "0,15,30,45 2 * * 1-5" to`],
    ['*/15 1 * * *', 'America/New_York', `it ${back}; write "0,15,30,45 1 * * *" to`],
    ['* 2 * * *', 'Europe/Berlin', `it ${forward}, and ${back}; write "0-59 2 * * *" to`],
    ['*/30 23 * * *', 'America/Nuuk', `it ${forward}, and ${back}; write "0,30 23 * * *" to`],
    ['*/15 0 * * *', 'Africa/Cairo', `it ${forward}; write "0,15,30,45 0 * * *" to`],
    [' */60\t*/24 * * *', 'Africa/Cairo', `it ${forward}; write "0 0 * * *" to`],
  ])('%s in %s', (schedule, zone, part) => {
    const [warning, ...others] = warn(schedule, zone)
    expect(others).toEqual([])
    expect(warning?.code).toBe('INTERVAL_AT_CLOCK_CHANGE')
    expect(warning?.message).toContain(
      `schedule "${schedule}" is an interval, which follows real time when the clocks of ${zone} change: `,
    )
    expect(warning?.message).toContain(part)
  })

  it.each([
    ['*/15 2 * * *', 'UTC'],
    ['*/15 2 * * *', 'Asia/Kolkata'],
    // São Paulo's clocks have not changed since 2019
    ['*/15 0 * * *', 'America/Sao_Paulo'],
    ['*/15 3 * * *', 'Europe/Berlin'],
    ['*/15 2,14 * * *', 'Europe/Berlin'],
    ['*/15 * * * *', 'Europe/Berlin'],
    ['30 2 * * *', 'Europe/Berlin'],
    ['0-59/15 2 * * *', 'Europe/Berlin'],
    ['*/15 2 * * *', 'Australia/Lord_Howe'],
  ])('nothing for %s in %s', (schedule, zone) => expect(warn(schedule, zone)).toEqual([]))

  it('come for each line', () => {
    expect(warn(['*/59 2 * * *', '0 2 * * *', '*/15 2 * * *']).map(({ code }) => code)).toEqual([
      'STEP_UNEVEN',
      'INTERVAL_AT_CLOCK_CHANGE',
      'INTERVAL_AT_CLOCK_CHANGE',
    ])
  })
})
