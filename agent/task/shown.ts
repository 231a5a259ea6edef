import { fail, isFailure, type Problem, reasonOf } from '../../core/errors.ts'
import { Fatal } from '../bundle/fatal.ts'
import type { Redactor } from '../redaction/redactor.ts'

/** Longest message that leaves a task, in characters. */
const MAX_TEXT = 2000

/**
 * Makes problems fit to be shown and kept: messages may quote what was read. Redacted first and cut then, since a cut secret is
 * not known as one any more. Throws Fatal when a rule is broken.
 */
export function showProblems(redactor: Pick<Redactor, 'text'>): (problem: Problem) => Problem {
  const text = (raw: string): string => {
    try {
      const redacted = redactor.text(raw, 'messages')
      return redacted.length > MAX_TEXT ? `${redacted.slice(0, MAX_TEXT).toWellFormed()}…` : redacted
    } catch (error) {
      if (isFailure(error, 'REDACTION_FAILED')) return '(a message that could not be redacted was left out)'
      throw new Fatal(fail('REDACTION_FAILED', { reason: reasonOf(error) }, error))
    }
  }
  return ({ code, message, remedy }) => ({
    code,
    message: text(message),
    ...(remedy === undefined ? {} : { remedy: text(remedy) }),
  })
}
