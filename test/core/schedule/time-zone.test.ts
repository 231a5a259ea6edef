import { describe, expect, it } from 'vitest'
import { isFailure } from '../../../core/errors.ts'
import { checkTimeZone } from '../../../core/schedule/time-zone.ts'

function refusal(zone: string): string | undefined {
  try {
    checkTimeZone(zone)
    return undefined
  } catch (error) {
    if (isFailure(error, 'TIME_ZONE_INVALID')) return error.message
    throw error
  }
}

describe('time zones', () => {
  it.each([
    'UTC',
    'Europe/Berlin',
    // names that Intl.supportedValuesOf does not give
    'Asia/Kolkata',
    'Europe/Kyiv',
    'America/Nuuk',
    'Asia/Kathmandu',
    // old names stay valid
    'Asia/Calcutta',
    'Europe/Kiev',
    'US/Eastern',
    'Etc/UTC',
    'Etc/GMT+5',
    'America/Argentina/Buenos_Aires',
    'America/Argentina/ComodRivadavia',
    'America/Port-au-Prince',
    'America/North_Dakota/New_Salem',
    'Antarctica/DumontDUrville',
    'Africa/Dar_es_Salaam',
  ])('%s is one', (zone) => expect(refusal(zone)).toBeUndefined())

  it('takes every zone that Intl lists with an area', () => {
    const refused = Intl.supportedValuesOf('timeZone').filter((zone) => zone.includes('/') && refusal(zone) !== undefined)
    expect(refused).toEqual([])
  })

  it.each([
    ['', ': it is empty'],
    ['   ', ': it is empty'],
    ['Berlin', '; did you mean "Europe/Berlin"?'],
    ['europe/berlin', '; did you mean "Europe/Berlin"?'],
    ['EUROPE/BERLIN', '; did you mean "Europe/Berlin"?'],
    ['Europe/berlin', '; did you mean "Europe/Berlin"?'],
    ['Europe/BERLIN', '; did you mean "Europe/Berlin"?'],
    ['Europe/Belrin', '; did you mean "Europe/Berlin"?'],
    ['Europe/Berlin ', '; did you mean "Europe/Berlin", without spaces?'],
    ['America/NewYork', '; did you mean "America/New_York"?'],
    ['America/New York', '; did you mean "America/New_York"?'],
    ['new york', '; did you mean "America/New_York"?'],
    ['Europe/New_York', '; did you mean "America/New_York"?'],
    ['Kolkata', '; did you mean "Asia/Kolkata"?'],
    ['Europe/Keiv', '; did you mean "Europe/Kyiv"?'],
    ['utc', '; did you mean "UTC"?'],
    ['GMT', '; did you mean "UTC"?'],
    ['Z', '; did you mean "UTC"?'],
    ['EST', '; did you mean "America/New_York"?'],
    ['CET', '; did you mean "Europe/Berlin"?'],
    ['+02:00', ': an offset does not follow summer time, so name a city of the zone'],
    ['UTC+2', ': an offset does not follow summer time, so name a city of the zone'],
    ['Local', ': the zone of the machine is never used, so name it'],
    ['Mars/Phobos', ''],
    ['Etc/Unknown', ''],
    ['posix/Europe/Berlin', '; did you mean "Europe/Berlin"?'],
    ['../Europe/Berlin', '; did you mean "Europe/Berlin"?'],
    ['constructor', ''],
    ['Europe/Berlin\n', '; did you mean "Europe/Berlin", without spaces?'],
  ])('%j is none%s', (zone, hint) => expect(refusal(zone)).toBe(`time zone "${zone}" is unknown${hint}`))

  it('does not repeat a long text', () => {
    expect(refusal('x'.repeat(100_000))?.length).toBeLessThan(200)
  })
})
