import type { Calendar } from './calendar.ts'
import { firstTransition, lastTransition, offsetAt, transitionsBetween } from './zone-offsets.ts'

/**
 * How wall-clock readings become instants on the days when clocks change. The calendar knows readings only; all that is
 * special about a zone is here, so a pattern means the same in every zone. `after`, `at` and answers: ms since the epoch.
 */
export interface Rule {
  next(calendar: Calendar, zone: string, after: number): number | undefined
  latest(calendar: Calendar, zone: string, at: number): number | undefined
}

const DAY_MS = 86_400_000
/** No two readings of one instant, and no change of a clock, are further apart. */
const WIDEST_MS = 2 * DAY_MS

/**
 * Fixed times: once for each local day and entry.
 *
 * A reading is due when the clock first shows it or, if it is skipped, something later: that gives the first pass of
 * a repeated hour, and the end of a gap for all that fell into it, also where the gap ends on the next day. So slots
 * are found by the furthest reading shown so far, which never goes back although clocks do.
 */
export const FIXED: Rule = {
  next(calendar, zone, after) {
    for (let reading = calendar.next(furthest(zone, after)); reading !== undefined; reading = calendar.next(reading)) {
      const at = dueAt(zone, reading)
      if (at !== undefined) return at
    }
    return undefined
  },
  latest(calendar, zone, at) {
    for (let reading = calendar.latest(furthest(zone, at)); reading !== undefined; reading = calendar.latest(reading - 1)) {
      const due = dueAt(zone, reading)
      if (due !== undefined) return due
    }
    return undefined
  },
}

/**
 * Interval patterns follow real time: nothing in a gap, both passes of a repeated hour. So each stretch of one offset
 * is searched for itself, in the order of instants.
 */
export const INTERVAL: Rule = {
  next(calendar, zone, after) {
    for (let from = after + 1; ;) {
      const offset = offsetAt(zone, from)
      const reading = calendar.next(from + offset - 1)
      if (reading === undefined) return undefined
      const change = firstTransition(zone, from, reading - offset)
      if (!change) return reading - offset
      from = change.at
    }
  },
  latest(calendar, zone, at) {
    for (let upTo = at; ;) {
      const offset = offsetAt(zone, upTo)
      const reading = calendar.latest(upTo + offset)
      if (reading === undefined) return undefined
      const change = lastTransition(zone, reading - offset, upTo)
      if (!change) return reading - offset
      upTo = change.at - 1
    }
  },
}

/** The furthest reading that the zone's clocks have shown up to an instant. */
function furthest(zone: string, at: number): number {
  const shownBefore = transitionsBetween(zone, at - WIDEST_MS, at).map((change) => change.at + change.before - 1)
  return Math.max(at + offsetAt(zone, at), ...shownBefore)
}

/** The first instant that shows the reading or a later one; undefined when the reading's whole day does not exist. */
function dueAt(zone: string, reading: number): number | undefined {
  const at = firstShowing(zone, reading)
  const shown = at + offsetAt(zone, at)
  if (shown === reading) return at
  // In a gap. Samoa's 30 December 2011 has no instant, so it has no run; Saturday 23:30 in Nuuk moves to Sunday 00:00.
  const shownBefore = at - 1 + offsetAt(zone, at - 1)
  return [shown, shownBefore].some((other) => dayOf(other) === dayOf(reading)) ? at : undefined
}

function firstShowing(zone: string, reading: number): number {
  let from = reading - WIDEST_MS
  for (const change of transitionsBetween(zone, from, reading + WIDEST_MS)) {
    const at = Math.max(from, reading - change.before)
    if (at < change.at) return at
    from = change.at
  }
  return Math.max(from, reading - offsetAt(zone, from))
}

function dayOf(reading: number): number {
  return Math.floor(reading / DAY_MS)
}
