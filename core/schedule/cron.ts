import { Cron } from 'croner'
import { fail, isFailure, reasonOf } from '../errors.ts'
import { calendarOf } from './calendar.ts'
import type { Calendar, Days } from './calendar.ts'
import { readFields } from './fields.ts'
import type { Line, Refusal } from './fields.ts'
import { memo } from './memo.ts'
import { MACROS, refuse } from './refusals.ts'
import { checkTimeZone } from './time-zone.ts'
import { FIXED, INTERVAL } from './wall-time.ts'
import type { Rule } from './wall-time.ts'
import { warningsOf } from './warnings.ts'
import type { Warning } from './warnings.ts'

/** When a job is due. Slots are whole minutes of the zone's clocks; all answers are absolute instants. */
export interface Schedule {
  /** the first slot strictly after an instant */
  next(after: Date): Date | undefined
  /** the last slot at or before an instant */
  latest(at: Date): Date | undefined
  /** the slots in (after, upTo], oldest first, at most `max` of them */
  between(after: Date, upTo: Date, max: number): Date[]
  /** what is allowed and may surprise; for `create`, `validate` and `preview` */
  warnings: Warning[]
}

const MAX_LINES = 100
/** One croner object is 81 KiB, most of it an array of years, so few are kept. Most schedules share their days anyway. */
const CRONS_KEPT = 64
/** Answers about days, which are asked again and again: most jobs look at today. */
const DAYS_KEPT = 4_096
const DAY_MS = 86_400_000
const SHOWN_LENGTH = 80
/** Outside of these no clock is right, and croner gives up. */
const FIRST = Date.UTC(1900, 0, 1)
const LAST = Date.UTC(9000, 0, 1)
/** Where the search for a first run begins: any will do, so it is one that never changes. */
const ORIGIN = Date.UTC(2000, 0, 1) / DAY_MS

/**
 * Reads a schedule: one line or several, of which each instant counts once. A line has five fields or is a macro.
 * Throws SCHEDULE_INVALID, also for a line that never comes, and TIME_ZONE_INVALID.
 *
 * Costs a few hundred bytes; all that is large is shared and bounded, so ten thousand of them may live at once.
 */
export function parseSchedule(lines: string | readonly string[], timeZone: string): Schedule {
  checkTimeZone(timeZone)
  const texts = typeof lines === 'string' ? [lines] : lines
  if (texts.length === 0) throw invalid('', { reason: 'it is empty', remedy: 'give at least one line, like "0 2 * * *"' })
  if (texts.length > MAX_LINES) {
    throw invalid(texts[0] ?? '', {
      reason: `it has ${texts.length} lines`,
      remedy: `give at most ${MAX_LINES}, or make several jobs`,
    })
  }
  const read = texts.map((text) => readLine(text))
  const rules = read.map(({ isInterval, days, times }) => ({
    rule: isInterval ? INTERVAL : FIXED,
    calendar: calendarOf(daysOf(days), times),
  }))
  return scheduleOf(
    rules,
    timeZone,
    texts.flatMap((text, index) => warningsOf(text, read[index] as Line, timeZone)),
  )
}

function readLine(text: string): Line {
  const fields = text.split(/[ \t]+/).filter(Boolean)
  const macro = fields.length === 1 ? MACROS.get(fields[0]?.toLowerCase() ?? '') : undefined
  const refusal = macro === undefined ? refuse(text, fields) : undefined
  if (refusal) throw invalid(text, refusal)
  const line = readFields(macro?.split(' ') ?? fields)
  if ('reason' in line) throw invalid(text, line)
  if (firstDay(text, line.days) !== undefined) return line
  throw invalid(text, { reason: 'it never comes', remedy: 'name a day that the month has' })
}

function firstDay(text: string, days: string): number | undefined {
  try {
    return daysOf(days).next(ORIGIN)
  } catch (error) {
    if (isFailure(error, 'INTERNAL')) throw error
    // Only combinations of L, W and # get so far: the rest was read by readFields.
    const reason = reasonOf(error).replace(/^CronPattern: (?:Syntax error, )?/, '')
    throw invalid(text, { reason, remedy: 'use L, LW, 15W, FRIL or FRI#2 each as an item of its own' }, error)
  }
}

function invalid(text: string, { reason, remedy }: Refusal, cause?: unknown) {
  const visible = text.replaceAll(/[^ -~]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
  const schedule = visible.length > SHOWN_LENGTH ? `${visible.slice(0, SHOWN_LENGTH)}…` : visible
  return fail('SCHEDULE_INVALID', { schedule, reason, remedy }, cause)
}

interface Read {
  rule: Rule
  calendar: Calendar
}

function scheduleOf(lines: readonly Read[], zone: string, warnings: Warning[]): Schedule {
  const nextOf = ({ rule, calendar }: Read, after: number) => rule.next(calendar, zone, after) ?? Infinity
  const latestOf = ({ rule, calendar }: Read, at: number) => rule.latest(calendar, zone, at) ?? -Infinity
  const between = (after: Date, upTo: Date, max: number) => {
    const slots: Date[] = []
    const from = Math.max(after.getTime(), FIRST)
    const end = Math.min(upTo.getTime(), LAST)
    if (from >= end) return slots
    // Each line is asked again only once its slot was given, so that a hundred lines are not a hundred times as slow.
    const upcoming = lines.map((line) => nextOf(line, from))
    for (let slot = Math.min(...upcoming); slot <= end && slots.length < max; slot = Math.min(...upcoming)) {
      slots.push(new Date(slot))
      for (const [index, line] of lines.entries()) if (upcoming[index] === slot) upcoming[index] = nextOf(line, slot)
    }
    return slots
  }
  const latest = (at: Date) => {
    const upTo = Math.min(at.getTime(), LAST)
    const slot = upTo < FIRST ? -Infinity : Math.max(...lines.map((line) => latestOf(line, upTo)))
    return slot === -Infinity ? undefined : new Date(slot)
  }
  return { next: (after) => between(after, new Date(LAST), 1)[0], latest, between, warnings }
}

/**
 * croner as a calendar of days. It works at offset 0, where clocks never change, and sees no times: zones are left to
 * wall-time.ts, for croner's own rules differ from ours in places, and a few objects serve all schedules.
 */
function daysOf(fields: string): Days {
  return { next: (day) => nextDay(fields, day), latest: (day) => latestDay(fields, day) }
}

const nextDay = memo(DAYS_KEPT, (fields: string, day: number) => {
  const found = cronOf(fields).nextRun(new Date(day * DAY_MS))
  return trusted(found?.getTime(), (other) => other > day, `after day ${day} of "${fields}"`)
})

const latestDay = memo(DAYS_KEPT, (fields: string, day: number) => {
  // Both searches of croner exclude where they start from.
  const found = cronOf(fields).previousRuns(1, new Date((day + 1) * DAY_MS))[0]
  return trusted(found?.getTime(), (other) => other <= day, `up to day ${day} of "${fields}"`)
})

const cronOf = memo(CRONS_KEPT, (fields: string) => new Cron(`0 0 ${fields}`, { mode: '5-part', utcOffset: 0, paused: true }))

/** An answer that goes the wrong way would run slots twice or for ever, so it is an error and not a day. */
function trusted(found: number | undefined, isExpected: (day: number) => boolean, what: string): number | undefined {
  if (found === undefined) return undefined
  const day = found / DAY_MS
  if (Number.isInteger(day) && isExpected(day)) return day
  throw fail('INTERNAL', { reason: `croner gave ${new Date(found).toISOString()} as the day ${what}` })
}
