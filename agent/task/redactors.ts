import { fail, type Problem } from '../../core/errors.ts'
import type { RunRequest } from '../../core/task.ts'
import { customRules, type CustomRules } from '../redaction/custom-rules.ts'
import { documentsFromObjects } from '../specs/parse.ts'

const SOURCE = 'redact.specs'

/**
 * The rules of all redactors of users: those that stand beside the specs of a run, then those of its Redactor documents. Throws
 * SPEC_INVALID for anything that is not understood, since what it was to remove would be in the bundle.
 *
 * @param besides items of `spec.redactors`
 */
export function readRedactors(
  besides: readonly Record<string, unknown>[],
  { redactors = [] }: Pick<RunRequest, 'redactors'>,
): CustomRules & { warnings: Problem[] } {
  const { documents, problems } = documentsFromObjects([...redactors], SOURCE)
  const errors = problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)
  for (const { kind } of documents) if (kind !== 'Redactor') errors.push(`a ${kind} document is no Redactor`)
  if (redactors.length > 0 && documents.length === 0 && errors.length === 0) errors.push('there is no Redactor document')
  const custom = customRules([...besides, ...documents.flatMap((document) => document.redactors)])
  const issues = [...errors, ...custom.problems]
  if (issues.length > 0) throw fail('SPEC_INVALID', { source: SOURCE, issues: issues.join('; ') })
  return { ...custom, warnings: problems.map(({ code, message }) => ({ code, message })) }
}

/** Said once a bundle: without tokens nobody can tell whether a value is still the same. */
export const NO_TOKENS: Problem = {
  code: 'REDACTION_WITHOUT_TOKENS',
  message: 'masked values cannot be compared, with each other or with those of other bundles: there is no token key',
}
