import { unfit } from './reader.ts'

/** How deep data may be nested for `..` and for printing. Kubernetes' own objects stay far below. */
export const MAX_DEPTH = 1000
/** Work that one evaluation may do: a value that is looked at costs VISIT, a character that is printed costs 1. */
const LIMIT = 2 ** 26
export const VISIT = 16

/**
 * One evaluation of a template. Steps are linear in what they are given, but what they give may grow: `..` after `..`
 * multiplies with the depth, unions with their length. The allowance ends such a template instead of the program.
 */
export class Run {
  /** Inside an existence filter an index that is not there is an answer, not an error. */
  isLenient = false
  #left = LIMIT

  /** Takes `cost` from the allowance; `at` is the step that asks. */
  spend(cost: number, at: number): void {
    this.#left -= cost
    if (this.#left < 0) throw unfit('it gives too many results', at)
  }

  /** Reports that a step does not apply to a value. Returns, so that the value is passed over, only when lenient. */
  mismatch(why: string, at: number): void {
    if (!this.isLenient) throw unfit(why, at)
  }
}
