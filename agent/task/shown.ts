import { fail, isFailure, type Problem, reasonOf } from '../../core/errors.ts'
import { Fatal } from '../bundle/fatal.ts'
import type { Redactor } from '../redaction/redactor.ts'

/** Longest message that leaves a task, in characters. */
const MAX_TEXT = 2000

/** Redacts one text, which may quote what was read. Throws Fatal when a rule is broken. */
export function redactMessage(redactor: Pick<Redactor, 'text'>, raw: string): string {
  try {
    return redactor.text(raw, 'messages')
  } catch (error) {
    if (isFailure(error, 'REDACTION_FAILED')) return '(a message that could not be redacted was left out)'
    throw new Fatal(fail('REDACTION_FAILED', { reason: reasonOf(error) }, error))
  }
}

/**
 * Makes problems fit to be shown and kept. Redacted first and cut then, since a cut secret is not known as one any more. Throws
 * Fatal when a rule is broken.
 */
export function showProblems(redactor: Pick<Redactor, 'text'>): (problem: Problem) => Problem {
  const text = (raw: string): string => {
    const redacted = redactMessage(redactor, raw)
    return redacted.length > MAX_TEXT ? `${redacted.slice(0, MAX_TEXT).toWellFormed()}…` : redacted
  }
  return ({ code, message, remedy }) => ({
    code,
    message: text(message),
    ...(remedy === undefined ? {} : { remedy: text(remedy) }),
  })
}
