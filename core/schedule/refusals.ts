import { PROGRAM } from '../errors.ts'
import type { Refusal } from './fields.ts'

/** What stands for five fields. */
export const MACROS: ReadonlyMap<string, string> = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
])
/** Longer ones are no schedules, and would only cost time. */
const MAX_LENGTH = 1_000
const FIVE = 'write five fields, like "0 2 * * *" for 02:00 each day: minute, hour, day of the month, month, day of the week'

/** What could be a field of seconds, years or any other, unlike the command of a crontab line. */
const FIELD_LIKE = /^(?:[\d*?,/#LW-]|[a-z]{3}(?![a-z]))+$/i

interface Known {
  pattern: RegExp
  reason(match: RegExpExecArray): string
  remedy(match: RegExpExecArray): string
}

/** Things that people write where a schedule belongs. The first that fits is told; the order matters. */
const KNOWN: readonly Known[] = [
  { pattern: /^[ \t]*$/, reason: () => 'it is empty', remedy: () => FIVE },
  {
    pattern: new RegExp(`^.{${MAX_LENGTH + 1}}`),
    reason: () => `it is longer than ${MAX_LENGTH} characters`,
    remedy: () => FIVE,
  },
  {
    pattern: /[\r\n\u0085\u2028\u2029]/,
    reason: () => 'it contains a line break',
    remedy: () => 'give several schedules as a list',
  },
  {
    pattern: /[^\t -~]/u,
    reason: ([character]) => `it contains the character U+${codeOf(character)}, which is not plain ASCII`,
    remedy: () => 'type it again, with ordinary spaces',
  },
  { pattern: /["'`]/, reason: () => 'it contains a quotation mark', remedy: () => 'leave out the inner quotation marks' },
  {
    pattern: /^\s*(?:CRON_)?TZ=(\S*)/i,
    reason: () => 'the time zone does not belong into the schedule',
    remedy: ([, zone]) => `set the job's time zone${zone ? ` to ${zone}` : ''}, and leave out "TZ="`,
  },
  {
    pattern: /^\s*@every\b\s*(?:(\d+)([hm])(?:0[ms])*\s*$)?/i,
    reason: () => '@every is not supported by this version',
    remedy: ([, count, unit]) => insteadOfEvery(Number(count), unit),
  },
  {
    pattern: /^\s*@reboot\b/i,
    reason: () => 'a job is bound to times, not to the start of a machine',
    remedy: () => `use @daily or five fields; for one run now there is: ${PROGRAM} run JOB`,
  },
  {
    pattern: /^\s*@(.*)/,
    reason: ([whole]) => `${whole.trim()} is not known`,
    remedy: () => `use one of ${[...MACROS.keys()].join(' ')}`,
  },
  {
    pattern: /\bH\b/i,
    reason: () => 'H (a time chosen by hash) is not supported by this version',
    remedy: () => 'choose a number yourself, like "17 2 * * *"',
  },
  {
    pattern: /\d{4}-\d\d(?:-(\d\d))?/,
    reason: () => 'a date is not a schedule',
    remedy: () => `name the day in fields, like "0 2 24 12 *"; for one run now there is: ${PROGRAM} run JOB`,
  },
  {
    pattern: /^\s*(\d\d?):(\d\d)(?::00)?\s*$/,
    reason: () => 'a time of day is not a schedule',
    remedy: ([, hour, minute]) => `write "${Number(minute)} ${Number(hour)} * * *"`,
  },
  { pattern: /:/, reason: () => 'it contains a ":"', remedy: () => FIVE },
  {
    pattern: /^\s*([a-z]+)\s*$/i,
    reason: () => 'it is a word, not five fields',
    remedy: ([, word]) => (MACROS.has(`@${word?.toLowerCase()}`) ? `write @${word?.toLowerCase()}` : FIVE),
  },
]

/** Says why a line can't be a schedule of five fields, or undefined when it has five fields. */
export function refuse(line: string, fields: readonly string[]): Refusal | undefined {
  for (const known of KNOWN) {
    const match = known.pattern.exec(line)
    if (match) return { reason: known.reason(match), remedy: known.remedy(match) }
  }
  if (fields.length === 5) return undefined
  return miscounted(fields)
}

function miscounted(fields: readonly string[]): Refusal {
  const areFields = fields.every((field) => FIELD_LIKE.test(field))
  const hasYear = fields.length === 7
  if (areFields && (fields.length === 6 || hasYear)) {
    return {
      reason: `it has ${fields.length} fields: seconds ${hasYear ? 'and years ' : ''}are not supported`,
      remedy: `leave out the first field${hasYear ? ' and the last' : ''}: "${fields.slice(1, 6).join(' ')}"`,
    }
  }
  return { reason: `it has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}; five are needed`, remedy: FIVE }
}

/** The nearest thing that five fields can say; it counts from the full hour or midnight, @every from the job's start. */
function insteadOfEvery(count: number, unit: string | undefined): string {
  const isHours = unit?.toLowerCase() === 'h'
  const minutes = isHours ? count * 60 : count
  if (minutes >= 1 && minutes < 60 && 60 % minutes === 0) return `use ${minutes === 1 ? '*' : `*/${minutes}`} * * * *`
  const hours = minutes / 60
  if (hours === 1) return 'use 0 * * * *'
  if (Number.isInteger(hours) && hours > 1 && hours < 24 && 24 % hours === 0) return `use 0 */${hours} * * *`
  if (hours === 24) return 'use 0 0 * * *'
  if (hours === 168) return 'use 0 0 * * 0'
  return 'use five fields, like "0 */6 * * *" for every six hours'
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
}
