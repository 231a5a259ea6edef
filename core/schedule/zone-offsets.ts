import { memo } from './memo.ts'

/** From the instant `at` (ms since the epoch) on, `after` holds instead of `before` (both ms east of UTC). */
export interface Transition {
  at: number
  before: number
  after: number
}
interface Year {
  startOffset: number
  transitions: Transition[]
}

const DAY_MS = 86_400_000
const SECOND_MS = 1_000
/** One entry is some 200 bytes, and takes about 1 ms to make. */
const YEARS_KEPT = 4_096

/** How far the zone's clocks are ahead of UTC at an instant, in ms. `zone` must be valid: see `checkTimeZone`. */
export function offsetAt(zone: string, at: number): number {
  const { startOffset, transitions } = yearIn(zone, utcYear(at))
  return transitions.findLast((transition) => transition.at <= at)?.after ?? startOffset
}

/** The changes of offset in (after, upTo], oldest first. */
export function transitionsBetween(zone: string, after: number, upTo: number): Transition[] {
  const found: Transition[] = []
  for (let year = utcYear(after); year <= utcYear(upTo); year++) {
    found.push(...yearIn(zone, year).transitions.filter(({ at }) => at > after && at <= upTo))
  }
  return found
}

/** The first change of offset in (after, upTo]; years behind it are not looked at. */
export function firstTransition(zone: string, after: number, upTo: number): Transition | undefined {
  for (let year = utcYear(after); year <= utcYear(upTo); year++) {
    const found = yearIn(zone, year).transitions.find(({ at }) => at > after)
    if (found) return found.at <= upTo ? found : undefined
  }
  return undefined
}

/** The last change of offset in (after, upTo]; years before it are not looked at. */
export function lastTransition(zone: string, after: number, upTo: number): Transition | undefined {
  for (let year = utcYear(upTo); year >= utcYear(after); year--) {
    const found = yearIn(zone, year).transitions.findLast(({ at }) => at <= upTo)
    if (found) return found.at > after ? found : undefined
  }
  return undefined
}

/** The changes of offset in a UTC year, after its first instant, up to and with the first instant of the next. */
export function transitionsIn(zone: string, year: number): readonly Transition[] {
  return yearIn(zone, year).transitions
}

// Intl gives offsets only, so changes are found by looking at each day, then halving. No zone changes twice in a day.
const yearIn = memo(YEARS_KEPT, (zone: string, year: number): Year => {
  const read = offsetReader(zone)
  const start = Date.UTC(year, 0, 1)
  const end = Date.UTC(year + 1, 0, 1)
  const startOffset = read(start)
  const transitions: Transition[] = []
  for (let day = start, before = startOffset; day < end; day += DAY_MS) {
    const after = read(day + DAY_MS)
    if (after !== before) transitions.push({ at: firstInstantWith(after, day, day + DAY_MS, read), before, after })
    before = after
  }
  return { startOffset, transitions }
})

function firstInstantWith(offset: number, from: number, to: number, read: (at: number) => number): number {
  let low = from
  let high = to
  while (high - low > SECOND_MS) {
    const middle = low + Math.floor((high - low) / 2 / SECOND_MS) * SECOND_MS
    if (read(middle) === offset) high = middle
    else low = middle
  }
  return high
}

const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/

/** The formatter lives only as long as one year is read: with its ICU data it is far larger than the answers. */
function offsetReader(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  return (at) => {
    const [, sign, hours = 0, minutes = 0, seconds = 0] = OFFSET.exec(format.format(at)) ?? []
    const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * SECOND_MS
    return sign === '-' ? -ms : ms
  }
}

function utcYear(at: number): number {
  return new Date(at).getUTCFullYear()
}
