import type { WarningOutput } from '../../core/contract/index.ts'
import { asProblem, type Problem, type ProductError, reasonOf } from '../../core/errors.ts'
import { asError } from '../loader/thrown.ts'

/** Codes are words for machines; whatever else a plug-in calls one could be a secret as well. */
const CODE = /^[A-Z][A-Z0-9_]{0,63}$/

const codeOf = (code: unknown, otherwise: string): string => (typeof code === 'string' && CODE.test(code) ? code : otherwise)

/** What a plug-in threw, as a problem; errors that have no code of their own become what `otherwise` makes of the reason. */
export function thrownProblem(thrown: unknown, otherwise: (reason: string) => ProductError): Problem {
  const error = asError(thrown)
  const problem = asProblem(error)
  if (problem.code === 'INTERNAL') return asProblem(otherwise(reasonOf(error)))
  const { remedy } = problem
  return {
    code: codeOf(problem.code, 'PLUGIN_ERROR'),
    message: problem.message,
    ...(typeof remedy === 'string' ? { remedy } : {}),
  }
}

/** A warning that a plug-in yielded, whatever its members are. */
export function plainWarning({ code, message }: WarningOutput): Problem {
  return { code: codeOf(code, 'COLLECTOR_WARNING'), message: typeof message === 'string' ? message : asError(message).message }
}

/** Warnings of one collector, the first of them word by word. */
export interface Notes {
  /** `isLoss`: something is missing that was asked for */
  add(problem: Problem, isLoss?: boolean): void
  list(): Problem[]
  readonly isLossy: boolean
}

const MAX_NOTES = 1000

export function createNotes(): Notes {
  const kept: Problem[] = []
  let omitted = 0
  let isLossy = false
  return {
    add(problem, isLoss = false) {
      isLossy ||= isLoss
      if (kept.length < MAX_NOTES) kept.push(problem)
      else omitted++
    },
    list: () =>
      omitted === 0 ? kept : [...kept, { code: 'WARNINGS_OMITTED', message: `${omitted} more warnings are not shown` }],
    get isLossy() {
      return isLossy
    },
  }
}
