import { describe, expect, it } from 'vitest'
import { isFailure } from '../../../core/errors.ts'
import type { ProductError } from '../../../core/errors.ts'
import { parseSchedule } from '../../../core/schedule/cron.ts'

/** The first three slots of 2026 in UTC. */
function firstSlots(schedule: string): string {
  const slots = parseSchedule(schedule, 'UTC').between(new Date('2025-12-31T23:59Z'), new Date('2100-01-01T00:00Z'), 3)
  return slots.map((slot) => slot.toISOString().slice(0, 16)).join(' ')
}

function refusal(schedule: string | string[], zone = 'UTC'): ProductError {
  try {
    parseSchedule(schedule, zone)
  } catch (error) {
    if (isFailure(error, 'SCHEDULE_INVALID')) return error
    throw error
  }
  throw new Error(`${JSON.stringify(schedule)} was taken`)
}

describe('what is taken', () => {
  it.each([
    ['* * * * *', '2026-01-01T00:00 2026-01-01T00:01 2026-01-01T00:02'],
    ['30 2 * * *', '2026-01-01T02:30 2026-01-02T02:30 2026-01-03T02:30'],
    ['  30\t2  * * * ', '2026-01-01T02:30 2026-01-02T02:30 2026-01-03T02:30'],
    ['0,30 2-3 * * *', '2026-01-01T02:00 2026-01-01T02:30 2026-01-01T03:00'],
    ['*/20 * * * *', '2026-01-01T00:00 2026-01-01T00:20 2026-01-01T00:40'],
    ['10-40/20 5 * * *', '2026-01-01T05:10 2026-01-01T05:30 2026-01-02T05:10'],
    // steps without an upper bound, as in Kubernetes
    ['0/20 * * * *', '2026-01-01T00:00 2026-01-01T00:20 2026-01-01T00:40'],
    ['5/20 * * * *', '2026-01-01T00:05 2026-01-01T00:25 2026-01-01T00:45'],
    ['59/20 * * * *', '2026-01-01T00:59 2026-01-01T01:59 2026-01-01T02:59'],
    ['0 1/8 * * *', '2026-01-01T01:00 2026-01-01T09:00 2026-01-01T17:00'],
    ['0 0 10/10 * *', '2026-01-10T00:00 2026-01-20T00:00 2026-01-30T00:00'],
    ['0 0 1 5/4 *', '2026-05-01T00:00 2026-09-01T00:00 2027-05-01T00:00'],
    ['0 0 * * MON/2', '2026-01-02T00:00 2026-01-05T00:00 2026-01-07T00:00'],
    ['0 0 * * 7/2', '2026-01-01T00:00 2026-01-03T00:00 2026-01-04T00:00'],
    ['?/20 ? ? ? ?', '2026-01-01T00:00 2026-01-01T00:20 2026-01-01T00:40'],
    // uneven, but possible: see warnings
    ['*/59 0 * * *', '2026-01-01T00:00 2026-01-01T00:59 2026-01-02T00:00'],
    ['*/60 */24 * * *', '2026-01-01T00:00 2026-01-02T00:00 2026-01-03T00:00'],
    ['007 000 * * *', '2026-01-01T00:07 2026-01-02T00:07 2026-01-03T00:07'],
    ['? ? ? ? ?', '2026-01-01T00:00 2026-01-01T00:01 2026-01-01T00:02'],
    ['1,1,*/30,31 5 * * *', '2026-01-01T05:00 2026-01-01T05:01 2026-01-01T05:30'],
    // days
    ['0 0 L * *', '2026-01-31T00:00 2026-02-28T00:00 2026-03-31T00:00'],
    ['0 0 15,L * *', '2026-01-15T00:00 2026-01-31T00:00 2026-02-15T00:00'],
    ['0 0 LW * *', '2026-01-30T00:00 2026-02-27T00:00 2026-03-31T00:00'],
    ['0 0 15W * *', '2026-01-15T00:00 2026-02-16T00:00 2026-03-16T00:00'],
    ['0 0 * * 5#2', '2026-01-09T00:00 2026-02-13T00:00 2026-03-13T00:00'],
    ['0 0 * * fri#L', '2026-01-30T00:00 2026-02-27T00:00 2026-03-27T00:00'],
    ['0 0 * * FRIL', '2026-01-30T00:00 2026-02-27T00:00 2026-03-27T00:00'],
    ['0 0 * * 7#1', '2026-01-04T00:00 2026-02-01T00:00 2026-03-01T00:00'],
    ['0 0 * * 7', '2026-01-04T00:00 2026-01-11T00:00 2026-01-18T00:00'],
    ['0 0 * * 0', '2026-01-04T00:00 2026-01-11T00:00 2026-01-18T00:00'],
    ['0 0 * * 6-7', '2026-01-03T00:00 2026-01-04T00:00 2026-01-10T00:00'],
    ['0 0 * * sat-SUN', '2026-01-03T00:00 2026-01-04T00:00 2026-01-10T00:00'],
    ['0 0 * * SUN-MON', '2026-01-04T00:00 2026-01-05T00:00 2026-01-11T00:00'],
    ['0 0 1 jan,Jul *', '2026-01-01T00:00 2026-07-01T00:00 2027-01-01T00:00'],
    ['0 0 1 NOV-DEC *', '2026-11-01T00:00 2026-12-01T00:00 2027-11-01T00:00'],
    ['0 0 29 2 *', '2028-02-29T00:00 2032-02-29T00:00 2036-02-29T00:00'],
    ['0 0 * 2 5#5', '2036-02-29T00:00 2064-02-29T00:00 2092-02-29T00:00'],
    // both day fields: either; a step and a full range do not count as "any day", a star within a list does
    ['0 0 2 * 1', '2026-01-02T00:00 2026-01-05T00:00 2026-01-12T00:00'],
    ['0 0 */2 * 1', '2026-01-01T00:00 2026-01-03T00:00 2026-01-05T00:00'],
    ['0 0 1-31 * 1', '2026-01-01T00:00 2026-01-02T00:00 2026-01-03T00:00'],
    ['0 0 2 * 0-6', '2026-01-01T00:00 2026-01-02T00:00 2026-01-03T00:00'],
    ['0 0 */1 * 1', '2026-01-05T00:00 2026-01-12T00:00 2026-01-19T00:00'],
    ['0 0 *,9 * 1', '2026-01-05T00:00 2026-01-12T00:00 2026-01-19T00:00'],
    ['0 0 2 * ?', '2026-01-02T00:00 2026-02-02T00:00 2026-03-02T00:00'],
    // macros
    ['@hourly', '2026-01-01T00:00 2026-01-01T01:00 2026-01-01T02:00'],
    ['@daily', '2026-01-01T00:00 2026-01-02T00:00 2026-01-03T00:00'],
    [' @Midnight ', '2026-01-01T00:00 2026-01-02T00:00 2026-01-03T00:00'],
    ['@weekly', '2026-01-04T00:00 2026-01-11T00:00 2026-01-18T00:00'],
    ['@monthly', '2026-01-01T00:00 2026-02-01T00:00 2026-03-01T00:00'],
    ['@yearly', '2026-01-01T00:00 2027-01-01T00:00 2028-01-01T00:00'],
    ['@annually', '2026-01-01T00:00 2027-01-01T00:00 2028-01-01T00:00'],
  ])('%j', (schedule, want) => expect(firstSlots(schedule)).toBe(want))
})

