/** Which days a schedule has. A day is its number since 1970-01-01, in no zone. */
export interface Days {
  /** the first one after a day */
  next(day: number): number | undefined
  /** the last one at or before a day */
  latest(day: number): number | undefined
}

/** When a schedule is due, in readings of a wall clock. A reading is kept as the number that Date.UTC gives for it. */
export interface Calendar {
  /** the first one after a reading */
  next(reading: number): number | undefined
  /** the last one at or before a reading */
  latest(reading: number): number | undefined
}

/** The times of each of those days: all hours with all minutes, both sorted and not empty. */
export interface Times {
  hours: readonly number[]
  minutes: readonly number[]
}

const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440

/** Puts days and times together. No reading is special here: that clocks change is left to wall-time.ts. */
export function calendarOf(days: Days, times: Times): Calendar {
  return {
    next(reading) {
      const from = Math.floor(reading / MINUTE_MS) + 1
      const today = Math.floor(from / DAY_MINUTES)
      let day = days.next(today - 1)
      if (day === today) {
        const time = firstTime(times, from - today * DAY_MINUTES)
        if (time !== undefined) return readingOf(day, time)
        day = days.next(today)
      }
      return readingOf(day, firstTime(times, 0))
    },
    latest(reading) {
      const upTo = Math.floor(reading / MINUTE_MS)
      const today = Math.floor(upTo / DAY_MINUTES)
      let day = days.latest(today)
      if (day === today) {
        const time = lastTime(times, upTo - today * DAY_MINUTES)
        if (time !== undefined) return readingOf(day, time)
        day = days.latest(today - 1)
      }
      return readingOf(day, lastTime(times, DAY_MINUTES))
    },
  }
}

function readingOf(day: number | undefined, time: number | undefined): number | undefined {
  return day === undefined || time === undefined ? undefined : (day * DAY_MINUTES + time) * MINUTE_MS
}

/** The first time of a day at or after `from`, in minutes since midnight. */
function firstTime({ hours, minutes }: Times, from: number): number | undefined {
  const hour = Math.floor(from / 60)
  const minute = hours.includes(hour) ? minutes.find((other) => other >= from - hour * 60) : undefined
  if (minute !== undefined) return hour * 60 + minute
  const later = hours.find((other) => other > hour)
  return later === undefined ? undefined : later * 60 + (minutes[0] ?? 0)
}

/** The last time of a day at or before `upTo`, in minutes since midnight. */
function lastTime({ hours, minutes }: Times, upTo: number): number | undefined {
  const hour = Math.floor(upTo / 60)
  const minute = hours.includes(hour) ? minutes.findLast((other) => other <= upTo - hour * 60) : undefined
  if (minute !== undefined) return hour * 60 + minute
  const earlier = hours.findLast((other) => other < hour)
  return earlier === undefined ? undefined : earlier * 60 + (minutes.at(-1) ?? 0)
}
