import { fail } from '../../core/errors.ts'
import { bounded, OutOfTime } from '../go-regexp/bounded.ts'

/** What patterns of users may take of the time of a run. */
export interface TimeBudget {
  /** Does one piece of work on a file. Throws REDACTION_FAILED when it was cut off: that costs this file. */
  spend(path: string, work: () => void): void
}

const FIRST_MS = 2_000
const LEAST_MS = 50

/** Each time that the budget is used up, half of it is left for the next piece: one bad pattern must not cost the whole run its time. */
export function createTimeBudget(firstMs = FIRST_MS): TimeBudget {
  let budgetMs = firstMs
  return {
    spend(path, work) {
      try {
        bounded(work, budgetMs)
      } catch (error) {
        if (!(error instanceof OutOfTime)) throw error
        const reason = `the patterns of custom redactors took more than ${budgetMs} ms on a part of ${path}`
        budgetMs = Math.max(Math.min(LEAST_MS, firstMs), Math.floor(budgetMs / 2))
        throw fail('REDACTION_FAILED', { reason }, error)
      }
    },
  }
}