const FIVE = 'write five fields, like "0 2 * * *" for 02:00 each day: minute, hour, day of the month, month, day of the week'
const ITEMS = 'use *, a number, a range as 1-5, a step as */15, or a list of these with commas'
const RUN = 'for one run now there is: kubectl support-bundle-schedule run JOB'

describe('what is refused, why, and what to write instead', () => {
  it.each([
    // not yet
    ['@every 6h', '@every is not supported by this version', 'use 0 */6 * * *'],
    ['@every 6h0m0s', '@every is not supported by this version', 'use 0 */6 * * *'],
    ['@every 1h', '@every is not supported by this version', 'use 0 * * * *'],
    ['@every 60m', '@every is not supported by this version', 'use 0 * * * *'],
    ['@every 1m', '@every is not supported by this version', 'use * * * * *'],
    ['@every 15m', '@every is not supported by this version', 'use */15 * * * *'],
    ['@every 24h', '@every is not supported by this version', 'use 0 0 * * *'],
    ['@every 168h', '@every is not supported by this version', 'use 0 0 * * 0'],
    ['@every 90m', '@every is not supported by this version', 'use five fields, like "0 */6 * * *" for every six hours'],
    ['@every 7h', '@every is not supported by this version', 'use five fields, like "0 */6 * * *" for every six hours'],
    ['@every 1h30m', '@every is not supported by this version', 'use five fields, like "0 */6 * * *" for every six hours'],
    ['@every', '@every is not supported by this version', 'use five fields, like "0 */6 * * *" for every six hours'],
    ['H 2 * * *', 'H (a time chosen by hash) is not supported by this version', 'choose a number yourself, like "17 2 * * *"'],
    [
      '0 H(1-5) * * *',
      'H (a time chosen by hash) is not supported by this version',
      'choose a number yourself, like "17 2 * * *"',
    ],
    ['H/15 * * * *', 'H (a time chosen by hash) is not supported by this version', 'choose a number yourself, like "17 2 * * *"'],
    // never
    ['@reboot', 'a job is bound to times, not to the start of a machine', `use @daily or five fields; ${RUN}`],
    ['* * * * * *', 'it has 6 fields: seconds are not supported', 'leave out the first field: "* * * * *"'],
    ['0 0 2 * * MON-FRI', 'it has 6 fields: seconds are not supported', 'leave out the first field: "0 2 * * MON-FRI"'],
    [
      '0 0 2 * * * 2030',
      'it has 7 fields: seconds and years are not supported',
      'leave out the first field and the last: "0 2 * * *"',
    ],
    ['0 2 * * * /usr/bin/backup', 'it has 6 fields; five are needed', FIVE],
    ['* * * *', 'it has 4 fields; five are needed', FIVE],
    ['5', 'it has 1 field; five are needed', FIVE],
    [
      'TZ=Europe/Berlin 0 2 * * *',
      'the time zone does not belong into the schedule',
      'set the job\'s time zone to Europe/Berlin, and leave out "TZ="',
    ],
    [
      'CRON_TZ=UTC @daily',
      'the time zone does not belong into the schedule',
      'set the job\'s time zone to UTC, and leave out "TZ="',
    ],
    ['2030-01-01T00:00:00', 'a date is not a schedule', `name the day in fields, like "0 2 24 12 *"; ${RUN}`],
    ['2030-01-01', 'a date is not a schedule', `name the day in fields, like "0 2 24 12 *"; ${RUN}`],
    ['2030-01-01 02:00 x y z', 'a date is not a schedule', `name the day in fields, like "0 2 24 12 *"; ${RUN}`],
    ['02:30', 'a time of day is not a schedule', 'write "30 2 * * *"'],
    ['00:00 * * * *', 'it contains a ":"', FIVE],
    ['daily', 'it is a word, not five fields', 'write @daily'],
    ['constructor', 'it is a word, not five fields', FIVE],
    ['@fortnightly', '@fortnightly is not known', 'use one of @hourly @daily @midnight @weekly @monthly @yearly @annually'],
    ['@daily 5', '@daily 5 is not known', 'use one of @hourly @daily @midnight @weekly @monthly @yearly @annually'],
    ['', 'it is empty', FIVE],
    [' \t', 'it is empty', FIVE],
    ['every day at 2 am', '"every" is not a minute', ITEMS],
    ['"0 2 * * *"', 'it contains a quotation mark', 'leave out the inner quotation marks'],
    [`0 2 * * ${'1,'.repeat(600)}1`, 'it is longer than 1000 characters', FIVE],
    // never comes
    ['0 0 31 2 *', 'it never comes', 'name a day that the month has'],
    ['0 0 30 2 *', 'it never comes', 'name a day that the month has'],
    ['0 0 31 4,6,9,11 *', 'it never comes', 'name a day that the month has'],
    ['0 0 31W 2 *', 'it never comes', 'name a day that the month has'],
    // values
    ['60 * * * *', 'the minute 60 does not exist', 'use 0 to 59'],
    ['0 24 * * *', 'the hour 24 does not exist', 'use 0 to 23'],
    ['0 0 0 * *', 'the day of the month 0 does not exist', 'use 1 to 31'],
    ['0 0 32 * *', 'the day of the month 32 does not exist', 'use 1 to 31'],
    ['0 0 * 0 *', 'the month 0 does not exist', 'use 1 to 12'],
    ['0 0 * 13 *', 'the month 13 does not exist', 'use 1 to 12'],
    ['0 0 * * 8', 'the day of the week 8 does not exist', 'use 0 to 6'],
    ['0 0 * * MONDAY', '"MONDAY" is not a day of the week', 'write MON'],
    ['0 0 * january *', '"january" is not a month', 'write JAN'],
    ['0 0 * * JAN', '"JAN" is not a day of the week', ITEMS],
    ['1.5 * * * *', '"1.5" is not a minute', ITEMS],
    ['+5 * * * *', '"+5" is not a minute', ITEMS],
    // ranges
    ['0 22-2 * * *', 'the range "22-2" of the hour goes backwards', 'write 22-23,0-2'],
    ['0 0 * * FRI-MON', 'the range "FRI-MON" of the day of the week goes backwards', 'write FRI-SAT,SUN-MON'],
    ['0 0 * * 5-1', 'the range "5-1" of the day of the week goes backwards', 'write 5-6,0-1'],
    ['0 0 * * 7-2', 'the range "7-2" of the day of the week goes backwards', 'write 0-2'],
    ['0 0 1 NOV-FEB *', 'the range "NOV-FEB" of the month goes backwards', 'write NOV-DEC,JAN-FEB'],
    // steps
    ['*/0 * * * *', 'the step of "*/0" does not fit the minute', 'use a step of 1 to 60'],
    ['*/61 * * * *', 'the step of "*/61" does not fit the minute', 'use a step of 1 to 60'],
    ['0 0-23/25 * * *', 'the step of "0-23/25" does not fit the hour', 'use a step of 1 to 24'],
    ['0 0 */32 * *', 'the step of "*/32" does not fit the day of the month', 'use a step of 1 to 31'],
    // sloppy forms that other programs read, each in its own way
    ['/10 * * * *', '"/10" is not a minute', ITEMS],
    ['*/ * * * *', '"*/" is not a minute', ITEMS],
    ['*-5 * * * *', '"*-5" is not a minute', ITEMS],
    ['*5 * * * *', '"*5" is not a minute', ITEMS],
    ['** * * * *', '"**" is not a minute', ITEMS],
    ['-5 * * * *', '"-5" is not a minute', ITEMS],
    ['5- * * * *', '"5-" is not a minute', ITEMS],
    ['5-/2 * * * *', '"5-/2" is not a minute', ITEMS],
    ['1-5-7 * * * *', '"1-5-7" is not a minute', ITEMS],
    ['1/2/3 * * * *', '"1/2/3" is not a minute', ITEMS],
    ['*/-5 * * * *', '"*/-5" is not a minute', ITEMS],
    ['1,,2 * * * *', 'the minute has an empty item', 'take out the comma that is too many'],
    ['1, * * * *', 'the minute has an empty item', 'take out the comma that is too many'],
    [', * * * *', 'the minute has an empty item', 'take out the comma that is too many'],
    // days
    ['L * * * *', '"L" is not a minute', ITEMS],
    ['0 0 * * L', '"L" is not a day of the week', ITEMS],
    ['0 0 L-3 * *', '"L-3" is not a day of the month', ITEMS],
    ['0 0 L/2 * *', '"L/2" is not a day of the month', ITEMS],
    ['0 0 0W * *', '"0W" is not a day of the month', ITEMS],
    ['0 0 32W * *', '"32W" is not a day of the month', ITEMS],
    ['0 0 * * 5#6', '"5#6" is not a day of the week', ITEMS],
    ['0 0 * * 5#0', '"5#0" is not a day of the week', ITEMS],
    ['0 0 * * 8L', '"8L" is not a day of the week', ITEMS],
    ['0 0 * * 1-5#2', '"1-5#2" is not a day of the week', ITEMS],
    ['0 0 * * +FRI', '"+FRI" is not a day of the week', ITEMS],
  ])('%j: %s', (schedule, reason, remedy) => {
    const { fields } = refusal(schedule)
    expect(fields).toMatchObject({ reason, remedy })
    if (schedule.length < 80) expect(fields['schedule']).toBe(schedule.replaceAll('\t', String.raw`\u{9}`))
  })

  it('tells what croner finds wrong with the special days', () => {
    expect(refusal('0 0 LW,1 * *').fields).toMatchObject({
      reason: expect.stringMatching(/^LW can not be in a list/) as string,
      remedy: 'use L, LW, 15W, FRIL or FRI#2 each as an item of its own',
    })
  })

  it.each([
    ['0 2 * * *\n', String.raw`0 2 * * *\u{a}`, 'it contains a line break', 'give several schedules as a list'],
    [
      '0 2 * * *\r\n0 3 * * *',
      String.raw`0 2 * * *\u{d}\u{a}0 3 * * *`,
      'it contains a line break',
      'give several schedules as a list',
    ],
    ['0 2\u2028* * *', String.raw`0 2\u{2028}* * *`, 'it contains a line break', 'give several schedules as a list'],
    [
      '0 2\u00A0* * *',
      String.raw`0 2\u{a0}* * *`,
      'it contains the character U+00A0, which is not plain ASCII',
      'type it again, with ordinary spaces',
    ],
    [
      '\uFEFF0 2 * * *',
      String.raw`\u{feff}0 2 * * *`,
      'it contains the character U+FEFF, which is not plain ASCII',
      'type it again, with ordinary spaces',
    ],
    [
      '0 2 * * *\v',
      String.raw`0 2 * * *\u{b}`,
      'it contains the character U+000B, which is not plain ASCII',
      'type it again, with ordinary spaces',
    ],
    [
      '٣ 2 * * *',
      String.raw`\u{663} 2 * * *`,
      'it contains the character U+0663, which is not plain ASCII',
      'type it again, with ordinary spaces',
    ],
    [
      '😀',
      String.raw`\u{1f600}`,
      'it contains the character U+1F600, which is not plain ASCII',
      'type it again, with ordinary spaces',
    ],
  ])('%j shows what cannot be seen', (text, schedule, reason, remedy) => {
    expect(refusal(text).fields).toMatchObject({ schedule, reason, remedy })
  })

  it('shows a long text in part', () => {
    expect(refusal('x'.repeat(100_000)).message.length).toBeLessThan(250)
  })
})

describe('several lines', () => {
  it('name the one that is wrong', () => {
    expect(refusal(['0 2 * * *', '0 25 * * *']).fields).toMatchObject({ schedule: '0 25 * * *' })
  })

  it('are at least one, and not more than a hundred', () => {
    expect(refusal([]).fields).toMatchObject({ reason: 'it is empty' })
    expect(refusal(Array.from({ length: 101 }, () => '0 2 * * *')).fields).toMatchObject({ reason: 'it has 101 lines' })
    expect(
      parseSchedule(
        Array.from({ length: 100 }, () => '0 2 * * *'),
        'UTC',
      ).warnings,
    ).toEqual([])
  })

  it('are not changed, and need not be kept', () => {
    const lines = ['0 2 * * *', '0 3 * * *']
    const schedule = parseSchedule(Object.freeze(lines), 'UTC')
    expect(lines).toEqual(['0 2 * * *', '0 3 * * *'])
    expect(schedule.next(new Date('2026-01-01T02:00Z'))).toEqual(new Date('2026-01-01T03:00Z'))
  })
})

it('checks the time zone before all else', () => {
  expect(() => parseSchedule('nonsense', 'Europe/Belrin')).toThrow('did you mean "Europe/Berlin"?')
})
