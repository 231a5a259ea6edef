import { inspect } from 'node:util'
import { systemClock } from '../../core/clock.ts'
import { reasonOf } from '../../core/errors.ts'

export interface WaitOptions {
  /** default 60 s */
  withinMs?: number
  /** default 200 ms */
  everyMs?: number
  /** more to say when it takes too long, such as a log */
  onLate?: () => string | Promise<string>
}

const SHOWN_CHARS = 4000

/**
 * Looks again and again until what it sees is what was waited for, and gives that. A look that throws is one that saw an error.
 *
 * @throws a plain Error that shows what it saw last, when it takes too long
 */
export async function waitFor<T>(
  what: string,
  look: () => T | Promise<T>,
  isIt: (seen: T) => boolean,
  options: WaitOptions = {},
): Promise<T> {
  const { withinMs = 60_000, everyMs = 200 } = options
  const end = systemClock.monotonicMs() + withinMs
  let last: string
  do {
    try {
      const seen = await look()
      if (isIt(seen)) return seen
      last = inspect(seen, { depth: 8, breakLength: 120 })
    } catch (error) {
      last = `an error: ${reasonOf(error)}`
    }
    await systemClock.sleep(everyMs)
  } while (systemClock.monotonicMs() < end)
  const more = options.onLate ? `\n${await options.onLate()}` : ''
  throw new Error(`waited ${withinMs} ms for ${what}; last seen:\n${last.slice(0, SHOWN_CHARS)}${more}`)
}
